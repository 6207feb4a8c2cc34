-- Which model scores where none is named.
CREATE SCHEMA default_model;
GRANT USAGE ON SCHEMA default_model TO PUBLIC;
SET search_path = default_model, public;
\set SHOW_CONTEXT never
SET client_min_messages = error;
DROP ROLE IF EXISTS default_ann, default_bob, default_cid, default_team;
RESET client_min_messages;
CREATE ROLE default_ann;
CREATE ROLE default_bob;
CREATE ROLE default_cid NOINHERIT;
CREATE ROLE default_team;
GRANT default_team TO default_bob, default_cid;
CREATE TABLE users (id int PRIMARY KEY, age int);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, i % 40 FROM generate_series(1, 100) i;
INSERT INTO follows SELECT i, 1 + i % 100 FROM generate_series(1, 100) i;
GRANT SELECT ON users, follows TO PUBLIC;
SELECT sage_create_graph('default', 'users', 'follows');
-- a model whose classes tell its name
CREATE FUNCTION train(model text) RETURNS text LANGUAGE sql AS
	$$ SELECT metric FROM sage_train(model, 'default', labels => format('SELECT id AS node, %L || id %% 2 AS label FROM default_model.users', model),
		options => '{"quiet": true, "epochs": 1, "hidden": 4}') $$;
-- the model by which each of the functions scores
CREATE FUNCTION chosen() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	IF sage_predict_label(1) <> ALL (sage_classes()) OR (SELECT count(*) FROM sage_evaluate()) = 0 THEN
		RETURN 'not the same';
	END IF;
	RETURN rtrim(sage_predict_label(1), '01');
EXCEPTION WHEN insufficient_privilege THEN	-- another's labels query is not run
	RETURN rtrim(sage_predict_label(1), '01');
END $$;
SET ROLE default_ann;
SELECT chosen();
\echo :LAST_ERROR_SQLSTATE

-- the only one of the user or of a role that the user is a member of
SET ROLE default_team;
SELECT train('team');
SELECT chosen();
SET ROLE default_bob;
SELECT chosen();
SET ROLE default_ann;
SELECT chosen();
-- without its rights a member is a stranger
SET ROLE default_cid;
SELECT chosen();
-- one that was granted must be named
SET ROLE default_team;
SELECT sage_grant('team', 'default_ann');
SET ROLE default_ann;
SELECT chosen();
-- to a superuser all are open, but only its own come first
RESET ROLE;
SELECT chosen();
SELECT train('super');
SELECT chosen();

-- what is granted to all is in nobody's way who has a model
SELECT sage_grant('super', 'public');
SELECT chosen();
SET ROLE default_bob;
SELECT chosen();
SET ROLE default_cid;
SELECT chosen();
SET ROLE default_ann;
SELECT chosen();
\echo :LAST_ERROR_SQLSTATE
SELECT sage_classes();
SELECT sage_evaluate();
SELECT train('ann');
SELECT chosen();

-- several of one's own
SET ROLE default_team;
SELECT train('again');
SELECT chosen();
SET sage.default_model = 'super';
SELECT chosen();
SET sage.default_model = 'ann';
SELECT chosen();
RESET sage.default_model;
SELECT sage_drop_model('again');
SELECT chosen();

-- a setting that changes inside one statement
RESET ROLE;
CREATE FUNCTION label_of(model text) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('sage.default_model', model, false);
	RETURN rtrim(sage_predict_label(1), '01');
END $$;
SELECT label_of(m) FROM unnest('{super,ann,super}'::text[]) m;
RESET sage.default_model;

SELECT sage_drop_model(model) FROM sage.models WHERE graph = 'default';
SELECT sage_drop_graph('default');
SET client_min_messages = warning;
DROP SCHEMA default_model CASCADE;
DROP ROLE default_ann, default_bob, default_cid, default_team;
