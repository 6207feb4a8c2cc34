-- Roles that are renamed, dropped, and created again under another's name.
SET client_min_messages = warning;
CREATE ROLE roles_alice;
CREATE ROLE roles_bob;
CREATE ROLE roles_friend;
CREATE SCHEMA roles;
GRANT USAGE ON SCHEMA roles TO PUBLIC;
SET search_path = roles, public;
CREATE TABLE n AS SELECT i AS id, i % 7 AS a, i % 3 = 0 AS y FROM generate_series(1, 60) i;
ALTER TABLE n ADD PRIMARY KEY (id);
CREATE TABLE e AS SELECT i AS source, 1 + i * 7 % 60 AS target FROM generate_series(1, 60) i;
CREATE INDEX ON e (source, target);
CREATE INDEX ON e (target, source);
GRANT SELECT ON n, e TO PUBLIC;

SET ROLE roles_alice;
SELECT sage_create_graph('roles', 'n', 'e');
SELECT version FROM sage_train('roles', 'roles', labels => 'SELECT id AS node, y AS label FROM roles.n',
	options => '{"epochs": 2, "hidden": 4, "quiet": true, "exclude": ["y"]}');
SELECT sage_grant('roles', 'roles_friend');
SELECT sage_grant('roles', 'none');
RESET ROLE;

-- what they have follows them
ALTER ROLE roles_alice RENAME TO "roles Alice";
ALTER ROLE roles_friend RENAME TO roles_pal;
SELECT model, owner, granted FROM sage.models;
SELECT graph, owner FROM sage.graphs;
SELECT DISTINCT owner, trained_by FROM sage.runs JOIN sage.model_versions USING (model);
SET ROLE "roles Alice";
SELECT sage_predict(1, 'roles') BETWEEN 0 AND 1 AS scored;
SELECT version FROM sage_train('roles', options => '{"quiet": true}');
SELECT count(*) FROM sage.runs;
RESET ROLE;
SET ROLE roles_pal;
SELECT sage_predict(1, 'roles') BETWEEN 0 AND 1 AS scored;
RESET ROLE;

-- and a new role of an old name has nothing
CREATE ROLE roles_alice;
CREATE ROLE roles_friend;
SET ROLE roles_alice;
SELECT count(*) FROM sage.models;
SELECT count(*) FROM sage.runs;
SELECT sage_predict(1, 'roles');
SELECT sage_export('roles');
SELECT sage_train('roles');
SELECT sage_drop_graph('roles');
RESET ROLE;
SET ROLE roles_friend;
SELECT sage_predict(1, 'roles');
RESET ROLE;

-- names that no role has
SELECT 'public'::sage.role, 'none'::sage.role;
SELECT 'roles Alice'::sage.role, '{"roles Alice", none}'::text[]::sage.role[];
SELECT ('roles_' || 'nobody')::sage.role;

-- ownership is given to another role by those who have the rights of both
SET ROLE "roles Alice";
SELECT sage_reassign_owned('roles Alice', 'roles_bob');
SELECT sage_reassign_owned('roles_bob', 'roles Alice');
SELECT sage_reassign_owned('none', 'roles Alice');
SELECT sage_reassign_owned('roles Alice', 'public');
SELECT sage_reassign_owned('roles Alice', 'roles_nobody');
RESET ROLE;
GRANT roles_bob TO "roles Alice";
SET ROLE "roles Alice";
SELECT sage_reassign_owned('roles Alice', 'roles_bob');
RESET ROLE;
SELECT model, owner FROM sage.models;
SELECT graph, owner FROM sage.graphs;
SELECT DISTINCT owner FROM sage.runs;
-- a stored query stays its writer's
SET ROLE roles_bob;
SELECT sage_train('roles');
RESET ROLE;

-- a role that is dropped leaves what it had to nobody
DROP OWNED BY roles_bob, roles_pal;
DROP ROLE roles_bob, roles_pal;
SELECT model, owner, granted FROM sage.models;
SELECT graph, owner FROM sage.graphs;
CREATE ROLE roles_bob;
CREATE ROLE roles_pal;
SET ROLE roles_bob;
SELECT sage_drop_model('roles');
SELECT sage_drop_graph('roles');
SET ROLE roles_pal;
SELECT sage_predict(1, 'roles');
RESET ROLE;
-- until a superuser or the owner of the database gives it to somebody; grants to dropped roles go with the next change
SET ROLE roles_alice;
SELECT sage_reassign_owned('none', 'roles_alice');
RESET ROLE;
SELECT current_database() AS database, pg_get_userbyid(datdba) AS dba FROM pg_database WHERE datname = current_database() \gset
ALTER DATABASE :"database" OWNER TO roles_alice;
SET ROLE roles_alice;
SELECT sage_reassign_owned('none', 'roles_bob');
SELECT sage_reassign_owned('none', 'roles_alice');
SELECT sage_predict(1, 'roles') BETWEEN 0 AND 1 AS scored;
RESET ROLE;
ALTER DATABASE :"database" OWNER TO :"dba";
SELECT sage_reassign_owned('roles_alice', 'roles_bob');
SET ROLE roles_bob;
SELECT sage_grant('roles', 'public');
SELECT sage_grant('roles', 'roles_pal');
SELECT sage_grant('roles', 'public');
SELECT model, owner, granted FROM sage.models;
SELECT sage_revoke('roles', 'public');
SELECT granted FROM sage.models;
SELECT sage_drop_model('roles');
SELECT sage_drop_graph('roles');
RESET ROLE;

DROP SCHEMA roles CASCADE;
DROP OWNED BY roles_alice, "roles Alice", roles_bob, roles_friend, roles_pal;
DROP ROLE roles_alice, "roles Alice", roles_bob, roles_friend, roles_pal;
