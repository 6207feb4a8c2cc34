-- Partitioned tables: the scores of a plain one, of few partitions.
CREATE SCHEMA partitions;
SET search_path = partitions, public;
SET client_min_messages = error;

CREATE TABLE users (id int PRIMARY KEY, age float8, y bool);
CREATE TABLE follows (source int, target int, at timestamptz);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, i * 37 % 60, i % 3 = 0 FROM generate_series(1, 600) i;
INSERT INTO follows SELECT 1 + i % 600, 1 + i * 7919 % 600, timestamptz '2024-01-01 00:00Z' + (i * 31 % 800) * interval '1 hour' FROM generate_series(1, 2400) i;
INSERT INTO follows VALUES (1, 2, NULL), (3, 4, 'infinity'), (5, 6, '-infinity');

-- by hash of the key, and by time in several types
CREATE TABLE users_h (LIKE users INCLUDING INDEXES) PARTITION BY HASH (id);
CREATE TABLE follows_h (LIKE follows INCLUDING INDEXES) PARTITION BY HASH (source);
CREATE TABLE follows_t (LIKE follows INCLUDING INDEXES) PARTITION BY RANGE (at);
CREATE TABLE follows_d (source int, target int, at date) PARTITION BY RANGE (at);
CREATE TABLE follows_p (source int, target int, at timestamp) PARTITION BY RANGE (at);
CREATE TABLE follows_s (source int, target int, at bigint) PARTITION BY RANGE (at);
SELECT format('CREATE TABLE %1$s_%2$s PARTITION OF %1$s FOR VALUES WITH (MODULUS 40, REMAINDER %2$s)', t, i)
	FROM generate_series(0, 39) i, unnest('{users_h,follows_h}'::text[]) t \gexec
SELECT format('CREATE TABLE %1$s_%2$s PARTITION OF %1$s FOR VALUES FROM (%3$L) TO (%4$L)', t, i, timestamptz '2024-01-01 00:00Z' + i * interval '1 day', timestamptz '2024-01-02 00:00Z' + i * interval '1 day')
	FROM generate_series(0, 39) i, unnest('{follows_t,follows_p}'::text[]) t \gexec
SELECT format('CREATE TABLE follows_d_%s PARTITION OF follows_d FOR VALUES FROM (%L) TO (%L)', i, date '2024-01-01' + i, date '2024-01-02' + i) FROM generate_series(0, 39) i \gexec
SELECT format('CREATE TABLE follows_s_%s PARTITION OF follows_s FOR VALUES FROM (%s) TO (%s)', i, 1704067200 + i * 86400, 1704067200 + (i + 1) * 86400) FROM generate_series(0, 39) i \gexec
SELECT format('CREATE TABLE %1$s_rest PARTITION OF %1$s DEFAULT', t) FROM unnest('{follows_t,follows_d,follows_p,follows_s}'::text[]) t \gexec
INSERT INTO users_h SELECT * FROM users;
INSERT INTO follows_h SELECT * FROM follows;
INSERT INTO follows_t SELECT * FROM follows;
INSERT INTO follows_d SELECT source, target, at AT TIME ZONE 'UTC' FROM follows;
INSERT INTO follows_p SELECT source, target, at AT TIME ZONE 'UTC' FROM follows;
INSERT INTO follows_s SELECT source, target, extract(epoch FROM at) FROM follows WHERE isfinite(at) OR at IS NULL;
CREATE TABLE plain_d AS SELECT * FROM follows_d;
CREATE TABLE plain_p AS SELECT * FROM follows_p;
CREATE TABLE plain_s AS SELECT * FROM follows_s;
SELECT format('CREATE INDEX ON %1$s (source, target); CREATE INDEX ON %1$s (target, source)', t) FROM unnest('{follows_d,follows_p,follows_s,plain_d,plain_p,plain_s}'::text[]) t \gexec
ANALYZE;

-- a graph without times, one with an edge type for each way to cut, and the same on plain tables
SELECT sage_create_graph(g), sage_add_nodes(g, t, 'users') FROM (VALUES ('p', 'users'::regclass), ('h', 'users_h')) v(g, t);
SELECT sage_add_edges(g, t, 'follows', source => 'source', target => 'target', source_type => 'users', target_type => 'users', direction => 'forward') FROM (VALUES ('p', 'follows'::regclass), ('h', 'follows_h')) v(g, t);
SELECT sage_create_graph(g || k), sage_add_nodes(g || k, CASE g WHEN 'c' THEN 'users_h' ELSE 'users' END::regclass, 'users') FROM unnest('{c,n}'::text[]) g, unnest('{t,d,p,s,h}'::text[]) k;
SELECT sage_add_edges(g || k, CASE WHEN g = 'c' THEN 'follows_' || k WHEN k IN ('t', 'h') THEN 'follows' ELSE 'plain_' || k END::regclass, 'follows', source => 'source', target => 'target', source_type => 'users', target_type => 'users', time_column => 'at')
	FROM unnest('{c,n}'::text[]) g, unnest('{t,d,p,s,h}'::text[]) k;
SELECT count(*) FROM unnest('{p,h}'::text[]) g, LATERAL sage_train(g, g, 'y', options => '{"epochs": 1, "hidden": 8, "quiet": true, "fanout": [5, 5]}') t;
SELECT count(*) FROM unnest('{c,n}'::text[]) g, unnest('{t,d,p,s,h}'::text[]) k, LATERAL sage_train(g || k, g || k, 'y', options => '{"epochs": 1, "hidden": 8, "quiet": true, "fanout": [5, 5]}') t;

-- the same neighbors, of a few and of many nodes, with and without a time
SET sage.access = live;
SELECT count(*) FROM (SELECT * FROM sage_sample_neighbors('p', ARRAY(SELECT generate_series(1, 600)), 'follows', 3) EXCEPT ALL SELECT * FROM sage_sample_neighbors('h', ARRAY(SELECT generate_series(1, 600)), 'follows', 3)) d;
SELECT count(*) FROM (SELECT * FROM sage_sample_neighbors('p', ARRAY(SELECT generate_series(1, 20)), 'follows', -1) EXCEPT ALL SELECT * FROM sage_sample_neighbors('h', ARRAY(SELECT generate_series(1, 20)), 'follows', -1)) d;
SELECT k, count(*) FILTER (WHERE diff) AS differ FROM unnest('{t,d,p,s,h}'::text[]) k, unnest('{2024-01-01,2024-01-10,"2024-01-10 12:00:00.000001Z",2024-02-20,-infinity,NULL}'::timestamptz[]) at,
	LATERAL (SELECT EXISTS (SELECT * FROM sage_sample_neighbors('c' || k, ARRAY(SELECT generate_series(1, 600)), 'follows', 4, at => at) EXCEPT ALL SELECT * FROM sage_sample_neighbors('n' || k, ARRAY(SELECT generate_series(1, 600)), 'follows', 4, at => at))
		OR EXISTS (SELECT * FROM sage_sample_neighbors('n' || k, ARRAY(SELECT generate_series(1, 600)), 'follows', 4, at => at) EXCEPT ALL SELECT * FROM sage_sample_neighbors('c' || k, ARRAY(SELECT generate_series(1, 600)), 'follows', 4, at => at))) d(diff) GROUP BY k ORDER BY k;

-- the same scores, of single rows and of arrays
SELECT count(*), bool_and(abs(sage_predict(id, 'p') - sage_predict(id, 'h')) < 1e-5) AS same FROM users WHERE id <= 40;

-- one row: only the partitions of its neighborhood are touched
CREATE VIEW partitions_locked AS SELECT i.inhparent::regclass::text AS parent, count(*) FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation WHERE l.pid = pg_backend_pid() AND l.granted GROUP BY 1;
CREATE VIEW partitions_read AS SELECT i.inhparent::regclass::text AS parent, count(*) FROM pg_stat_xact_all_tables s JOIN pg_inherits i ON i.inhrelid = s.relid WHERE s.seq_scan + coalesce(s.idx_scan, 0) > 0 GROUP BY 1;
SELECT sage_predict(1, 'h') IS NOT NULL AS loaded, sage_predict(1, 'ct', at => '2024-01-03') IS NOT NULL AS loaded;
BEGIN;
SELECT sage_predict(77, 'h') IS NOT NULL AS scored;
SELECT parent, count BETWEEN 1 AND 36 AS few FROM partitions_locked WHERE parent IN ('users_h', 'follows_h') ORDER BY 1;
COMMIT;
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT sage_predict(77, 'ct', at => '2024-01-03') IS NOT NULL AS scored;
SELECT parent, count BETWEEN 1 AND 4 AS few FROM partitions_read WHERE parent = 'follows_t';
COMMIT;

-- keys of several columns
CREATE TABLE stays (house int, room int, price float8, y bool, PRIMARY KEY (house, room)) PARTITION BY LIST (house);
SELECT format('CREATE TABLE stays_%1$s PARTITION OF stays FOR VALUES IN (%1$s)', i) FROM generate_series(1, 30) i \gexec
CREATE TABLE visits (id int PRIMARY KEY, house int, room int, FOREIGN KEY (house, room) REFERENCES stays);
INSERT INTO stays SELECT 1 + i % 30, i, i * 7 % 50, i % 2 = 0 FROM generate_series(1, 300) i;
INSERT INTO visits SELECT i, 1 + i % 30, 1 + (i - 1) % 300 FROM generate_series(1, 600) i WHERE i % 30 = (1 + (i - 1) % 300) % 30;
CREATE INDEX ON visits (house, room);
SELECT sage_create_graph('s');
SELECT edge_type FROM sage_add_foreign_keys('s', ARRAY['stays', 'visits']::regclass[]);
SELECT count(*) FROM sage_train('s', 's', 'stays.y', options => '{"epochs": 1, "hidden": 8, "quiet": true}');
SELECT sage_predict('[9, 8]', 's') IS NOT NULL AS loaded;
BEGIN;
SELECT sage_predict('[8, 7]', 's') IS NOT NULL AS scored;
SELECT parent, count BETWEEN 1 AND 20 AS few FROM partitions_locked WHERE parent = 'stays';
COMMIT;
SELECT count(*) AS scored FROM stays WHERE sage_predict(jsonb_build_array(house, room)::text, 's') IS NOT NULL;
SET sage.access = resident;
CREATE TABLE resident AS SELECT jsonb_build_array(house, room)::text AS key, sage_predict(jsonb_build_array(house, room)::text, 's') AS score FROM stays;
SET sage.access = live;
SELECT count(*), bool_and(abs(score - sage_predict(key, 's')) < 1e-5) AS same FROM resident;
-- indexes: of each partition and child that can have one
RESET sage.access;
SET client_min_messages = warning;
CREATE TABLE parent (a int, b int);
CREATE TABLE child () INHERITS (parent);
CREATE INDEX ON child (a, b);
CREATE INDEX ON child (b, a);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE TABLE mixed (a int, b int) PARTITION BY LIST (a);
CREATE TABLE mixed_1 PARTITION OF mixed FOR VALUES IN (1);
CREATE FOREIGN TABLE mixed_2 PARTITION OF mixed FOR VALUES IN (2) SERVER nowhere;
CREATE INDEX ON mixed_1 (a, b);
CREATE INDEX ON mixed_1 (b, a);
SELECT sage_create_graph('i'), sage_add_nodes('i', 'users');
SELECT sage_add_edges('i', t, source => 'a', target => 'b', source_type => 'users', target_type => 'users') FROM unnest('{parent,mixed}'::regclass[]) t;
CREATE TABLE bare () INHERITS (parent);
SELECT sage_add_edges('i', 'parent', 'again', source => 'a', target => 'b', source_type => 'users', target_type => 'users', direction => 'forward');
DROP INDEX mixed_1_b_a_idx;
SELECT sage_add_edges('i', 'mixed', 'mixed again', source => 'a', target => 'b', source_type => 'users', target_type => 'users');
SET client_min_messages = error;
DROP SERVER nowhere CASCADE;
DROP FOREIGN DATA WRAPPER nothing;

SELECT count(sage_drop_model(model)) FROM sage.models;
SELECT count(sage_drop_graph(graph)) FROM sage.graphs;
DROP SCHEMA partitions CASCADE;
