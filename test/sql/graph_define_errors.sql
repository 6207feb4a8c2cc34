-- Graph definitions that cannot be: the message says what to do.
CREATE SCHEMA graph_errors;
SET search_path = graph_errors, public;
CREATE TABLE users (id int PRIMARY KEY, age int, joined timestamptz, name text, flag bool);
CREATE TABLE follows (source int REFERENCES users, target int REFERENCES users, since date, weight real, note text);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
CREATE TABLE items (id int PRIMARY KEY);
CREATE TABLE plain (a int, b int);

-- names
SELECT sage_create_graph('');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph(repeat('x', 64));
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph(repeat('x', 63));
SELECT sage_drop_graph(repeat('x', 63));
SELECT sage_create_graph('g');
SELECT sage_create_graph('g');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_nodes('g', 'users', node_type => '');
SELECT sage_add_nodes('nowhere', 'users');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_edges('nowhere', 'follows');
SELECT sage_drop_graph('nowhere');
SELECT sage_add_nodes(NULL, 'users');
SELECT sage_add_nodes('g', NULL);
SELECT sage_add_edges('g', NULL);
SELECT sage_drop_graph(NULL);
SELECT sage_drop_graph('g');

-- arguments that need a table
SELECT sage_create_graph('g', edges => 'follows');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', key => 'id');
SELECT sage_create_graph('g', nodes => 'users', source => 'source');
SELECT sage_create_graph('g', nodes => 'users', edge_time_column => 'since');

-- tables and columns that are not there
SELECT sage_create_graph('g', nodes => 'user');
SELECT sage_create_graph('g', nodes => 4000000000);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', key => 'ident');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', key => 'ID');
SELECT sage_create_graph('g', 'users', features => '{age,nane}');
SELECT sage_create_graph('g', 'users', exclude => '{flags}');
SELECT sage_create_graph('g', 'users', time_column => 'something_else');
SELECT sage_create_graph('g', 'users', features => '{age,NULL}');
SELECT sage_create_graph('g', 'users', 'follows', source => 'sauce');
SELECT sage_create_graph('g', 'users', 'follows', target => 'Target');
SELECT sage_create_graph('g', 'users', 'follows', edge_time_column => 'sinse');
SELECT sage_create_graph('g', 'users', 'follows', weight_column => 'wait');

-- types
SELECT sage_create_graph('g', 'users', time_column => 'name');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', 'follows', edge_time_column => 'weight');
SELECT sage_create_graph('g', 'users', 'follows', weight_column => 'note');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', 'follows', source => 'note');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', key => 'flag');
\echo :LAST_ERROR_SQLSTATE

-- ends that cannot be told
SELECT sage_create_graph('g', 'users', 'plain');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', 'plain', source => 'a');
SELECT sage_create_graph('g', 'users', 'follows', source => 'source', target => 'source');
CREATE TABLE many (a int REFERENCES users, b int REFERENCES users, c int REFERENCES users);
SELECT sage_create_graph('g', 'users', 'many');
CREATE TABLE twice (source int, src int, target int);
SELECT sage_create_graph('g', 'users', 'twice');

-- directions
SELECT sage_create_graph('g', 'users', 'follows', direction => 'backward');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_create_graph('g', 'users', 'follows');
SELECT sage_add_nodes('g', 'items');
SELECT sage_add_edges('g', 'plain', source => 'a', target => 'b');
SELECT sage_add_edges('g', 'plain', source => 'a', target => 'b', source_type => 'users');
SELECT sage_add_edges('g', 'plain', source => 'a', target => 'b', source_type => 'users', target_type => 'thing');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_edges('g', 'plain', source => 'a', target => 'b', source_type => 'users', target_type => 'items',
	direction => 'undirected');

-- names that are taken, among the relations, too
SELECT sage_add_nodes('g', 'users');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_edges('g', 'follows');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_edges('g', 'follows', edge_type => 'knows', direction => 'both');
SELECT sage_add_edges('g', 'follows', edge_type => 'rev_knows');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_add_edges('g', 'follows', edge_type => 'rev_likes');
SELECT sage_add_edges('g', 'follows', edge_type => 'likes', direction => 'both');
SELECT sage_add_edges('g', 'follows', edge_type => 'likes', features => '{nothing}');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('g');

-- a node type's table that is ambiguous as an end
SELECT sage_create_graph('g', 'users');
SELECT sage_add_nodes('g', 'users', node_type => 'again');
SELECT sage_add_edges('g', 'follows');
SELECT sage_drop_graph('g');

-- a graph without node types has nothing to link
SELECT sage_create_graph('g');
SELECT sage_add_edges('g', 'follows');
SELECT sage_drop_graph('g');

-- nothing of what failed is left
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
SELECT * FROM sage.node_types;
SELECT * FROM sage.edge_types;

SET client_min_messages = warning;
DROP SCHEMA graph_errors CASCADE;
