-- Tables that have changed since the graph was defined.
CREATE SCHEMA graph_changed;
SET search_path = graph_changed, public;
CREATE TABLE users (id int PRIMARY KEY, age int, spare int, joined timestamptz);
CREATE TABLE follows (source int, target int, since date, weight real);
CREATE TABLE other (id int PRIMARY KEY);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
SELECT sage_create_graph('g', 'users', 'follows', features => '{age}', exclude => '{spare}', time_column => 'joined',
	edge_time_column => 'since', weight_column => 'weight');

-- each change is met when the definition is next needed
\set need 'SELECT sage_add_nodes(''g'', ''other'', time_column => NULL);'

BEGIN;
ALTER TABLE users RENAME TO members;
:need
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

BEGIN;
DROP TABLE follows;
:need
ROLLBACK;

BEGIN;
ALTER SCHEMA graph_changed RENAME TO graph_moved;
SELECT sage_add_nodes('g', 'graph_moved.other');
ROLLBACK;

BEGIN;
ALTER TABLE users RENAME COLUMN id TO ident;
:need
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

BEGIN;
ALTER TABLE users ALTER COLUMN id TYPE text;
:need
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;

BEGIN;
ALTER TABLE users ALTER COLUMN id TYPE numeric;
:need
ROLLBACK;

BEGIN;
ALTER TABLE follows ALTER COLUMN target TYPE text;
:need
ROLLBACK;

BEGIN;
ALTER TABLE follows DROP COLUMN source;
:need
ROLLBACK;

BEGIN;
ALTER TABLE users ALTER COLUMN joined TYPE text;
:need
ROLLBACK;

BEGIN;
ALTER TABLE follows DROP COLUMN since;
:need
ROLLBACK;

BEGIN;
ALTER TABLE follows ALTER COLUMN weight TYPE text;
:need
ROLLBACK;

BEGIN;
ALTER TABLE users DROP COLUMN age;
:need
ROLLBACK;

-- what makes no difference: a wider key, another time, an excluded column, a
-- table made anew under the same name
BEGIN;
ALTER TABLE users ALTER COLUMN id TYPE bigint, ALTER COLUMN joined TYPE date;
ALTER TABLE follows ALTER COLUMN source TYPE smallint;
ALTER TABLE users DROP COLUMN spare;
DROP TABLE follows;
CREATE TABLE follows (weight int, target bigint, source bigint, since timestamptz);
:need
ROLLBACK;

-- a graph that has lost its tables can be dropped
DROP TABLE users, follows;
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
:need
SELECT sage_drop_graph('g');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;

SET client_min_messages = warning;
DROP SCHEMA graph_changed CASCADE;
