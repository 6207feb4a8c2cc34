-- Keys of nodes: which column it is, which types it can have, and what can
-- refer to it.
CREATE SCHEMA graph_keys;
SET search_path = graph_keys, public;

-- the primary key, a column named id, the only unique NOT NULL column
CREATE TABLE k1 (id int, code text PRIMARY KEY);
CREATE TABLE k2 (id int, code text UNIQUE NOT NULL);
CREATE TABLE k3 (a int, b int, code text UNIQUE NOT NULL, PRIMARY KEY (a, b));
CREATE TABLE k4 (a int, b int, id int, PRIMARY KEY (a, b));
CREATE TABLE k5 (maybe int UNIQUE, amount numeric UNIQUE NOT NULL, code uuid UNIQUE NOT NULL);
SELECT sage_create_graph('keys');
SELECT sage_add_nodes('keys', t) FROM unnest('{k1,k2,k3,k4,k5}'::regclass[]) t;
SELECT node_type, key_column, key_type FROM sage.node_types;

-- not to be told
CREATE TABLE k6 (a int UNIQUE NOT NULL, b int UNIQUE NOT NULL);
CREATE TABLE k7 (a int UNIQUE);
CREATE TABLE k8 (a int NOT NULL);
CREATE UNIQUE INDEX ON k8 (a) WHERE a > 0;
CREATE UNIQUE INDEX ON k8 ((a + 1));
CREATE TABLE k9 ();
SELECT sage_add_nodes('keys', 'k6');
SELECT sage_add_nodes('keys', 'k7');
SELECT sage_add_nodes('keys', 'k8');
SELECT sage_add_nodes('keys', 'k9');
-- said by hand; only a full unique index on just this column keeps keys unique
SELECT sage_add_nodes('keys', 'k6', key => 'b');
SELECT sage_add_nodes('keys', 'k7', key => 'a');
SELECT sage_add_nodes('keys', 'k8', key => 'a');
SELECT sage_drop_graph('keys');

-- types: domains are looked through
CREATE DOMAIN number AS int CHECK (VALUE > 0);
CREATE DOMAIN account AS number;
CREATE DOMAIN tag AS varchar(20);
CREATE DOMAIN token AS uuid;
CREATE TABLE t (
	a smallint UNIQUE, b int UNIQUE, c bigint UNIQUE, d account UNIQUE,
	e text UNIQUE, f varchar(10) UNIQUE, g name UNIQUE, h tag UNIQUE,
	i uuid UNIQUE, j token UNIQUE,
	p numeric UNIQUE, q char(5) UNIQUE, r timestamptz UNIQUE, s bytea UNIQUE, t real UNIQUE, u int[] UNIQUE, v oid UNIQUE
);
SELECT sage_create_graph('types');
SELECT sage_add_nodes('types', 't', 'by_' || c, key => c) FROM unnest('{a,b,c,d,e,f,g,h,i,j}'::text[]) c;
SELECT node_type, key_column, key_type FROM sage.node_types;
SELECT sage_add_nodes('types', 't', 'wrong', key => 'p');
SELECT sage_add_nodes('types', 't', 'wrong', key => 'q');
SELECT sage_add_nodes('types', 't', 'wrong', key => 'r');
SELECT sage_add_nodes('types', 't', 'wrong', key => 's');
SELECT sage_add_nodes('types', 't', 'wrong', key => 't');
SELECT sage_add_nodes('types', 't', 'wrong', key => 'u');
SELECT sage_add_nodes('types', 't', 'wrong', key => 'v');

-- ends of edges must be of the same kind as the key
CREATE TABLE e (i2 smallint, i8 bigint, d account, t text, v varchar, u uuid, j token, x numeric, c char(5));
SET client_min_messages = error;
SELECT sage_add_edges('types', 'e', 'ii', source => 'i2', target => 'd', source_type => 'by_c', target_type => 'by_a');
SELECT sage_add_edges('types', 'e', 'tt', source => 't', target => 'v', source_type => 'by_h', target_type => 'by_g');
SELECT sage_add_edges('types', 'e', 'uu', source => 'u', target => 'j', source_type => 'by_j', target_type => 'by_i');
SELECT sage_add_edges('types', 'e', 'it', source => 'i8', target => 't', source_type => 'by_c', target_type => 'by_e');
RESET client_min_messages;
SELECT edge_type, source_column, source_type, target_column, target_type FROM sage.edge_types;
SELECT sage_add_edges('types', 'e', 'wrong', source => 't', target => 'i8', source_type => 'by_c', target_type => 'by_c');
SELECT sage_add_edges('types', 'e', 'wrong', source => 'i8', target => 'u', source_type => 'by_c', target_type => 'by_c');
SELECT sage_add_edges('types', 'e', 'wrong', source => 't', target => 'u', source_type => 'by_e', target_type => 'by_e');
SELECT sage_add_edges('types', 'e', 'wrong', source => 'i8', target => 'x', source_type => 'by_c', target_type => 'by_c');
SELECT sage_add_edges('types', 'e', 'wrong', source => 't', target => 'c', source_type => 'by_e', target_type => 'by_e');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('types');

-- a foreign key counts only if it points to the key
CREATE TABLE people (id int PRIMARY KEY, email text UNIQUE NOT NULL);
CREATE TABLE mails (a text REFERENCES people (email), b text REFERENCES people (email), c int REFERENCES people);
CREATE INDEX ON mails (a, b);
CREATE INDEX ON mails (b, a);
SELECT sage_create_graph('mail', 'people', 'mails');
SELECT sage_create_graph('mail', 'people', 'mails', key => 'email');
SELECT source_column, target_column FROM sage.edge_types;
SELECT sage_drop_graph('mail');

-- a collation for which other bytes are equal
CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE named (k text COLLATE blind PRIMARY KEY, a int);
SELECT sage_create_graph('collation', 'named');
SELECT sage_drop_graph('collation');

SET client_min_messages = warning;
DROP SCHEMA graph_keys CASCADE;
