-- Who may define, change and drop graphs.
SET client_min_messages = warning;
CREATE ROLE graph_alice;
CREATE ROLE graph_bob;
CREATE ROLE graph_team;
GRANT graph_team TO graph_bob;
CREATE SCHEMA graph_rights;
GRANT USAGE, CREATE ON SCHEMA graph_rights TO graph_alice, graph_bob, graph_team;
SET search_path = graph_rights, public;
CREATE TABLE users (id int PRIMARY KEY, age int, secret text, joined date);
CREATE TABLE follows (source int, target int, since date, weight real, note text);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);

-- ordinary roles define graphs over what they may read
SET ROLE graph_alice;
SELECT sage_create_graph('g', 'users');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT (id, age) ON users TO graph_alice;
SET ROLE graph_alice;
SELECT sage_create_graph('g', 'users');
SELECT sage_create_graph('g', 'users', time_column => 'joined', features => '{age}');
SELECT sage_create_graph('g', 'users', features => '{age,secret}');
SELECT sage_create_graph('g', 'users', 'follows', features => '{age}');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT (source, target) ON follows TO graph_alice;
SET ROLE graph_alice;
SELECT sage_create_graph('g', 'users', 'follows', features => '{age}', edge_time_column => 'since');
SELECT sage_create_graph('g', 'users', 'follows', features => '{age}', weight_column => 'weight');
SELECT sage_create_graph('g', 'users', 'follows', features => '{age}');
SELECT sage_create_graph('all_but', 'users', exclude => '{secret,joined}');
SELECT sage_drop_graph('all_but');
SELECT * FROM sage.graphs;

-- only members of the owning role change a graph, whatever they may read
RESET ROLE;
GRANT SELECT ON users, follows TO graph_bob;
SET ROLE graph_bob;
SELECT sage_add_nodes('g', 'users', node_type => 'again');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_edges('g', 'follows', edge_type => 'again');
SELECT sage_drop_graph('g');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT graph_alice TO graph_bob;
SET ROLE graph_bob;
SELECT sage_add_nodes('g', 'users', node_type => 'again');
RESET ROLE;
REVOKE graph_alice FROM graph_bob;

-- a role's graph belongs to all of its members
GRANT SELECT ON users TO graph_team;
SET ROLE graph_team;
SELECT sage_create_graph('team', 'users');
SET ROLE graph_bob;
SELECT sage_add_edges('team', 'follows');
SET ROLE graph_alice;
SELECT sage_drop_graph('team');
SET ROLE graph_bob;
SELECT sage_drop_graph('team');

-- the catalog itself is out of reach, the views are not
SET ROLE graph_alice;
SELECT * FROM sage.graph;
SELECT * FROM sage.node_type;
SELECT * FROM sage.edge_type;
INSERT INTO sage.graph (graph, owned_by) VALUES ('mine', 'graph_alice');
UPDATE sage.graph SET owned_by = 'graph_bob';
DELETE FROM sage.edge_type;
TRUNCATE sage.graph CASCADE;
SELECT graph, owner FROM sage.graphs;
SELECT graph, node_type, nodes FROM sage.node_types;
SELECT graph, edge_type, edges FROM sage.edge_types;
UPDATE sage.graphs SET graph = 'mine';
CREATE TABLE sage.mine ();

-- the caller's operators and triggers do not run with the owner's rights
CREATE FUNCTION graph_rights.trap(text, text) RETURNS bool LANGUAGE plpgsql AS
	$$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
CREATE OPERATOR graph_rights.= (LEFTARG = text, RIGHTARG = text, FUNCTION = graph_rights.trap);
SET search_path = graph_rights, pg_catalog, public;
SELECT sage_add_edges('g', 'follows', edge_type => 'again', source_type => 'again', target_type => 'again');
SELECT current_user;
SHOW search_path;

-- after an error everything is as it was
SELECT sage_drop_graph('nowhere');
SELECT current_user;
SHOW search_path;
BEGIN;
SAVEPOINT s;
SELECT sage_create_graph('g');
ROLLBACK TO s;
SELECT current_user;
SHOW search_path;
COMMIT;

-- in a security definer function it is the definer who counts
SET search_path = graph_rights, public;
RESET ROLE;
CREATE FUNCTION as_owner() RETURNS void LANGUAGE sql SECURITY DEFINER
	SET search_path = graph_rights, public AS $$ SELECT sage_create_graph('definer', 'users') $$;
SET ROLE graph_alice;
SELECT as_owner();
SELECT sage_drop_graph('definer');
RESET ROLE;
SELECT sage_drop_graph('definer');

-- a superuser drops anything, also when the owner is gone
REVOKE ALL ON ALL TABLES IN SCHEMA graph_rights FROM graph_alice, graph_bob, graph_team;
DROP OWNED BY graph_alice CASCADE;
DROP ROLE graph_alice;
SET ROLE graph_bob;
SELECT sage_drop_graph('g');
RESET ROLE;
SELECT graph, owner FROM sage.graphs;
SELECT sage_drop_graph('g');

DROP SCHEMA graph_rights CASCADE;
DROP OWNED BY graph_bob;
DROP ROLE graph_bob, graph_team;
