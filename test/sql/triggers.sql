-- Columns that keep the score: sage_score as a trigger, sage_attach and sage_detach.
CREATE SCHEMA triggers;
SET search_path = triggers, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, age float8, label bool, kind text, score float8, score_real real, score_numeric numeric, class text, class_varchar varchar(20), embedding real[], wrong bool);
CREATE TABLE follows (source int, target int, weight real DEFAULT 1);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users (id, age, label, kind) SELECT i, i % 40, i % 40 >= 20, 'k' || i % 3 FROM generate_series(1, 200) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 200 FROM generate_series(1, 200) i, generate_series(1, 3) k;
SELECT sage_create_graph('triggers', 'users', 'follows', features => '{age}');
SET client_min_messages = error;
SELECT metric FROM sage_train('m', 'triggers', target => 'label', options => '{"quiet": true, "epochs": 20, "fanout": [-1, -1]}');
SELECT metric FROM sage_train('k', 'triggers', target => 'kind', options => '{"quiet": true, "epochs": 2}');
SELECT metric FROM sage_train('r', 'triggers', labels => 'SELECT id AS node, age * 2.5 + 0.1 AS label FROM users', options => '{"quiet": true, "epochs": 2}');
RESET client_min_messages;
CREATE FUNCTION same(a float8, b float8) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 1e-5';

-- before: from the row in hand, and its edges; every kind of column
CREATE TRIGGER score BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
CREATE TRIGGER score_real BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score_real');
CREATE TRIGGER score_numeric BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score_numeric');
CREATE TRIGGER class BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('k', 'class');
CREATE TRIGGER class_varchar BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'class_varchar');
CREATE TRIGGER embedding BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('k', 'embedding');
INSERT INTO users (id, age) VALUES (1001, 35), (1002, NULL);
SELECT id, same(score, sage_predict(id, 'm')) AS score, same(score_real, score) AS real, same(score_numeric::float8, score) AS numeric, class = sage_predict_label(id, 'k') AS class,
	class_varchar = sage_predict_label(id, 'm') AS varchar, array_length(embedding, 1), same(embedding[1], (sage_embed(id, 'k'))[1]) AS embedding FROM users WHERE id > 1000;
INSERT INTO users (id, age) VALUES (1003, 10) RETURNING score IS NOT NULL AS returned, class IS NOT NULL AS class;
UPDATE users SET age = 39 - age WHERE id BETWEEN 1 AND 100;
SELECT count(*), bool_and(same(score, sage_predict(id, 'm'))) FILTER (WHERE id = 1003) AS score FROM users WHERE score IS NOT NULL;
-- without a key there is no score; what the user writes into the column is overwritten
INSERT INTO users (age) VALUES (3);
\echo :LAST_ERROR_SQLSTATE
UPDATE users SET score = 17 WHERE id = 1003 RETURNING score BETWEEN 0 AND 1 AS overwritten;
-- COPY, ON CONFLICT, MERGE-like updates, many rows
COPY users (id, age) FROM stdin;
1004	3
1005	30
\.
SELECT bool_and(same(score, sage_predict(id, 'm'))) AS copied FROM users WHERE id IN (1004, 1005);
INSERT INTO users (id, age) VALUES (1004, 38) ON CONFLICT (id) DO UPDATE SET age = excluded.age;
SELECT same(score, sage_predict(id, 'm')) AS upserted FROM users WHERE id = 1004;
INSERT INTO users (id, age) SELECT i, i % 40 FROM generate_series(2001, 2300) i;
SELECT count(*), bool_and(same(score, sage_predict(id, 'm'))) AS many FROM users WHERE id > 2000;
DELETE FROM users WHERE id > 1000;
DROP TRIGGER score_real ON users;
DROP TRIGGER score_numeric ON users;
DROP TRIGGER class ON users;
DROP TRIGGER class_varchar ON users;
DROP TRIGGER embedding ON users;
DROP TRIGGER score ON users;

-- the limits of the column hold
CREATE DOMAIN share AS float8 CHECK (value BETWEEN 0 AND 1);
CREATE DOMAIN never AS float8 CHECK (value > 1);
ALTER TABLE users ADD rounded numeric(4, 2), ADD short varchar(3), ADD share share, ADD never never;
CREATE TRIGGER rounded BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'rounded');
CREATE TRIGGER share BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'share');
INSERT INTO users (id, age) VALUES (1001, 35) RETURNING scale(rounded), abs(rounded - share) <= 0.005 AS near;
CREATE TRIGGER short BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'short');
INSERT INTO users (id, age) VALUES (1002, 35);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER short ON users;
CREATE TRIGGER never BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'never');
INSERT INTO users (id, age) VALUES (1002, 35);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER never ON users;
DROP TRIGGER rounded ON users;
DROP TRIGGER share ON users;
DELETE FROM users WHERE id > 1000;
ALTER TABLE users DROP rounded, DROP short, DROP share, DROP never;

-- after: by key, so that edges of the same statement count; deferred, so that later ones count
CREATE TRIGGER score AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
INSERT INTO users (id, age) VALUES (1001, 35), (1002, NULL);
SELECT id, same(score, sage_predict(id, 'm')) AS score FROM users WHERE id > 1000 ORDER BY id;
WITH u AS (INSERT INTO users (id, age) VALUES (1003, 10) RETURNING id) INSERT INTO follows SELECT id, 7 FROM u;
SELECT id, same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1003;
UPDATE users SET age = 39 WHERE id = 1001;
SELECT id, same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1001;
UPDATE users SET score = 17 WHERE id = 1001 RETURNING score;
SELECT score FROM users WHERE id = 1001;
-- a key that changes
UPDATE users SET id = 1010 WHERE id = 1003;
SELECT id, same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1010;
UPDATE users SET id = 1003 WHERE id = 1010;
DROP TRIGGER score ON users;
CREATE CONSTRAINT TRIGGER score AFTER INSERT OR UPDATE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
BEGIN;
INSERT INTO users (id, age) VALUES (1004, 35);
SELECT score IS NULL AS not_yet FROM users WHERE id = 1004;
INSERT INTO follows VALUES (1004, 3), (1004, 4);
DELETE FROM users WHERE id = 1003;
COMMIT;
SELECT id, same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1004;
BEGIN;
INSERT INTO users (id, age) VALUES (1005, 35);
SET CONSTRAINTS ALL IMMEDIATE;
SELECT score IS NOT NULL AS now FROM users WHERE id = 1005;
ROLLBACK;
DROP TRIGGER score ON users;
DELETE FROM users WHERE id > 1000;
DELETE FROM follows WHERE source > 1000;

-- sage_attach: triggers on the node table and on the edge table
SELECT sage_attach('m', 'score');
SELECT tgrelid::regclass AS relation, count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('users'::regclass, 'follows'::regclass) GROUP BY 1 ORDER BY tgrelid::regclass::text COLLATE "C";
UPDATE users SET age = age;
CREATE VIEW fresh AS SELECT count(*) FILTER (WHERE same(score, sage_predict(id, 'm'))) AS fresh, count(*) FILTER (WHERE NOT same(score, sage_predict(id, 'm'))) AS stale FROM users;
SELECT * FROM fresh;
-- edges: both ends are scored anew, their neighbors' neighbors are not
CREATE VIEW fresh_ends AS SELECT id, same(score, sage_predict(id, 'm')) AS fresh FROM users WHERE id IN (1, 100, 150) ORDER BY id;
INSERT INTO follows VALUES (1, 100);
SELECT * FROM fresh_ends;
UPDATE follows SET target = 150 WHERE source = 1 AND target = 100;
SELECT * FROM fresh_ends;
DELETE FROM follows WHERE source = 1 AND target = 150;
SELECT * FROM fresh_ends;
-- a bulk statement, one that touches nothing, ends that are nowhere, TRUNCATE
INSERT INTO follows SELECT i, 201 - i FROM generate_series(1, 200) i WHERE i <> 201 - i;
SELECT * FROM fresh;
INSERT INTO follows SELECT 1, 2 WHERE false;
INSERT INTO follows VALUES (NULL, 5), (5000, 5001), (7, 7);
SELECT * FROM fresh;
DELETE FROM follows WHERE source = 5000 OR source IS NULL OR source = target;
UPDATE follows SET weight = weight WHERE false;
SELECT * FROM fresh;
BEGIN;
TRUNCATE follows;
SELECT fresh < 200 AS truncate_does_not_score FROM fresh;
ROLLBACK;
-- a statement that makes both nodes and edges
WITH u AS (INSERT INTO users (id, age) SELECT i, i % 40 FROM generate_series(301, 310) i RETURNING id) INSERT INTO follows SELECT id, id - 300 FROM u;
SELECT bool_and(same(score, sage_predict(id, 'm'))) AS scored FROM users WHERE id > 300;
-- again is the same as once; a mode
SELECT sage_attach('m', 'score');
SELECT count(*) AS triggers FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('users'::regclass, 'follows'::regclass);
SELECT sage_attach('m', 'score', 'after');
SELECT count(*) AS triggers, count(*) FILTER (WHERE tgdeferrable) AS deferred FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('users'::regclass, 'follows'::regclass);
BEGIN;
INSERT INTO users (id, age) VALUES (1001, 3);
INSERT INTO follows VALUES (1001, 1), (2, 1001);
COMMIT;
SELECT same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1001;
-- two columns of two models side by side
SELECT sage_attach('k', 'class');
UPDATE users SET age = age + 0.5 WHERE id = 1;
SELECT same(score, sage_predict(id, 'm')) AS score, class = sage_predict_label(id, 'k') AS class FROM users WHERE id = 1;
INSERT INTO follows VALUES (1, 77);
SELECT same(score, sage_predict(id, 'm')) AS score, class = sage_predict_label(id, 'k') AS class FROM users WHERE id IN (1, 77);
SELECT sage_detach('k', 'class');
SELECT sage_detach('m', 'score');
SELECT count(*) AS triggers FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('users'::regclass, 'follows'::regclass);
SELECT sage_detach('m', 'score');
INSERT INTO users (id, age) VALUES (1002, 3) RETURNING score;
DELETE FROM users WHERE id > 1000;
DELETE FROM follows WHERE source > 1000 OR target > 1000;
-- a model that triggers score with is not dropped; they are detached also when it is gone nevertheless
SELECT sage_attach('k', 'class');
SELECT sage_drop_model('k');
\echo :LAST_ERROR_SQLSTATE
BEGIN;
DELETE FROM sage.model WHERE model = 'k';
SAVEPOINT gone;
INSERT INTO users (id, age) VALUES (1003, 3);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO gone;
SELECT sage_detach('k', 'class');
INSERT INTO users (id, age) VALUES (1003, 3);
ROLLBACK;
SELECT sage_detach('k', 'class');
SELECT sage_drop_model('k');
SELECT count(*) AS triggers FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN ('users'::regclass, 'follows'::regclass);
INSERT INTO users (id, age) VALUES (1003, 3);
DELETE FROM users WHERE id > 1000;

-- the model's name needs quoting, the score column, too
ALTER TABLE users ADD "Odd ""Score" float8;
SELECT metric FROM sage_train('it''s a "model"', 'triggers', target => 'label', options => '{"quiet": true, "epochs": 1}');
SELECT sage_attach('it''s a "model"', 'Odd "Score');
INSERT INTO users (id, age) VALUES (1004, 3) RETURNING "Odd ""Score" IS NOT NULL AS scored;
INSERT INTO follows VALUES (1004, 1);
SELECT same("Odd ""Score", sage_predict(id, 'it''s a "model"')) AS scored FROM users WHERE id = 1004;
SELECT sage_detach('it''s a "model"', 'Odd "Score');
SELECT sage_drop_model('it''s a "model"');
DELETE FROM users WHERE id > 1000;
DELETE FROM follows WHERE source > 1000;

-- the score column is no feature of the next training
CREATE TABLE all_columns (id int PRIMARY KEY, age float8, label bool, score float8);
INSERT INTO all_columns SELECT id, age, label FROM users;
SELECT sage_create_graph('all', 'all_columns', 'follows');
SELECT metric FROM sage_train('all', 'all', target => 'label', options => '{"quiet": true, "epochs": 1}');
SELECT sage_attach('all', 'score');
SELECT exclude FROM sage.node_types WHERE graph = 'all';
UPDATE all_columns SET age = age;
SELECT metric FROM sage_train('all', options => '{"quiet": true}');
CREATE TEMP TABLE before AS SELECT id, sage_predict(id, 'all') AS score FROM all_columns;
ALTER TABLE all_columns DISABLE TRIGGER USER;
UPDATE all_columns SET score = 1000;
SELECT bool_and(same(b.score, sage_predict(id, 'all'))) AS does_not_count FROM before b;
SELECT sage_detach('all', 'score');
-- a score column that was dropped is not spoken of, and may come back
ALTER TABLE all_columns DROP COLUMN score;
SELECT metric FROM sage_train('all', options => '{"quiet": true}');
ALTER TABLE all_columns ADD score float8;
SELECT sage_attach('all', 'score');
SELECT sage_detach('all', 'score');
SELECT exclude FROM sage.node_types WHERE graph = 'all';
SELECT sage_drop_model('all');
SELECT sage_drop_graph('all');

-- a table that scores itself by a trigger comes to an end
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET age = age WHERE id = NEW.id; RETURN NULL; END $$;
SELECT sage_attach('m', 'score');
CREATE TRIGGER touch AFTER UPDATE ON users FOR EACH ROW WHEN (pg_trigger_depth() < 3) EXECUTE FUNCTION touch();
UPDATE users SET age = 12 WHERE id = 1;
SELECT same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1;
SELECT sage_attach('m', 'score', 'after');
UPDATE users SET age = 13 WHERE id = 1;
SELECT same(score, sage_predict(id, 'm')) AS score FROM users WHERE id = 1;
DROP TRIGGER touch ON users;
SELECT sage_detach('m', 'score');

-- partitioned node and edge tables
CREATE TABLE members (id int, age float8, label bool, score float8, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE members_north (region text, score float8, gone int, label bool, age float8, id int);
ALTER TABLE members_north DROP COLUMN gone;
ALTER TABLE members_north ALTER id SET NOT NULL, ALTER region SET NOT NULL;
ALTER TABLE members ATTACH PARTITION members_north FOR VALUES IN ('north');
CREATE TABLE members_south PARTITION OF members FOR VALUES IN ('south');
CREATE UNIQUE INDEX ON members_north (id);
CREATE UNIQUE INDEX ON members_south (id);
CREATE TABLE links (source int, target int, year int) PARTITION BY RANGE (year);
CREATE TABLE links_2023 PARTITION OF links FOR VALUES FROM (2023) TO (2024);
CREATE TABLE links_2024 PARTITION OF links FOR VALUES FROM (2024) TO (2025);
CREATE TABLE links_2025 PARTITION OF links FOR VALUES FROM (2025) TO (2026) PARTITION BY RANGE (source);
CREATE TABLE links_2025_near PARTITION OF links_2025 FOR VALUES FROM (0) TO (1000);
CREATE TABLE links_2025_far PARTITION OF links_2025 FOR VALUES FROM (1000) TO (2000);
CREATE INDEX ON links (source, target);
CREATE INDEX ON links (target, source);
INSERT INTO members SELECT id, age, label, NULL, CASE id % 2 WHEN 0 THEN 'north' ELSE 'south' END FROM users;
INSERT INTO links SELECT source, target, 2023 + source % 2 FROM follows WHERE source <= 200 AND target <= 200;
SET client_min_messages = error;
SELECT sage_create_graph('members', 'members', 'links', key => 'id', features => '{age}');
SELECT metric FROM sage_train('members', 'members', target => 'label', options => '{"quiet": true, "epochs": 20, "fanout": [-1, -1]}');
SELECT sage_attach('members', 'score');
RESET client_min_messages;
INSERT INTO members VALUES (1001, 35, NULL, NULL, 'north'), (1002, 35, NULL, NULL, 'south');
SELECT id, same(score, sage_predict(id, 'members')) AS score FROM members WHERE id > 1000 ORDER BY id;
INSERT INTO members_north (region, age, id) VALUES ('north', 3, 1004);
SELECT id, same(score, sage_predict(id, 'members')) AS score FROM members WHERE id = 1004;
UPDATE members SET region = 'north' WHERE id = 1002;
SELECT id, same(score, sage_predict(id, 'members')) AS score, tableoid::regclass FROM members WHERE id = 1002;
INSERT INTO links VALUES (1001, 1002, 2023), (1004, 1, 2024);
SELECT id, same(score, sage_predict(id, 'members')) AS score FROM members WHERE id IN (1, 1001, 1002, 1004) ORDER BY id;
UPDATE links SET year = 2024 WHERE source = 1001;
DELETE FROM links WHERE source = 1001;
SELECT id, same(score, sage_predict(id, 'members')) AS score FROM members WHERE id IN (1001, 1002) ORDER BY id;
-- statements on a partition itself fire as well, each once
CREATE FUNCTION fresh_members() RETURNS TABLE (id int, fresh bool) LANGUAGE sql AS
	$$ SELECT id, same(score, sage_predict(id, 'members')) FROM members WHERE id IN (7, 150, 1001) ORDER BY id $$;
INSERT INTO links_2024 VALUES (1001, 7, 2024), (7, 150, 2024);
SELECT * FROM fresh_members();
UPDATE links_2024 SET target = 150 WHERE source = 1001;
SELECT * FROM fresh_members();
DELETE FROM links_2024 WHERE source IN (7, 1001);
SELECT * FROM fresh_members();
INSERT INTO links_2025_far VALUES (1001, 150, 2025);
SELECT * FROM fresh_members();
-- a partition that came later does so after attaching again
CREATE TABLE links_2026 PARTITION OF links FOR VALUES FROM (2026) TO (2027);
SELECT sage_attach('members', 'score');
INSERT INTO links_2026 VALUES (1001, 7, 2026);
SELECT * FROM fresh_members();
SELECT sage_drop_model('members');
SELECT sage_detach('members', 'score');
SELECT count(*) AS triggers FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN (SELECT relid FROM pg_partition_tree('members') UNION SELECT relid FROM pg_partition_tree('links'));
SELECT sage_drop_model('members');
SELECT sage_drop_graph('members');

-- what cannot be
SELECT sage_attach('m', 'scores');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_attach('m', 'wrong');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_attach('n', 'score');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_attach('m', 'score', 'during');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_attach('m', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_attach('m', 'id');
SELECT sage_attach('m', 'age');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_attach('r', 'class');
\echo :LAST_ERROR_SQLSTATE
SELECT metric FROM sage_train('k', 'triggers', target => 'kind', options => '{"quiet": true, "epochs": 1}');
SELECT sage_attach('k', 'kind');
SELECT sage_attach('k', 'score');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_score();
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m');
INSERT INTO users (id) VALUES (1001);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER t ON users;
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score', 'more');
INSERT INTO users (id) VALUES (1001);
DROP TRIGGER t ON users;
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION sage_score('no', 'score');
INSERT INTO users (id) VALUES (1001);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER t ON users;
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'nothing');
INSERT INTO users (id) VALUES (1001);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER t ON users;
CREATE TRIGGER t BEFORE INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION sage_score('m', 'score');
INSERT INTO users (id) VALUES (1001);
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER t ON users;
CREATE TRIGGER t AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION sage_score('m', 'score');
INSERT INTO users (id) VALUES (1001);
DROP TRIGGER t ON users;
CREATE TRIGGER t BEFORE DELETE ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
DELETE FROM users WHERE id = 1;
DROP TRIGGER t ON users;
CREATE TRIGGER t BEFORE INSERT ON follows FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
INSERT INTO follows VALUES (1, 2);
DROP TRIGGER t ON follows;
-- row triggers on edges are understood as well
CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE ON follows FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
INSERT INTO follows VALUES (1, 150);
SELECT * FROM fresh_ends WHERE id <> 100;
DELETE FROM follows WHERE source = 1 AND target = 150;
SELECT * FROM fresh_ends WHERE id <> 100;
DROP TRIGGER t ON follows;
CREATE TABLE stranger (id int);
CREATE TRIGGER t AFTER INSERT ON stranger FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
INSERT INTO stranger VALUES (1);
\echo :LAST_ERROR_SQLSTATE
-- generated columns have no value before the row is stored
CREATE TABLE derived (id int PRIMARY KEY, age float8, twice float8 GENERATED ALWAYS AS (age * 2) STORED, label bool, score float8);
INSERT INTO derived (id, age, label) SELECT id, age, label FROM users;
SELECT sage_create_graph('derived', 'derived', 'follows', features => '{twice}');
SET client_min_messages = error;
SELECT metric FROM sage_train('derived', 'derived', target => 'label', options => '{"quiet": true, "epochs": 1}');
RESET client_min_messages;
SELECT sage_attach('derived', 'score');
\echo :LAST_ERROR_SQLSTATE
CREATE TRIGGER t BEFORE INSERT ON derived FOR EACH ROW EXECUTE FUNCTION sage_score('derived', 'score');
INSERT INTO derived (id, age) VALUES (1001, 3);
DROP TRIGGER t ON derived;
SELECT sage_attach('derived', 'score', 'after');
INSERT INTO derived (id, age) VALUES (1001, 3);
SELECT same(score, sage_predict(id, 'derived')) AS score FROM derived WHERE id = 1001;
SELECT sage_detach('derived', 'score');
SELECT sage_drop_model('derived');
SELECT sage_drop_graph('derived');
-- a view is no table for triggers on rows
CREATE VIEW some_users AS SELECT * FROM users;
SELECT sage_create_graph('view', 'some_users', 'follows', key => 'id', features => '{age}');
SELECT metric FROM sage_train('view', 'view', target => 'label', options => '{"quiet": true, "epochs": 1}');
SELECT sage_attach('view', 'score');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_model('view');
SELECT sage_drop_graph('view');

-- triggers made by hand keep a model as well
CREATE TRIGGER by_hand BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION sage_score('m', 'score');
SELECT sage_drop_model('m');
DROP TABLE stranger;
SELECT sage_drop_model('m');
DROP TRIGGER by_hand ON users;
SELECT sage_drop_model('m');
SELECT sage_drop_model('k');
SELECT sage_drop_model('r');
SELECT sage_drop_graph('triggers');
SET client_min_messages = warning;
DROP SCHEMA triggers CASCADE;
