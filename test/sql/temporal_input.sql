-- Labels with times, and rows with times: what is odd about them, and what is refused.
CREATE SCHEMA temporal_input;
SET search_path = temporal_input, public;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
CREATE TABLE machines (id int PRIMARY KEY, kind text, built date);
CREATE TABLE readings (id int PRIMARY KEY, machine int NOT NULL REFERENCES machines, value float8, taken timestamptz);
CREATE INDEX ON readings (machine, id);
INSERT INTO machines SELECT i, 'k' || i % 3, date '2020-01-01' + i FROM generate_series(1, 60) i;
INSERT INTO readings SELECT i * 20 + m, i, draw('v' || i || ' ' || m), CASE WHEN m < 12 THEN timestamptz '2023-01-01' + m * interval '30 days' END
	FROM generate_series(1, 60) i, generate_series(0, 12) m;
CREATE TABLE labels AS SELECT m.id AS node, t AS at,
	(SELECT avg(value) FROM readings r WHERE r.machine = m.id AND r.taken >= t - interval '61 days' AND r.taken < t) AS label
	FROM machines m, generate_series(timestamptz '2023-04-01', '2023-11-01', '30 days') t;
SELECT sage_create_graph('input');
SELECT sage_add_nodes('input', 'machines');
SELECT sage_add_nodes('input', 'readings', time_column => 'taken');
SELECT sage_add_edges('input', 'readings', edge_type => 'of', source => 'id', target => 'machine');
CREATE FUNCTION train(labels text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN validation IS NULL THEN 'no validation' ELSE 'trained' END
		FROM sage_train('m', 'input', labels => labels, node_type => 'machines', options => '{"quiet": true, "epochs": 2}' || options) $$;
CREATE FUNCTION split() RETURNS text LANGUAGE sql AS $$ SELECT concat_ws(' ', metrics ->> 'train', metrics ->> 'validation', metrics ->> 'test') FROM sage.models WHERE model = 'm' $$;

-- rows that no time can see are told of
SELECT train('SELECT * FROM labels WHERE at < ''2023-06-01'' ') AS told;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('input');
SELECT sage_create_graph('input');
SELECT sage_add_nodes('input', 'machines');
SELECT sage_add_nodes('input', 'readings', time_column => 'taken');
SELECT sage_add_edges('input', 'readings', edge_type => 'of', source => 'id', target => 'machine', time_column => 'taken');
SELECT train('SELECT * FROM labels WHERE at < ''2023-06-01'' ') AS told_of_edges;
SET client_min_messages = warning;

-- split by time: by itself, by options, by the query, and where there is too little time for it
SELECT train('SELECT * FROM labels'), split();
SELECT train('SELECT * FROM labels', '{"validation_from": "2023-09-01", "test_from": "2023-10-15"}'), split();
SELECT train('SELECT * FROM labels', '{"validation_from": "2023-09-01"}'), split();
SELECT train($$SELECT *, CASE WHEN at < '2023-09-01' THEN 'train' ELSE 'val' END AS split FROM labels$$), split();
SELECT train('SELECT * FROM labels', '{"split": [0.5, 0.5]}') AS drawn;
SELECT train($$SELECT * FROM labels WHERE at = '2023-04-01'$$) AS one_time;
SELECT train('SELECT * FROM labels', '{"validation_from": "2023-09-01", "test_from": "2023-08-01"}');
SELECT train('SELECT * FROM labels', '{"validation_from": "2020-01-01"}');
SELECT train('SELECT * FROM labels', '{"validation_from": "yesterday or so"}');
SELECT train('SELECT node, label FROM labels WHERE at = ''2023-04-01''', '{"validation_from": "2023-09-01"}');

-- the baseline of one aggregate, of labels that it knows: they stay, they turn, they grow, and they are classes that stay
SET client_min_messages = error;
CREATE FUNCTION aggregate() RETURNS TABLE (aggregate text, validation numeric, test numeric) LANGUAGE sql AS
	$$ SELECT metrics ->> 'aggregate', round((metrics ->> 'aggregate_validation')::numeric, 3), round((metrics ->> 'aggregate_test')::numeric, 3) FROM sage.models WHERE model = 'm' $$;
SELECT train('SELECT node, at, node % 2 = 0 AS label FROM labels');
SELECT validation, test FROM aggregate();
SELECT train('SELECT node, at, (node + extract(epoch FROM at)::bigint / 2592000) % 2 = 0 AS label FROM labels');
SELECT * FROM aggregate();
SELECT train('SELECT node, at, extract(epoch FROM at - ''2023-04-01'') / 2592000.0 * 3 + 1 AS label FROM labels');
SELECT validation, test FROM aggregate();
SELECT train('SELECT node, at, ''c'' || node % 3 AS label FROM labels');
SELECT validation, test FROM aggregate();
SELECT train('SELECT node, label FROM labels WHERE at = ''2023-04-01''');
SELECT * FROM aggregate();
SET client_min_messages = warning;

-- the window, and what it can be
SELECT train('SELECT * FROM labels', '{"time_window": "45 days"}');
SELECT train('SELECT node, label FROM labels WHERE at = ''2023-04-01''', '{"time_window": "45 days"}');
SELECT train('SELECT * FROM labels', '{"time_window": "-1 day"}');
SELECT train('SELECT * FROM labels', '{"time_window": "a while"}');

-- labels that contradict each other, that belong to nobody, that have no time
SELECT train('SELECT * FROM labels UNION ALL SELECT node, at, 1 - label FROM labels WHERE node = 7 AND at = ''2023-05-01''');
SELECT train('SELECT * FROM labels UNION ALL SELECT 100000 + node, at, label FROM labels');
SELECT train('SELECT node, NULL::timestamptz AS at, label FROM labels');
SELECT train('SELECT node, ''noon'' AS at, label FROM labels');
SELECT train('SELECT node, at::date AS at, label FROM labels') AS a_date, train('SELECT node, at::timestamp AS at, label FROM labels') AS a_timestamp;

-- labels => is one query that reads
SELECT train('SELECT * FROM labels; SELECT 1');
SELECT train('DELETE FROM labels RETURNING node, at, label');
SELECT train('WITH gone AS (DELETE FROM labels RETURNING node, at, label) SELECT * FROM gone');
SELECT train('SELECT node, at FROM labels');
SELECT count(*) > 0 AS labels_are_there FROM labels;

-- rows without a time: never seen from a time, seen where there is none
SELECT train('SELECT * FROM labels', '{"fanout": -1}');
SET sage.access = live;
CREATE TABLE before AS SELECT id, sage_predict(id, 'm', '2023-06-01') AS as_of, sage_predict(id, 'm') AS always FROM machines;
BEGIN;
UPDATE readings SET value = value + 10 WHERE taken IS NULL;
SELECT bool_and(sage_predict(id, 'm', '2023-06-01') = as_of) AS not_seen, bool_and(abs(sage_predict(id, 'm') - always) > 1e-6) AS seen FROM before;
ROLLBACK;
RESET sage.access;
-- before there was anything, at the ends of time, and a key that is not there
SELECT bool_and(sage_predict(id, 'm', '1990-01-01') BETWEEN -10 AND 10) AS before_all_data, bool_and(sage_predict(id, 'm', '-infinity') BETWEEN -10 AND 10) AS the_beginning,
	bool_and(sage_predict(id, 'm', 'infinity') BETWEEN -10 AND 10) AS the_end FROM machines;
SELECT sage_predict(100000, 'm', '2023-06-01') IS NULL AS no_such_row;
SELECT train('SELECT node, timestamptz ''1990-01-01'' + node * interval ''1 day'' AS at, label FROM labels WHERE at = ''2023-05-01''') AS labels_before_all_data;

-- what has times cannot go on from what had none
SELECT train('SELECT node, label FROM labels WHERE at = ''2023-05-01''') AS without_times;
SELECT train('SELECT * FROM labels', '{"continue_from": true}');

SELECT sage_drop_model('m');
SELECT sage_drop_graph('input');
DROP SCHEMA temporal_input CASCADE;
