-- What can be a table of a graph, odd names, and which indexes are missed.
CREATE SCHEMA "Graph ""tables""";
SET search_path = "Graph ""tables""", public;

-- views have no constraints: names and arguments decide
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE VIEW people AS SELECT id, name FROM users;
CREATE VIEW links AS SELECT 1 AS source, 2 AS target;
SELECT sage_create_graph('views', nodes => 'people', edges => 'links');
SELECT node_type, nodes, key_column FROM sage.node_types;
SELECT edge_type, edges, source_column, target_column FROM sage.edge_types;
SELECT sage_drop_graph('views');

-- materialized views can have indexes
CREATE MATERIALIZED VIEW summary AS SELECT id FROM users;
SELECT sage_create_graph('views', nodes => 'summary');
CREATE UNIQUE INDEX ON summary (id);
SELECT sage_add_nodes('views', 'summary', node_type => 'indexed');
SELECT sage_drop_graph('views');

-- partitioned tables
CREATE TABLE parts (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE calls (source int, target int, at date) PARTITION BY RANGE (at);
CREATE TABLE calls_1 PARTITION OF calls FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
SELECT sage_create_graph('parted', 'parts', 'calls');
CREATE INDEX ON calls (source, target);
SELECT sage_add_edges('parted', 'calls', 'calls2');
CREATE INDEX ON calls (target, source);
SELECT sage_add_edges('parted', 'calls', 'calls3');
SELECT sage_drop_graph('parted');
-- foreign keys of a partitioned table, to a partitioned table
CREATE TABLE hosts (name text PRIMARY KEY) PARTITION BY HASH (name);
CREATE TABLE hosts_0 PARTITION OF hosts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hosts_1 PARTITION OF hosts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE flows (bytes bigint, sender text REFERENCES hosts, receiver text REFERENCES hosts) PARTITION BY RANGE (bytes);
CREATE TABLE flows_0 PARTITION OF flows DEFAULT;
CREATE INDEX ON flows (sender, receiver);
CREATE INDEX ON flows (receiver, sender);
SELECT sage_create_graph('parted', 'hosts', 'flows');
SELECT sage_add_edges('parted', 'flows_0');
SELECT edge_type, source_column, target_column FROM sage.edge_types;
SELECT sage_drop_graph('parted');

-- foreign tables
CREATE FOREIGN DATA WRAPPER graph_tables_fdw;
CREATE SERVER graph_tables_server FOREIGN DATA WRAPPER graph_tables_fdw;
CREATE FOREIGN TABLE far (id int, seen timestamptz) SERVER graph_tables_server;
CREATE FOREIGN TABLE far_links (src int, dst int) SERVER graph_tables_server;
SELECT sage_create_graph('far', 'far', 'far_links', time_column => 'seen');
SELECT node_type, nodes FROM sage.node_types;
SELECT sage_drop_graph('far');

-- temporary tables: each session finds its own
CREATE TEMP TABLE fleeting (id int PRIMARY KEY);
SELECT sage_create_graph('temp', 'fleeting');
SELECT node_type, nodes FROM sage.node_types;
SELECT sage_add_nodes('temp', 'users');
DROP TABLE fleeting;
SELECT sage_drop_graph('temp');

-- what has no rows of its own is refused
CREATE SEQUENCE seq;
CREATE TYPE pair AS (source int, target int);
SELECT sage_create_graph('g', nodes => 'seq');
SELECT sage_create_graph('g', nodes => 'users_pkey');
SELECT sage_create_graph('g', nodes => 'users', edges => 'pair');

-- names that must be quoted
CREATE TABLE "My ""Users""" ("User Id" int PRIMARY KEY, "select" text, "Added At" date);
CREATE TABLE "Who's Who" ("From" int REFERENCES "My ""Users""", "To" int REFERENCES "My ""Users""");
SELECT sage_create_graph('The "graph"', nodes => '"My ""Users"""', edges => '"Who''s Who"',
	features => '{select}', time_column => 'Added At');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
SELECT * FROM sage.node_types;
SELECT * FROM sage.edge_types;
SELECT sage_add_nodes('The "graph"', 'users');
SELECT sage_drop_graph('The "graph"');

-- dropped columns leave gaps in the numbering
CREATE TABLE gaps (a int, id int PRIMARY KEY, b int);
ALTER TABLE gaps DROP COLUMN a, DROP COLUMN b;
CREATE TABLE gap_links (z int, source int REFERENCES gaps, y int, target int REFERENCES gaps);
ALTER TABLE gap_links DROP COLUMN z, DROP COLUMN y;
CREATE INDEX ON gap_links (source, target);
CREATE INDEX ON gap_links (target, source);
SELECT sage_create_graph('gaps', 'gaps', 'gap_links');
SELECT sage_drop_graph('gaps');
SELECT sage_create_graph('gaps', 'gaps', features => '{a}');
SELECT sage_create_graph('gaps', 'gaps', key => '........pg.dropped.1........');
SELECT sage_create_graph('gaps', 'gaps', key => 'ctid');

-- inheritance
CREATE TABLE child (extra int) INHERITS (users);
SELECT sage_create_graph('inherit', 'users');
SELECT sage_add_nodes('inherit', 'child');
SELECT sage_drop_graph('inherit');

-- indexes: one that starts with the column is enough, whatever follows
CREATE TABLE e (source int, target int, kind text);
SELECT sage_create_graph('idx', 'users', 'e');
CREATE INDEX e_source ON e (source);
CREATE INDEX e_target ON e USING hash (target);
SELECT sage_add_edges('idx', 'e', 'e1');
DROP INDEX e_target;
-- only the direction that is walked
SELECT sage_add_edges('idx', 'e', 'e2', direction => 'forward');
SELECT sage_add_edges('idx', 'e', 'e3', direction => 'both');
-- partial indexes, expressions, other access methods and later columns do not help
CREATE INDEX ON e (target) WHERE kind = 'x';
CREATE INDEX ON e ((target + 0));
CREATE INDEX ON e (kind, target);
CREATE INDEX ON e USING brin (target);
SELECT sage_add_edges('idx', 'e', 'e4');
CREATE INDEX ON e (target);
SELECT sage_add_edges('idx', 'e', 'e5');
-- the command is complete, and works
CREATE TABLE "E" ("a b" int, "from" int);
SELECT sage_add_edges('idx', '"E"', source => 'a b', target => 'from');
CREATE INDEX ON "Graph ""tables"""."E" ("a b", "from");
CREATE INDEX ON "Graph ""tables"""."E" ("from", "a b");
SELECT sage_add_edges('idx', '"E"', 'E2', source => 'a b', target => 'from');
SELECT sage_drop_graph('idx');

SET client_min_messages = warning;
DROP SCHEMA "Graph ""tables""" CASCADE;
DROP FOREIGN DATA WRAPPER graph_tables_fdw CASCADE;
