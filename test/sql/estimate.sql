-- What a training will take, by the statistics of the tables.
CREATE SCHEMA estimate;
SET search_path = estimate, public;
CREATE TABLE users (id int PRIMARY KEY, age int, tags int[], profile real[], city text, churned bool);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, i % 70, ARRAY[i % 50, 50 + i % 70, 200 + i % 11], ARRAY[i, i % 7, i % 11, i % 13]::real[], 'c' || i % 20, i % 3 = 0
	FROM generate_series(1, 5000) i;
INSERT INTO follows SELECT i, 1 + (i * k * 31) % 5000 FROM generate_series(1, 5000) i, generate_series(1, 6) k;
ANALYZE users, follows;
SELECT sage_create_graph('estimate', 'users', 'follows');

-- rows and edges; bytes: a row has some 5 to 13 numbers and ids, an edge two places
SELECT rows BETWEEN 2500 AND 10000 AS rows, edges BETWEEN 15000 AND 60000 AS edges,
	graph_bytes BETWEEN (5000 * 70 + 30000 * 8) / 2 AND (5000 * 70 + 30000 * 8) * 2 AS graph_bytes,
	training_bytes > graph_bytes AS more_to_train, access, load_seconds > 0 AS load, epoch_seconds > 0 AS epoch
	FROM sage_estimate('estimate');
-- what takes more
SELECT wide.training_bytes > narrow.training_bytes AS hidden, wide.graph_bytes = narrow.graph_bytes AS same_graph,
	wide.epoch_seconds > narrow.epoch_seconds AS slower
	FROM sage_estimate('estimate', '{"hidden": 256}') wide, sage_estimate('estimate', '{"hidden": 16}') narrow;
SELECT many.epoch_seconds > few.epoch_seconds AS fanout
	FROM sage_estimate('estimate', '{"fanout": [10, 10]}') many, sage_estimate('estimate', '{"fanout": [2, 2]}') few;
SET sage.max_memory = '1MB';
SELECT access FROM sage_estimate('estimate');
RESET sage.max_memory;

-- tables that were never analyzed: by their size, all the same
CREATE TABLE fresh AS SELECT * FROM users;
CREATE TABLE links AS SELECT * FROM follows;
SET client_min_messages = error;
SELECT sage_create_graph('fresh', 'fresh', 'links', key => 'id');
RESET client_min_messages;
SELECT rows > 0 AS rows, edges > 0 AS edges FROM sage_estimate('fresh');

-- errors
SELECT * FROM sage_estimate('nothing');
SELECT * FROM sage_estimate('estimate', '{"hiden": 3}');
SELECT sage_drop_graph('fresh');
SELECT sage_drop_graph('estimate');
SET client_min_messages = warning;
DROP SCHEMA estimate CASCADE;
