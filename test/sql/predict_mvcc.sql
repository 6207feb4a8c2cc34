-- A score is that of the rows that its statement sees, whatever was read before.
CREATE SCHEMA predict_mvcc;
SET search_path = predict_mvcc, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, age float8, label float8);
CREATE TABLE follows (source int, target int, at timestamptz DEFAULT '2024-01-01');
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, i % 40, 0 FROM generate_series(1, 200) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 200 FROM generate_series(1, 200) i, generate_series(1, 3) k;
UPDATE users u SET label = age + (SELECT avg(n.age) FROM follows f JOIN users n ON n.id = f.target WHERE f.source = u.id);
SELECT sage_create_graph('mvcc', 'users', 'follows', features => '{age}', edge_time_column => 'at');
SELECT metric FROM sage_train('m', 'mvcc', target => 'label', options => '{"quiet": true, "epochs": 20, "fanout": [-1, -1]}');

-- what two scores have to do with each other
CREATE FUNCTION same(a float8, b float8) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 1e-4';

-- insert and score in one transaction; a savepoint rolled back between two scores
SET sage.access = live;
CREATE TABLE found (step int, score float8);
BEGIN;
INSERT INTO users VALUES (1000, 5, NULL);
INSERT INTO found SELECT 1, sage_predict(1000);
INSERT INTO follows VALUES (1000, 7);
INSERT INTO found SELECT 2, sage_predict(1000);
SAVEPOINT s;
UPDATE users SET age = 35 WHERE id = 1000;
INSERT INTO found SELECT 3, sage_predict(1000);
SAVEPOINT t;
DELETE FROM follows WHERE source = 1000;
CREATE TEMP TABLE inner_found AS SELECT sage_predict(1000) AS score;
SELECT NOT same(score, (SELECT score FROM found WHERE step = 3)) AS edge_matters FROM inner_found;
ROLLBACK TO t;
SELECT same(sage_predict(1000), (SELECT score FROM found WHERE step = 3)) AS edge_is_back;
ROLLBACK TO s;
SELECT same(sage_predict(1000), (SELECT score FROM found WHERE step = 2)) AS age_is_back;
SELECT NOT same((SELECT score FROM found WHERE step = 1), (SELECT score FROM found WHERE step = 2)) AS first_edge_mattered;
ROLLBACK;
SELECT sage_predict(1000) IS NULL AS gone;
SET sage.access = resident;
BEGIN;
CREATE TEMP TABLE steps ON COMMIT DROP AS SELECT 1 AS step, NULL::float8 AS score;
INSERT INTO users VALUES (1000, 5, NULL);
INSERT INTO steps SELECT 1, sage_predict(1000);
INSERT INTO follows VALUES (1000, 7);
INSERT INTO steps SELECT 2, sage_predict(1000);
SAVEPOINT s;
UPDATE users SET age = 35 WHERE id = 1000;
SELECT NOT same(sage_predict(1000), (SELECT score FROM steps WHERE step = 2)) AS age_matters;
ROLLBACK TO s;
SELECT same(sage_predict(1000), (SELECT score FROM steps WHERE step = 2)) AS age_is_back;
ROLLBACK;
RESET sage.access;

-- a cursor goes on seeing what it saw when it was opened
BEGIN;
CREATE TEMP TABLE before ON COMMIT DROP AS SELECT id, sage_predict(id) AS score FROM users;
DECLARE c CURSOR FOR SELECT id, same(sage_predict(u.id), b.score) AS as_before FROM users u JOIN before b USING (id) ORDER BY id;
FETCH 2 FROM c;
UPDATE users SET age = 100 - age;
DELETE FROM follows WHERE source % 2 = 0;
SELECT count(*) FILTER (WHERE NOT same(sage_predict(id), score)) > 150 AS all_changed FROM before;
FETCH 2 FROM c;
MOVE FORWARD 190 IN c;
FETCH ALL FROM c;
CLOSE c;
-- one that is opened now sees it as it is now
DECLARE c CURSOR FOR SELECT id, same(sage_predict(u.id), b.score) AS as_before FROM users u JOIN before b USING (id) ORDER BY id;
FETCH 2 FROM c;
ROLLBACK;
-- its model may be dropped under it
BEGIN;
DECLARE c CURSOR FOR SELECT id, sage_predict(id, 'm') IS NOT NULL AS scored FROM users ORDER BY id;
FETCH 1 FROM c;
SELECT sage_drop_model('m');
FETCH 2 FROM c;
SELECT sage_predict(1, 'm');
ROLLBACK;
-- a held cursor was computed at commit
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT sage_predict(1) - sage_predict(1) AS zero;
COMMIT;
FETCH h;
CLOSE h;

-- PL/pgSQL: one call site, the data moves on
CREATE FUNCTION loop_scores(access text) RETURNS TABLE (step int, changed bool) LANGUAGE plpgsql AS $$
DECLARE
	r float8;
	last float8 = sage_predict(1);
BEGIN
	PERFORM set_config('sage.access', access, true);
	FOR i IN 1 .. 6 LOOP
		IF i % 2 = 0 THEN
			UPDATE users SET age = age + 10 WHERE id = 1;
		END IF;
		r := sage_predict(1);
		step := i;
		changed := NOT same(r, last);
		last := r;
		RETURN NEXT;
	END LOOP;
END $$;
BEGIN;
SELECT * FROM loop_scores('live');
ROLLBACK;
BEGIN;
SELECT * FROM loop_scores('resident');
ROLLBACK;
BEGIN;
SELECT * FROM loop_scores('auto');
ROLLBACK;
-- errors caught inside, the data is as before
CREATE FUNCTION caught() RETURNS TABLE (before bool, inside bool, after bool) LANGUAGE plpgsql AS $$
DECLARE
	first float8 = sage_predict(1);
BEGIN
	before := same(sage_predict(1), first);
	BEGIN
		UPDATE users SET age = age + 10 WHERE id = 1;
		inside := same(sage_predict(1), first);
		PERFORM 1 / 0;
	EXCEPTION WHEN division_by_zero THEN
	END;
	after := same(sage_predict(1), first);
	RETURN NEXT;
END $$;
SELECT * FROM caught();
-- an error while scoring leaves nothing half done
CREATE FUNCTION caught_in_scoring() RETURNS TABLE (message text, after bool) LANGUAGE plpgsql AS $$
DECLARE
	first float8 = sage_predict(1);
BEGIN
	BEGIN
		UPDATE users SET age = 'NaN' WHERE id = 2;
		PERFORM sage_predict(id) FROM users;
	EXCEPTION WHEN numeric_value_out_of_range THEN
		message := SQLERRM;
	END;
	after := same(sage_predict(1), first);
	RETURN NEXT;
END $$;
SET sage.access = resident;
SELECT * FROM caught_in_scoring();
SET sage.access = live;
SELECT * FROM caught_in_scoring();
RESET sage.access;
-- the first statement of a session fails after it has scored, also where that is caught: nothing is kept of it
\c -
SET search_path = predict_mvcc, public;
SET sage.access = live;
SELECT sage_predict(id) IS NOT NULL, 1 / (id - 5) FROM users WHERE id <= 5;
SELECT model FROM sage.cache;
DO $$ BEGIN PERFORM sage_predict(id), 1 / (id - 5) FROM users WHERE id <= 5; EXCEPTION WHEN division_by_zero THEN END $$;
SELECT model FROM sage.cache;
-- scores of a whole table stay where single rows are scored meanwhile, by whatever way
SELECT same(sum(sage_predict(id)), sum(sage_predict(id))) AS scored FROM users;
SELECT model, rows FROM sage.cache;
SET sage.access = resident;
SELECT count(sage_predict(id)) FROM users;
SET sage.access = live;
SELECT sage_predict(1) IS NOT NULL AS scored;
SELECT model, rows FROM sage.cache;
RESET sage.access;
-- a procedure that commits in between
CREATE PROCEDURE committing() LANGUAGE plpgsql AS $$
DECLARE
	r float8;
	last float8 = sage_predict(1);
BEGIN
	FOR i IN 1 .. 4 LOOP
		UPDATE users SET age = age + 10 * (i % 2) WHERE id = 1;
		COMMIT;
		r := sage_predict(1);
		RAISE NOTICE '%: %', i, CASE WHEN same(r, last) THEN 'same' ELSE 'changed' END;
		last := r;
		IF i = 2 THEN
			ROLLBACK;
		END IF;
	END LOOP;
	UPDATE users SET age = 1 WHERE id = 1;
END $$;
CALL committing();
-- a row that is read scores others, and itself
CREATE TABLE plain AS SELECT id, age FROM users;
CREATE VIEW nested AS SELECT id, age FROM plain;
SELECT sage_create_graph('nested', 'nested', 'follows', key => 'id', features => '{age}');
SELECT metric FROM sage_train('nested', 'nested', labels => 'SELECT id AS node, label FROM users', options => '{"quiet": true, "epochs": 1}');
CREATE OR REPLACE VIEW nested AS SELECT id, age + 0 * sage_predict(id, 'm') AS age FROM plain;
SELECT count(sage_predict(id, 'nested')) AS with_another_model FROM users;
CREATE OR REPLACE VIEW nested AS SELECT id, age + 0 * sage_predict(id, 'nested') AS age FROM plain;
SET max_stack_depth = '200kB';
SELECT sage_predict(1, 'nested');
\echo :LAST_ERROR_SQLSTATE
SET sage.access = live;
SELECT sage_predict(1, 'nested');
\echo :LAST_ERROR_SQLSTATE
RESET sage.access;
RESET max_stack_depth;
SELECT sage_predict(1, 'm') IS NOT NULL AS alive;
SELECT sage_drop_model('nested');
SELECT sage_drop_graph('nested');

-- a function that is STABLE sees what its caller's statement sees
CREATE FUNCTION stable_score(int) RETURNS float8 STABLE LANGUAGE plpgsql AS 'BEGIN RETURN sage_predict($1); END';
CREATE FUNCTION volatile_score(int) RETURNS float8 VOLATILE LANGUAGE plpgsql AS 'BEGIN RETURN sage_predict($1); END';
BEGIN;
INSERT INTO users VALUES (1001, 5, NULL), (1002, 5, NULL) RETURNING id, stable_score(id) IS NULL AS stable, sage_predict(id) IS NULL AS direct;
SELECT stable_score(1001) IS NOT NULL AS stable, volatile_score(1001) IS NOT NULL AS volatile;
ROLLBACK;
-- trigger functions of the user: VOLATILE ones see the new row after the statement, STABLE ones do not
CREATE TABLE log (who text, seen bool);
CREATE FUNCTION log_volatile() RETURNS trigger LANGUAGE plpgsql VOLATILE AS
	$$ BEGIN INSERT INTO log VALUES ('volatile ' || TG_WHEN, sage_predict(NEW.id) IS NOT NULL); RETURN NEW; END $$;
CREATE FUNCTION log_stable() RETURNS trigger LANGUAGE plpgsql STABLE AS
	$$ BEGIN RAISE NOTICE 'stable %: %', TG_WHEN, sage_predict(NEW.id) IS NOT NULL; RETURN NEW; END $$;
CREATE TRIGGER a BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION log_volatile();
CREATE TRIGGER b AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION log_volatile();
CREATE TRIGGER c BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION log_stable();
CREATE TRIGGER d AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION log_stable();
INSERT INTO users VALUES (1003, 5, NULL);
SELECT * FROM log;
DROP TRIGGER a ON users;
DROP TRIGGER b ON users;
DROP TRIGGER c ON users;
DROP TRIGGER d ON users;
DELETE FROM users WHERE id = 1003;

-- one statement that changes and scores sees the rows as they were
BEGIN;
CREATE TEMP TABLE was ON COMMIT DROP AS SELECT id, sage_predict(id) AS score FROM users;
WITH changed AS (UPDATE users SET age = 100 - age RETURNING id)
SELECT bool_and(same(sage_predict(id), score)) AS as_before FROM was;
SELECT NOT bool_or(same(sage_predict(id), score)) AS as_now FROM was WHERE id % 40 NOT IN (0, 10, 20, 30);
ROLLBACK;
UPDATE users SET label = sage_predict(id);
SELECT bool_and(same(label, sage_predict(id))) AS stored FROM users;

-- statements prepared before models change
PREPARE score AS SELECT sage_predict(1, 'm') AS score;
PREPARE label AS SELECT sage_predict_label(1, 'k');
EXECUTE label;
CREATE TABLE first AS EXECUTE score;
SELECT metric FROM sage_train('m', options => '{"quiet": true, "epochs": 1, "seed": 7}');
CREATE TABLE second AS EXECUTE score;
SELECT NOT same(first.score, second.score) AS of_the_new_version FROM first, second;
SELECT sage_deploy('m', 1);
CREATE TABLE third AS EXECUTE score;
SELECT same(first.score, third.score) AS the_first_again FROM first, third;
SELECT metric FROM sage_train('k', 'mvcc', labels => 'SELECT id AS node, id % 2 = 0 AS label FROM users', options => '{"quiet": true, "epochs": 1}');
EXECUTE label \gset
SELECT :'sage_predict_label' IN ('true', 'false') AS labeled;
SELECT metric FROM sage_train('k', labels => 'SELECT id AS node, chr(97 + id % 3) AS label FROM users', options => '{"quiet": true, "epochs": 1}');
EXECUTE label \gset
SELECT :'sage_predict_label' IN ('a', 'b', 'c') AS labeled;
SELECT sage_drop_model('k');
EXECUTE label;
BEGIN;
SELECT sage_drop_model('m');
EXECUTE score;
ROLLBACK;
EXECUTE score \gset
SELECT same(:score, score) AS as_first FROM first;
-- a model that is dropped, and made anew under its name, within one transaction
BEGIN;
SELECT sage_drop_model('m');
SELECT metric FROM sage_train('m', 'mvcc', labels => 'SELECT id AS node, label * 1000 AS label FROM users', options => '{"quiet": true, "epochs": 1}');
EXECUTE score \gset
SELECT NOT same(:score, score) AS of_the_new_model FROM first;
ROLLBACK;
EXECUTE score \gset
SELECT same(:score, score) AS as_first FROM first;
-- a plan that is generic
SET plan_cache_mode = force_generic_plan;
PREPARE by_model(int, text, timestamptz) AS SELECT sage_predict($1, $2, $3) AS score;
EXECUTE by_model(1, 'm', NULL) \gset
SELECT same(:score, score) AS as_first FROM first;
EXECUTE by_model(1, 'no', NULL);
EXECUTE by_model(1000000, 'm', NULL);
RESET plan_cache_mode;

-- nothing is written: read-only transactions, any isolation level
BEGIN READ ONLY;
SELECT count(sage_predict(id)), count(sage_embed(id)) FROM users;
SELECT count(*) > 0 AS evaluated FROM sage_evaluate('m');
SELECT octet_length(sage_export('m')) > 0 AS exported;
SELECT * FROM sage_train('m', options => '{"quiet": true}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN READ ONLY;
SELECT sage_deploy('m', 1);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT count(sage_predict(id)) FROM users;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(sage_predict(id)) FROM users;
UPDATE users SET age = age + 1 WHERE id = 1;
SELECT NOT same(sage_predict(1), score) AS own_change_seen FROM first;
ROLLBACK;

-- as of a time: edges from then on do not count, whatever is done to them
SELECT same(sage_predict(1, 'm', '2030-01-01'), sage_predict(1)) AS after_all;
SELECT NOT same(sage_predict(1, 'm', '2020-01-01'), sage_predict(1)) AS before_all;
SELECT same(sage_predict(1, 'm', '2024-01-01'), sage_predict(1, 'm', '2020-01-01')) AS just_before;
BEGIN;
CREATE TEMP TABLE then_score ON COMMIT DROP AS SELECT id, sage_predict(id, at => '2024-06-01') AS score FROM users;
INSERT INTO follows SELECT id, 201 - id, '2024-06-01' FROM users WHERE id < 100;
INSERT INTO follows SELECT id, 200 - id, 'infinity' FROM users WHERE id < 100;
INSERT INTO follows SELECT id, 200 - id, NULL FROM users WHERE id < 100;
SELECT bool_and(sage_predict(id, at => '2024-06-01') = score OR same(sage_predict(id, at => '2024-06-01'), score)) AS as_then, bool_or(NOT same(sage_predict(id), score)) AS now_other FROM then_score;
SELECT count(DISTINCT round(sage_predict(1, at => timestamptz '2023-12-31' + i * interval '12 hours')::numeric, 3)) AS times_differ FROM generate_series(0, 4) i;
SELECT bool_and(abs(a - b) < 1e-4) AS arrays FROM unnest((SELECT sage_predict(array_agg(id::bigint ORDER BY id), at => '2024-06-01') FROM then_score), (SELECT array_agg(score ORDER BY id) FROM then_score)) AS u(a, b);
ROLLBACK;

SELECT sage_drop_model('m');
SELECT sage_drop_graph('mvcc');
SET client_min_messages = warning;
DROP SCHEMA predict_mvcc CASCADE;
