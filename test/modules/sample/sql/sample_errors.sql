-- What is refused, by both stores alike.
SET search_path = sample_test, public;
SET client_min_messages = error;
\set VERBOSITY terse

-- a key that is not unique
CREATE TABLE twice (id int);
INSERT INTO twice VALUES (1), (2), (2), (NULL), (NULL);
CREATE TABLE edges (a int, b int, w float8);
INSERT INTO edges VALUES (1, 2, 1);
SELECT sage_create_graph('twice', 'twice', 'edges', key => 'id', source => 'a', target => 'b');
SELECT test_neighbors('resident', 'twice', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'twice', 'edges', dst => '{1}');

-- weights that are none
CREATE TABLE nodes (id int PRIMARY KEY);
INSERT INTO nodes SELECT generate_series(1, 3);
SELECT sage_create_graph('weights', 'nodes', 'edges', source => 'a', target => 'b', weight_column => 'w');
UPDATE edges SET w = -1;
SELECT test_neighbors('resident', 'weights', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'weights', 'edges', dst => '{1}');
UPDATE edges SET w = 'NaN';
SELECT test_neighbors('resident', 'weights', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'weights', 'edges', dst => '{1}');
UPDATE edges SET w = 'infinity';
SELECT test_neighbors('resident', 'weights', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'weights', 'edges', dst => '{1}');

-- also where they will not count: no row at the other end, a loop; but without an end it is no edge
UPDATE edges SET w = 1;
INSERT INTO edges VALUES (1, 77, -1);
SELECT test_neighbors('resident', 'weights', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'weights', 'edges', dst => '{1}');
UPDATE edges SET b = 1 WHERE b = 77;
SELECT test_neighbors('resident', 'weights', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'weights', 'edges', dst => '{1}');
UPDATE edges SET b = NULL WHERE b = 1;
SELECT store, (SELECT count(*) FROM test_neighbors(store, 'weights', 'edges', dst => '{1}')) AS neighbors
FROM unnest('{resident,live}'::text[]) AS store;
DELETE FROM edges WHERE b IS NULL;

-- a seed that stands twice in a batch
SELECT test_blocks('weights', 'nodes', seeds => '{1,2,1}');

-- rows that the caller may not read
DROP ROLE IF EXISTS regress_sample_reader;
CREATE ROLE regress_sample_reader;
GRANT USAGE ON SCHEMA sample_test TO regress_sample_reader;
GRANT SELECT ON nodes TO regress_sample_reader;
SET ROLE regress_sample_reader;
SELECT test_neighbors('resident', 'weights', 'edges', dst => '{1}');
SELECT test_neighbors('live', 'weights', 'edges', dst => '{1}');
RESET ROLE;
-- and those that a policy hides are not there
GRANT SELECT ON edges TO regress_sample_reader;
INSERT INTO edges VALUES (1, 3, 1), (2, 3, 1);
ALTER TABLE nodes ENABLE ROW LEVEL SECURITY;
CREATE POLICY not_two ON nodes USING (id <> 2);
SET ROLE regress_sample_reader;
SELECT * FROM test_show('weights', 'edges');
RESET ROLE;

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE twice, edges, nodes;
REVOKE ALL ON SCHEMA sample_test FROM regress_sample_reader;
DROP ROLE regress_sample_reader;
