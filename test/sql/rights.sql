-- Who may train, score, manage and see models.
SET client_min_messages = error;
CREATE ROLE rights_alice;
CREATE ROLE rights_bob;
CREATE ROLE rights_team;
CREATE ROLE rights_member;
GRANT rights_team TO rights_member;
CREATE SCHEMA rights;
GRANT USAGE ON SCHEMA rights TO PUBLIC;
GRANT CREATE ON SCHEMA rights TO rights_alice, rights_team, rights_bob;
SET search_path = rights, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, age float8, secret text, label bool, score float8);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, i % 40, 's' || i % 3, i % 40 >= 20 FROM generate_series(1, 200) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 200 FROM generate_series(1, 200) i, generate_series(1, 3) k;
GRANT SELECT (id, age, label), UPDATE (score), INSERT ON users TO rights_team;
GRANT SELECT ON follows TO rights_team;
CREATE FUNCTION same(a float8, b float8) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs(a - b) < 1e-4';

-- an ordinary role defines, trains, scores and manages with rights on the tables only
SET ROLE rights_team;
SELECT sage_create_graph('rights', 'users', 'follows', features => '{age}');
SELECT metric FROM sage_train('m', 'rights', target => 'label', options => '{"quiet": true, "epochs": 20, "fanout": [-1, -1]}');
SELECT owner, granted FROM sage.models WHERE model = 'm';
SELECT count(sage_predict(id, 'm')) FROM users;
SELECT sage_classes('m');
SELECT octet_length(sage_export('m')) > 0 AS exported;
SELECT model, owner, state FROM sage.runs;
SELECT count(*) > 0 AS epochs FROM sage.epochs;
-- members of the role may all of it
SET ROLE rights_member;
SELECT version FROM sage_train('m', options => '{"quiet": true, "epochs": 1}');
SELECT sage_deploy('m', 1);
SELECT count(sage_predict(id, 'm')) FROM users;
SELECT octet_length(sage_export('m')) > 0 AS exported;
SELECT owner, deployed FROM sage.models;
SELECT DISTINCT owner FROM sage.runs ORDER BY 1;
-- what they train is the role's, even if they did it
SELECT owner FROM sage.models WHERE model = 'm';

-- a labels query is not run for anybody but who wrote it: it would run with the rights of who asks
SELECT version FROM sage_train('m', labels => 'SELECT id AS node, label FROM rights.users', options => '{"quiet": true, "epochs": 1}');
SELECT version, trained_by FROM sage.model_versions WHERE model = 'm' ORDER BY version;
SELECT count(*) FROM sage_evaluate('m');
SET ROLE rights_team;
SELECT * FROM sage_evaluate('m');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT * FROM sage_train('m', options => '{"quiet": true}');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM sage_evaluate('m', 'SELECT id AS node, label FROM users');
SELECT sage_deploy('m', 1);
SELECT count(*) FROM sage_evaluate('m');

-- others see nothing of it, and may nothing
SET ROLE rights_alice;
SELECT count(*) FROM sage.models;
SELECT count(*) FROM sage.model_versions;
SELECT count(*) FROM sage.runs;
SELECT count(*) FROM sage.epochs;
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(1);
SELECT sage_predict_label(1, 'm');
SELECT sage_embed(1, 'm');
SELECT sage_classes('m');
SELECT * FROM sage_evaluate('m');
SELECT sage_export('m');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_deploy('m', 1);
SELECT sage_drop_model('m');
SELECT sage_grant('m', 'rights_alice');
SELECT sage_revoke('m', 'rights_alice');
SELECT * FROM sage_train('m', 'rights', target => 'label');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('m', options => '{"quiet": true}');
SELECT sage_import('m', 'rights', '\x00');
-- neither can they guess its name from a hint
SELECT sage_predict(1, 'mm');

-- granted: to score, not to manage; the tables' own rights are needed as well
SET ROLE rights_team;
SELECT sage_grant('m', 'rights_alice');
SELECT sage_grant('m', 'rights_alice');
SELECT granted FROM sage.models WHERE model = 'm';
SET ROLE rights_alice;
SELECT model, owner, granted FROM sage.models;
SELECT count(*) > 0 AS versions FROM sage.model_versions;
SELECT count(*) FROM sage.runs;
SELECT count(*) FROM sage.epochs;
SELECT sage_classes('m');
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_export('m');
SELECT sage_drop_model('m');
RESET ROLE;
GRANT SELECT ON users TO rights_alice;
SET ROLE rights_alice;
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
SET sage.access = resident;
SELECT sage_predict(1, 'm');
RESET sage.access;
SELECT sage_predict_row(u, 'm') FROM users u WHERE id = 1;
RESET ROLE;
GRANT SELECT (source) ON follows TO rights_alice;
SET ROLE rights_alice;
SELECT sage_predict(1, 'm');
RESET ROLE;
GRANT SELECT ON follows TO rights_alice;
SET ROLE rights_alice;
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
SELECT count(*) FROM sage_evaluate('m');
RESET ROLE;
-- a session that has the model in its memory asks again each time
REVOKE SELECT ON follows FROM rights_alice;
REVOKE SELECT (source) ON follows FROM rights_alice;
SET ROLE rights_alice;
SELECT sage_predict(1, 'm');
SET ROLE rights_team;
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
SELECT sage_revoke('m', 'rights_alice');
SET ROLE rights_alice;
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
-- by a role that it is a member of; to everybody
SET ROLE rights_team;
SELECT sage_grant('m', 'rights_bob');
RESET ROLE;
GRANT SELECT ON follows, users TO rights_alice;
GRANT rights_bob TO rights_alice;
SET ROLE rights_alice;
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
RESET ROLE;
REVOKE rights_bob FROM rights_alice;
SET ROLE rights_alice;
SELECT sage_predict(1, 'm');
SET ROLE rights_team;
SELECT sage_revoke('m', 'rights_bob');
SELECT sage_grant('m', 'public');
SET ROLE rights_alice;
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored, sage_predict(1) IS NOT NULL AS the_only_one;
SET ROLE rights_team;
SELECT sage_revoke('m', 'public');
SET ROLE rights_alice;
SELECT sage_predict(1, 'm');
-- roles that do not exist
SET ROLE rights_team;
SELECT sage_grant('m', 'rights_nobody');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_grant('m', NULL);
SELECT sage_grant('m', '');
SELECT sage_revoke('m', 'rights_nobody');
SELECT granted FROM sage.models WHERE model = 'm';

-- training needs the rights of the one who trains: also on the labels' tables
SET ROLE rights_alice;
SELECT sage_create_graph('alice', 'users', 'follows', features => '{age}');
RESET ROLE;
REVOKE SELECT ON follows FROM rights_alice;
SET ROLE rights_alice;
SELECT * FROM sage_train('a', 'alice', target => 'label', options => '{"quiet": true}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON follows TO rights_alice;
CREATE TABLE hidden AS SELECT id AS node, label FROM users;
SET ROLE rights_alice;
SELECT * FROM sage_train('a', 'alice', labels => 'SELECT * FROM rights.hidden', options => '{"quiet": true}');
\echo :LAST_ERROR_SQLSTATE
-- models of other graphs, and graphs of others, are not in the way
SELECT metric FROM sage_train('a', 'alice', target => 'label', options => '{"quiet": true, "epochs": 2}');
SET ROLE rights_team;
SELECT sage_drop_graph('alice');
SELECT sage_drop_model('a');
SET ROLE rights_alice;
SELECT metric FROM sage_train('b', 'rights', target => 'label', options => '{"quiet": true, "epochs": 2}');
SELECT model, owner FROM sage.models ORDER BY 1;
SELECT sage_drop_model('b');

-- row security: what the caller cannot see is not there, live and resident
RESET ROLE;
SELECT sage_grant('m', 'public');
CREATE TABLE all_scores AS SELECT id, sage_predict(id, 'm') AS score FROM users;
GRANT SELECT ON all_scores TO PUBLIC;
ALTER TABLE follows ENABLE ROW LEVEL SECURITY;
CREATE POLICY part ON follows TO rights_alice USING (source % 2 = 0);
CREATE POLICY others ON follows TO rights_team USING (true);
SET ROLE rights_alice;
SET sage.access = live;
CREATE TEMP TABLE live AS SELECT id, sage_predict(id, 'm') AS score FROM users;
SET sage.access = resident;
CREATE TEMP TABLE resident AS SELECT id, sage_predict(id, 'm') AS score FROM users;
RESET sage.access;
SELECT count(*), max(abs(l.score - r.score)) < 1e-5 AS live_is_resident, count(*) FILTER (WHERE NOT same(l.score, a.score)) > 150 AS other_scores
	FROM live l JOIN resident r USING (id) JOIN all_scores a USING (id);
RESET ROLE;
SELECT bool_and(same(sage_predict(id, 'm'), score)) AS owner_sees_all FROM all_scores;
SET ROLE rights_team;
SELECT bool_and(same(sage_predict(id, 'm'), score)) AS policy_for_all FROM all_scores;
-- one query, other users by a security definer function
RESET ROLE;
CREATE FUNCTION as_owner(int) RETURNS float8 LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rights, public AS $$ SELECT sage_predict($1, 'm') $$;
SET ROLE rights_alice;
SELECT bool_and(same(as_owner(id), score)) AS as_owner, count(*) FILTER (WHERE NOT same(sage_predict(id, 'm'), score)) > 150 AS as_self FROM all_scores;
-- nodes that are hidden are unknown, to themselves and to others
RESET ROLE;
DROP POLICY part ON follows;
CREATE POLICY part ON follows TO rights_alice USING (true);
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY part ON users TO rights_alice USING (id <= 100);
SET ROLE rights_alice;
SELECT sage_predict(1, 'm') IS NOT NULL AS seen, sage_predict(101, 'm') IS NULL AS hidden;
SET sage.access = live;
CREATE TEMP TABLE live2 AS SELECT id, sage_predict(id, 'm') AS score FROM all_scores;
SET sage.access = resident;
SELECT count(*) FILTER (WHERE score IS NOT NULL) AS seen, bool_and(score IS NOT DISTINCT FROM sage_predict(id, 'm') OR same(score, sage_predict(id, 'm'))) AS live_is_resident FROM live2;
-- who is above policies, and then is no more
SET sage.access = live;
RESET ROLE;
ALTER ROLE rights_alice BYPASSRLS;
SET ROLE rights_alice;
SELECT sage_predict(101, 'm') IS NOT NULL AS above;
RESET ROLE;
ALTER ROLE rights_alice NOBYPASSRLS;
SET ROLE rights_alice;
SELECT sage_predict(101, 'm') IS NULL AS hidden_again;
RESET sage.access;
-- training sees no more
SELECT metric FROM sage_train('a', options => '{"quiet": true}');
SELECT rows_read -> 'nodes' ->> 'users' AS nodes FROM sage.models WHERE model = 'a';
SET row_security = off;
SELECT sage_predict(1, 'm');
\echo :LAST_ERROR_SQLSTATE
RESET row_security;
RESET ROLE;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;
ALTER TABLE follows DISABLE ROW LEVEL SECURITY;

-- triggers run as the one who writes
SET ROLE rights_team;
SELECT sage_attach('m', 'score');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT sage_attach('m', 'score');
SELECT sage_revoke('m', 'public');
GRANT INSERT ON users TO rights_bob;
SET ROLE rights_bob;
INSERT INTO users (id, age) VALUES (1001, 3);
\echo :LAST_ERROR_SQLSTATE
SET ROLE rights_team;
INSERT INTO users (id, age) VALUES (1001, 3);
SELECT id FROM users WHERE id > 1000;
RESET ROLE;
SELECT sage_detach('m', 'score');

-- the catalog is out of reach
SET ROLE rights_alice;
SELECT weights FROM sage.model_version;
SELECT * FROM sage.model;
SELECT * FROM sage.run;
SELECT * FROM sage.epoch;
UPDATE sage.model SET owned_by = 'rights_alice';
INSERT INTO sage.model_version (model, version, task, spec, weights) VALUES ('m', 99, 'binary', '{}', '');
DELETE FROM sage.model;
UPDATE sage.models SET owner = 'rights_alice';
SELECT nextval('sage.version_id');
-- the views do not leak through functions that the caller brings
CREATE FUNCTION rights.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$;
SELECT model FROM sage.models WHERE rights.tell(model) AND model = 'm';
SELECT model FROM sage.model_versions WHERE rights.tell(model) AND model = 'm';
SELECT model FROM sage.runs WHERE rights.tell(model) AND model = 'm';
-- nor are the caller's operators and functions run with the owner's rights
CREATE FUNCTION rights.trap(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION rights.trap(int, int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION rights.trap(bigint, bigint) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION rights.trap(float8, float8) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE OPERATOR rights.= (LEFTARG = text, RIGHTARG = text, FUNCTION = rights.trap);
CREATE OPERATOR rights.= (LEFTARG = int, RIGHTARG = int, FUNCTION = rights.trap);
CREATE OPERATOR rights.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = rights.trap);
CREATE OPERATOR rights.< (LEFTARG = float8, RIGHTARG = float8, FUNCTION = rights.trap);
CREATE OPERATOR rights.> (LEFTARG = int, RIGHTARG = int, FUNCTION = rights.trap);
CREATE FUNCTION rights.max(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION rights.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE FUNCTION rights.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE DOMAIN rights.jsonb AS text CHECK (rights.trap(value, value));
CREATE TEMP TABLE model (model text);
SET search_path = rights, pg_catalog, public;
SELECT version OPERATOR(pg_catalog.>) 0 AS trained FROM sage_train('a', options => '{"quiet": true}');
SELECT version OPERATOR(pg_catalog.>) 0 AS trained FROM sage_train('a2', 'alice', labels => 'SELECT id AS node, label FROM users', options => '{"quiet": true, "epochs": 1}');
SELECT sage_predict(1, 'a') IS NOT NULL AS scored, (sage_predict(ARRAY[1]::bigint[], 'a'))[1] IS NOT NULL AS elements, sage_classes('a');
SELECT count(*) OPERATOR(pg_catalog.>) 0 AS evaluated FROM sage_evaluate('a');
SELECT sage_deploy('a', 1);
SELECT sage_grant('a', 'rights_bob');
SELECT sage_revoke('a', 'rights_bob');
SELECT sage_import('a2', 'alice', sage_export('a')) IS NOT NULL AS imported;
SELECT sage_drop_model('a2');
SELECT current_user;
SHOW search_path;
-- after an error everything is as it was
SELECT sage_deploy('a', 99);
SELECT current_user;
SHOW search_path;
SET search_path = rights, public;

-- a superuser may all; so he can when the owner is gone
SELECT sage_drop_model('a');
SELECT sage_drop_graph('alice');
RESET ROLE;
DROP OWNED BY rights_alice, rights_team CASCADE;
DROP ROLE rights_alice, rights_team;
SELECT owner FROM sage.models WHERE model = 'm';
SELECT sage_predict(1, 'm') BETWEEN 0 AND 1 AS scored;
SET ROLE rights_bob;
SELECT sage_predict(1, 'm');
RESET ROLE;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('rights');
DROP SCHEMA rights CASCADE;
DROP OWNED BY rights_bob;
DROP ROLE rights_bob, rights_member;
