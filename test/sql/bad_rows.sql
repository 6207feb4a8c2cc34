-- Values at the limits: those that can be used are, others are errors that
-- name the table, the column and the row on every path.
CREATE SCHEMA bad_rows;
SET search_path = bad_rows, public;
SET client_min_messages = error;
CREATE TABLE n AS SELECT i AS id, i * 37 % 10 AS a, i * 7919 % 100 / 100.0::float8 AS b, i::numeric AS c, i % 3 = 0 AS y FROM generate_series(1, 200) i;
ALTER TABLE n ADD PRIMARY KEY (id);
CREATE TABLE e AS SELECT DISTINCT 1 + i % 200 AS source, 1 + (i * 7919 + 13) % 200 AS target FROM generate_series(1, 800) i WHERE i % 200 <> (i * 7919 + 13) % 200;
CREATE INDEX ON e (source, target);
CREATE INDEX ON e (target, source);

-- weights
ALTER TABLE e ADD w float8 DEFAULT 1, ADD d numeric DEFAULT 1;
UPDATE e SET w = 1e-50, d = 1e-320 WHERE source = 7;
SELECT sage_create_graph(g), sage_add_nodes(g, 'n'), sage_add_edges(g, 'e', source => 'source', target => 'target', source_type => 'n', target_type => 'n', weight_column => c) FROM (VALUES ('w', 'w'), ('d', 'd')) v(g, c);
SELECT version FROM sage_train('w', 'w', 'n.y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
SELECT version FROM sage_train('d', 'd', 'n.y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
SELECT sage_predict(7, 'w') IS NOT NULL AS tiny, count(*) AS neighbors FROM sage_sample_neighbors('w', ARRAY[7], 'e', -1);
UPDATE e SET w = 1e39, d = 1e400 WHERE source = 7;
\set VERBOSITY terse
SELECT version FROM sage_train('w', 'w', 'n.y', options => '{"epochs": 2, "quiet": true}');
SELECT sage_predict(7, 'w');
SELECT sage_predict(7, 'd');
\set VERBOSITY default
UPDATE e SET w = 1e39 WHERE source = 8 AND target = (SELECT min(target) FROM e WHERE source = 8);
UPDATE e SET w = 1 WHERE source = 7;
DO $$ DECLARE detail text; hint text; BEGIN PERFORM sage_predict(8, 'w'); EXCEPTION WHEN numeric_value_out_of_range THEN GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT; RAISE EXCEPTION '%; % %', SQLERRM, regexp_replace(detail, '\d+', 'N', 'g'), hint; END $$;
UPDATE e SET w = 1, d = 1;

-- features: NaN, and numerics beyond float8
\set VERBOSITY terse
SELECT sage_create_graph('f', 'n', 'e', features => '{a,b,c}');
SELECT version FROM sage_train('f', 'f', 'y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
UPDATE n SET c = 1e-400 WHERE id = 9;
SELECT sage_predict(9, 'f') IS NOT NULL AS tiny;
CREATE FUNCTION error_of(command text, OUT message text, OUT state text, OUT names_row boolean) LANGUAGE plpgsql AS $$
DECLARE context text; detail text;
BEGIN
	EXECUTE command;
EXCEPTION WHEN data_exception THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT, detail = PG_EXCEPTION_DETAIL;
	message := SQLERRM; state := SQLSTATE; names_row := context || detail ~ 'row (of|with).*"id" = 9\M';
END $$;
UPDATE n SET c = 1e400 WHERE id = 9;
SELECT a, m.* FROM unnest('{live,resident}'::text[]) a, LATERAL set_config('sage.access', a, false), LATERAL error_of($$SELECT sage_predict(9, 'f')$$) m;
SELECT * FROM error_of($$SELECT sage_train('f', 'f', 'y', options => '{"epochs": 2, "quiet": true}')$$);
UPDATE n SET c = 1, b = 'NaN' WHERE id = 9;
SELECT a, m.* FROM unnest('{live,resident}'::text[]) a, LATERAL set_config('sage.access', a, false), LATERAL error_of($$SELECT sage_predict(9, 'f')$$) m;
UPDATE n SET b = 1 WHERE id = 9;

-- times: seconds, not nanoseconds; dates beyond those of timestamps
ALTER TABLE n ADD s bigint, ADD d date;
UPDATE n SET s = 1577836800 + id * 3600, d = date '2020-01-01' + id;
SELECT sage_create_graph('s', 'n', 'e', time_column => 's', features => '{a,b}'), sage_create_graph('t', 'n', 'e', time_column => 'd', features => '{a,b}');
SELECT version FROM sage_train('s', 's', 'y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
SELECT version FROM sage_train('t', 't', 'y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
UPDATE n SET s = s * 1000000000, d = '5874897-12-31' WHERE id = 9;
SELECT a, m.* FROM unnest('{live,resident}'::text[]) a, unnest('{s,t}'::text[]) g, LATERAL set_config('sage.access', a, false), LATERAL error_of(format($$SELECT sage_predict(9, %L, at => '2020-02-01')$$, g)) m ORDER BY 1, 2;
UPDATE n SET d = 'infinity', s = NULL WHERE id = 9;
SELECT sage_predict(9, 's', at => '2020-02-01') IS NOT NULL AS no_time, sage_predict(9, 't', at => '2020-02-01') IS NOT NULL AS infinite;
RESET sage.access;

-- the wrong unit: nothing is ever seen
SET client_min_messages = warning;
\set VERBOSITY default
ALTER TABLE n ADD ms bigint;
UPDATE n SET ms = 1000 * (1577836800 + id * 3600)::bigint;
ALTER TABLE e ADD ms bigint;
UPDATE e SET ms = 1000 * 1577836800::bigint;
SELECT sage_create_graph('u'), sage_add_nodes('u', 'n', features => '{a,b}', time_column => 'ms'), sage_add_edges('u', 'e', source => 'source', target => 'target', source_type => 'n', target_type => 'n', time_column => 'ms');
SELECT version FROM sage_train('u', 'u', labels => $$SELECT id AS node, y AS label, timestamptz '2020-01-20' + id % 7 * interval '1 day' AS at FROM n$$, options => '{"epochs": 2, "quiet": true, "hidden": 8, "exclude": ["y"]}');
UPDATE n SET ms = ms / 1000;
UPDATE e SET ms = ms / 1000;
SELECT version FROM sage_train('u', 'u', labels => $$SELECT id AS node, y AS label, timestamptz '2020-01-20' + id % 7 * interval '1 day' AS at FROM n$$, options => '{"epochs": 2, "quiet": true, "hidden": 8, "exclude": ["y"]}');
SET client_min_messages = error;
\set VERBOSITY terse

-- keys of several columns
CREATE TABLE k (a int, b text, t timestamptz, y boolean, PRIMARY KEY (a, b, t));
INSERT INTO k SELECT i, 'x' || i, timestamptz '2020-01-01 00:00Z' + i * interval '1 hour', i % 2 = 0 FROM generate_series(1, 100) i;
CREATE TABLE ke (id int PRIMARY KEY, a int, b text, t timestamptz, FOREIGN KEY (a, b, t) REFERENCES k);
INSERT INTO ke SELECT i, a, b, t FROM k, generate_series(a, a) i;
CREATE INDEX ON ke (a, b, t);
SELECT sage_create_graph('k');
SELECT edge_type FROM sage_add_foreign_keys('k', '{k,ke}');
SELECT version FROM sage_train('k', 'k', 'k.y', options => '{"epochs": 1, "quiet": true, "hidden": 8}');
SELECT sage_predict(jsonb_build_array(a, b, timezone('UTC', t))::text, 'k') IS NOT NULL AS found FROM k WHERE a = 3;
\set VERBOSITY default
SELECT sage_predict('[3, "x3"]', 'k');
SELECT sage_predict('[3, "x3", "2020-01-01T03:00:00+00:00"]', 'k');
SELECT sage_predict('[3, "x3", "2020-01-01T03:00:00", 1]', 'k');

SELECT count(sage_drop_model(model)) FROM sage.models;
SELECT count(sage_drop_graph(graph)) FROM sage.graphs;
DROP SCHEMA bad_rows CASCADE;
