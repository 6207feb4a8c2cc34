-- Graphs of all shapes: empty, tiny, without edges, with edges that lead nowhere; several types.
CREATE SCHEMA train_graphs;
SET search_path = train_graphs, public;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
CREATE FUNCTION train(graph text, target text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train('m', graph, target => target, options => '{"quiet": true, "epochs": 3}' || options);
	RETURN (SELECT m.task || ', ' || m.metric FROM sage.models m WHERE model = 'm');
END $$;
CREATE TABLE users (id int PRIMARY KEY, age int, churned bool);
CREATE TABLE follows (source int, target int, weight float8);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);

-- no node types, no edge types
SELECT sage_create_graph('g');
SELECT train('g', 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_nodes('g', 'users');
SELECT train('g', 'churned');
\echo :LAST_ERROR_SQLSTATE
-- empty tables
SELECT sage_add_edges('g', 'follows');
SELECT train('g', 'churned');
\echo :LAST_ERROR_SQLSTATE
-- one node; a class alone cannot be learned, a number neither
INSERT INTO users VALUES (1, 30, true);
SELECT train('g', 'churned');
\echo :LAST_ERROR_SQLSTATE
-- two nodes, without edges: all nodes are isolated
INSERT INTO users VALUES (2, 40, false);
SELECT train('g', 'churned');
SELECT sage_predict(1) BETWEEN 0 AND 1 AS one, sage_predict(2) BETWEEN 0 AND 1 AS two;
-- one edge, and it is the only thing
INSERT INTO follows VALUES (1, 2, 1);
SELECT train('g', 'churned');
SELECT sage_predict(1) BETWEEN 0 AND 1 AS one, sage_predict(2) BETWEEN 0 AND 1 AS two;
-- an empty table is scored, too
BEGIN;
DELETE FROM users;
DELETE FROM follows;
SELECT sage_predict(1) IS NULL AS unknown, sage_predict(ARRAY[1, 2]::bigint[]) AS none;
SELECT count(sage_predict(id)) FROM users;
ROLLBACK;
SELECT sage_drop_model('m');

-- edges that are left out are counted and reported
INSERT INTO users SELECT i, 20 + i % 30, i % 2 = 0 FROM generate_series(3, 100) i;
INSERT INTO follows SELECT i, 1 + (i + 2 * k) % 100, 1 FROM generate_series(1, 100) i, generate_series(1, 3) k;
INSERT INTO follows VALUES (5, 5, 1), (6, 6, 1), (7, 1000, 1), (1000, 7, 1), (1001, 1002, 1), (NULL, 7, 1), (7, NULL, 1), (NULL, NULL, 1);
SELECT train('g', 'churned');
SELECT rows_read -> 'edges' AS edges FROM sage.models WHERE model = 'm';
-- each edge three times: the same graph, the same scores
CREATE TABLE before AS SELECT id, sage_predict(id) AS score FROM users;
INSERT INTO follows SELECT f.* FROM follows f, generate_series(1, 2);
SET client_min_messages = warning;
SELECT train('g', 'churned');
RESET client_min_messages;
SELECT max(abs(score - sage_predict(id))) < 1e-5 AS same FROM before JOIN users USING (id);
SELECT sage_drop_model('m');
SELECT sage_drop_graph('g');

-- nobody has an edge
SELECT sage_create_graph('g', 'users', 'follows');
BEGIN;
DELETE FROM follows;
SELECT train('g', 'churned');
SELECT count(*) = count(sage_predict(id)) AS all_scored FROM users;
ROLLBACK;
-- no features at all: only the shape of the graph is left
SELECT sage_drop_graph('g');
CREATE TABLE bare (id int PRIMARY KEY);
INSERT INTO bare SELECT id FROM users;
SELECT sage_create_graph('g', 'bare', 'follows');
SET client_min_messages = warning;
SELECT metric FROM sage_train('m', 'g', labels => 'SELECT id AS node, churned AS label FROM users', options => '{"quiet": true, "epochs": 3}');
RESET client_min_messages;
SELECT count(*) = count(sage_predict(id)) AS all_scored FROM bare;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('g');

-- weights: shares count; NULL is no edge, negative and infinite ones are refused
DELETE FROM follows WHERE source IS NULL OR target IS NULL OR source > 100 OR target > 100 OR source = target;
UPDATE follows SET weight = 1 + source % 5;
SELECT sage_create_graph('g', 'users', 'follows', weight_column => 'weight');
SELECT train('g', 'churned');
CREATE TABLE weighted AS SELECT id, sage_predict(id) AS score FROM users;
UPDATE follows SET weight = weight * 10;
SELECT max(abs(score - sage_predict(id))) < 1e-5 AS only_shares_count FROM weighted JOIN users USING (id);
UPDATE follows SET weight = CASE WHEN target % 2 = 0 THEN 1 ELSE 100 END;
SELECT max(abs(score - sage_predict(id))) > 1e-5 AS shares_count FROM weighted JOIN users USING (id);
BEGIN;
UPDATE follows SET weight = 0;
SELECT count(*) = count(sage_predict(id)) AS no_weight_at_all FROM users;
ROLLBACK;
BEGIN;
UPDATE follows SET weight = NULL WHERE source = 3;
SELECT count(*) = count(sage_predict(id)) AS some_null FROM users;
ROLLBACK;
BEGIN;
SET LOCAL sage.access = live;
UPDATE follows SET weight = -1 WHERE source = 3;
SELECT count(*) = count(sage_predict(id)) FROM users;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
SET LOCAL sage.access = live;
UPDATE follows SET weight = 'NaN' WHERE source = 3;
SELECT count(*) = count(sage_predict(id)) FROM users;
ROLLBACK;
BEGIN;
UPDATE follows SET weight = 'Infinity' WHERE source = 3;
SELECT train('g', 'churned');
ROLLBACK;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('g');

-- several node types and relations: people buy things that shops sell; keys of all kinds
CREATE TABLE people (name text PRIMARY KEY, age int, rich bool);
CREATE TABLE things (id uuid PRIMARY KEY, price numeric, kind text);
CREATE TABLE shops (id smallint PRIMARY KEY, size int);
CREATE TABLE buys (person text REFERENCES people, thing uuid REFERENCES things);
CREATE TABLE sells (shop smallint REFERENCES shops, thing uuid REFERENCES things);
CREATE TABLE knows (a text REFERENCES people, b text REFERENCES people);
CREATE INDEX ON buys (person, thing);
CREATE INDEX ON buys (thing, person);
CREATE INDEX ON sells (shop, thing);
CREATE INDEX ON sells (thing, shop);
CREATE INDEX ON knows (a, b);
CREATE INDEX ON knows (b, a);
INSERT INTO people SELECT 'p' || i, 20 + 40 * draw('age' || i), i % 2 = 0 FROM generate_series(1, 300) i;
INSERT INTO things SELECT md5('t' || i)::uuid, CASE i % 2 WHEN 0 THEN 100 ELSE 10 END + draw('price' || i) * 20, 'kind ' || i % 5 FROM generate_series(1, 100) i;
INSERT INTO shops SELECT i, i * 10 FROM generate_series(1, 10) i;
INSERT INTO buys SELECT 'p' || i, md5('t' || 1 + (i - 1 + 2 * floor(50 * draw(i || 'buys' || k))::int) % 100)::uuid FROM generate_series(1, 300) i, generate_series(1, 3) k;
INSERT INTO sells SELECT 1 + i % 10, md5('t' || i)::uuid FROM generate_series(1, 100) i;
INSERT INTO knows SELECT 'p' || i, 'p' || 1 + floor(300 * draw(i || 'knows' || k))::int FROM generate_series(1, 300) i, generate_series(1, 2) k;
DELETE FROM knows WHERE a = b;
SELECT sage_create_graph('trade');
SELECT sage_add_nodes('trade', 'people');
SELECT sage_add_nodes('trade', 'things');
SELECT sage_add_nodes('trade', 'shops');
SELECT sage_add_edges('trade', 'buys');
SELECT sage_add_edges('trade', 'sells');
SELECT sage_add_edges('trade', 'knows');
SELECT edge_type, direction, relations FROM sage.edge_types WHERE graph = 'trade';
SELECT * FROM sage_train('m', 'trade', target => 'rich');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', 'trade', labels => 'SELECT name AS node, rich AS label FROM people');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', 'trade', target => 'people.rich', node_type => 'things');
\echo :LAST_ERROR_SQLSTATE
SELECT metric, validation > 0.8 AS learns, validation > baseline + 0.1 AS graph_matters
	FROM sage_train('m', 'trade', target => 'people.rich', options => '{"quiet": true, "epochs": 60, "patience": 60}');
SELECT rows_read -> 'nodes' AS nodes FROM sage.models WHERE model = 'm';
SELECT sage_predict('p1') BETWEEN 0 AND 1 AS person, sage_predict('p999') IS NULL AS nobody;
SELECT sage_predict(1);
\echo :LAST_ERROR_SQLSTATE
SELECT avg(sage_predict(name)) FILTER (WHERE rich) > avg(sage_predict(name)) FILTER (WHERE NOT rich) AS apart FROM people;
-- a model of another node type of the same graph, and a relation that is turned off
SELECT metric FROM sage_train('things', 'trade', target => 'things.kind', options => '{"quiet": true, "epochs": 3, "fanout": {"knows": 0, "default": [4, 4]}}');
SELECT sage_predict_label(id, 'things') IS NOT NULL AS labeled FROM things LIMIT 1;
SELECT metric FROM sage_train('shops', 'trade', labels => 'SELECT id AS node, size > 50 AS label FROM shops', node_type => 'shops', options => '{"quiet": true, "epochs": 3}');
SELECT sage_predict(1, 'shops') BETWEEN 0 AND 1 AS shop;
SET sage.access = live;
CREATE TEMP TABLE live AS SELECT name, sage_predict(name, 'm') AS score FROM people;
SET sage.access = resident;
SELECT max(abs(score - sage_predict(name, 'm'))) < 1e-5 AS same FROM live;
RESET sage.access;
SELECT sage_drop_model('m');
SELECT sage_drop_model('things');
SELECT sage_drop_model('shops');
SELECT sage_drop_graph('trade');

-- views, partitioned and inherited tables are tables
CREATE TABLE members (id bigint NOT NULL, age int, churned bool, region text) PARTITION BY LIST (region);
CREATE TABLE members_north (region text, churned bool, id bigint NOT NULL, dropped int, age int);
ALTER TABLE members_north DROP COLUMN dropped;
ALTER TABLE members ATTACH PARTITION members_north FOR VALUES IN ('north');
CREATE TABLE members_rest PARTITION OF members DEFAULT;
INSERT INTO members SELECT id, age, churned, CASE WHEN id % 3 = 0 THEN 'north' ELSE 'south' END FROM users;
CREATE VIEW friends AS SELECT source, target FROM follows WHERE weight > 0;
SELECT sage_create_graph('g', 'members', 'friends', key => 'id');
SELECT train('g', 'churned');
SELECT count(*) = count(sage_predict(id)) AS all_scored FROM members;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('g');
CREATE TABLE animals (id int PRIMARY KEY, age int, churned bool);
CREATE TABLE dogs (bark text) INHERITS (animals);
INSERT INTO animals SELECT * FROM users WHERE id % 2 = 0;
INSERT INTO dogs SELECT *, 'woof' FROM users WHERE id % 2 = 1;
SELECT sage_create_graph('g', 'animals', 'follows');
SELECT train('g', 'churned');
SELECT count(*), count(sage_predict(id)) FROM animals;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('g');

-- a key that is not unique after all
CREATE TABLE twins (id int, age int, churned bool);
INSERT INTO twins SELECT * FROM users;
INSERT INTO twins VALUES (7, 1, true);
SELECT sage_create_graph('g', 'twins', 'follows', key => 'id');
SELECT train('g', 'churned');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('g');

SET client_min_messages = warning;
DROP SCHEMA train_graphs CASCADE;
