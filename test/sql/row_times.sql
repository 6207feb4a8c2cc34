-- A row's own time is the same for all paths: a row value exists from its
-- time on, as the stored row does.
SET client_min_messages = warning;
SELECT setseed(0.5);
CREATE TABLE row_nodes AS SELECT i AS id, i * 7919 % 10 AS a, i * 31 % 97 / 97.0::float8 AS b, i * 7919 % 53 < 21 AS y,
	timestamptz '2024-01-01 00:00+00' + (i * 7919 % 400) * interval '1 hour' AS joined FROM generate_series(1, 400) i;
ALTER TABLE row_nodes ADD PRIMARY KEY (id);
CREATE TABLE row_edges AS SELECT DISTINCT 1 + i * 104729 % 400 AS source, 1 + i * 7919 % 397 AS target FROM generate_series(1, 1600) i;
CREATE INDEX ON row_edges (source, target);
CREATE INDEX ON row_edges (target, source);
SELECT sage_create_graph('row_times', 'row_nodes', 'row_edges', time_column => 'joined');

-- as a neighbor of its neighbors the row has the place of its time
SELECT version FROM sage_train('row_times', 'row_times', 'y', options => '{"epochs": 5, "quiet": true, "pick": "recent", "fanout": [3, 3]}');
SELECT count(*) FILTER (WHERE sage_predict(id, 'row_times') IS DISTINCT FROM sage_predict_row(n, 'row_times')) AS differ
FROM row_nodes n;

-- and none as of a time before
SELECT version FROM sage_train('row_times', 'row_times', 'y', options => '{"epochs": 5, "quiet": true, "fanout": [-1, -1]}');
SELECT joined < '2024-01-10 00:00+00' AS there, count(*) > 100 AS some,
	count(*) FILTER (WHERE abs(sage_predict(id, 'row_times', at => '2024-01-10 00:00+00')
		- sage_predict_row(n, 'row_times', at => '2024-01-10 00:00+00')) > 1e-6) AS differ
FROM row_nodes n GROUP BY 1 ORDER BY 1;

-- a trigger keeps what sage_predict gives
ALTER TABLE row_nodes ADD score float8;
SELECT sage_attach('row_times', 'score');
UPDATE row_nodes SET a = a;
SELECT count(*) FILTER (WHERE score IS DISTINCT FROM sage_predict(id, 'row_times')) AS differ FROM row_nodes;

SELECT sage_detach('row_times', 'score');
SELECT sage_drop_model('row_times');
SELECT sage_drop_graph('row_times');
DROP TABLE row_nodes, row_edges;
