-- Nothing of the future: labels with times, scores as of a time.
CREATE SCHEMA train_time;
SET search_path = train_time, public;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
-- customers, and what they order; who orders much in a month leaves in the next
CREATE TABLE customers (id int PRIMARY KEY, region text, since timestamptz NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, amount float8, placed timestamptz NOT NULL);
CREATE INDEX ON orders (customer, id);
INSERT INTO customers SELECT i, 'r' || i % 3, '2023-01-01' FROM generate_series(1, 200) i;
INSERT INTO orders SELECT i * 12 + m, i, 10 + 100 * draw('amount' || i || ' ' || m), timestamptz '2023-01-01' + m * interval '30 days' + draw('day' || i || ' ' || m) * interval '25 days'
	FROM generate_series(1, 200) i, generate_series(0, 9) m;
CREATE TABLE labels AS SELECT c.id AS node, t AS at,
	(SELECT coalesce(avg(amount), 0) FROM orders o WHERE o.customer = c.id AND o.placed >= t - interval '60 days' AND o.placed < t) > 60 AS label
	FROM customers c, generate_series(timestamptz '2023-04-01', '2023-10-01', '30 days') t;
SELECT sage_create_graph('time');
SELECT sage_add_nodes('time', 'customers', time_column => 'since');
SELECT sage_add_nodes('time', 'orders', time_column => 'placed');
SELECT sage_add_edges('time', 'orders', edge_type => 'placed_by', source => 'id', target => 'customer', time_column => 'placed');
SELECT edge_type, source_type, target_type, relations FROM sage.edge_types WHERE graph = 'time';
CREATE FUNCTION train(model text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, 'time', labels => 'SELECT * FROM train_time.labels', node_type => 'customers',
		options => '{"quiet": true, "epochs": 4, "fanout": [-1, 5], "validation_from": "2023-08-01", "test_from": "2023-09-01"}' || options);
	RETURN md5(sage_export(model));
END $$;
CREATE TABLE made (what text, digest text);
INSERT INTO made VALUES ('first', train('m'));
SELECT task, (metrics ->> 'train')::int + (metrics ->> 'validation')::int + (metrics ->> 'test')::int = (SELECT count(*) FROM labels) AS all_labels,
	(metrics ->> 'test')::int > 0 AS tested, validation BETWEEN 0 AND 1 AS validated FROM sage.models WHERE model = 'm';
-- scores as of a time, each way
SET sage.access = live;
CREATE TABLE earlier AS SELECT id, sage_predict(id, at => '2023-06-01') AS score, sage_embed(id, at => '2023-06-01') AS embedding FROM customers;
SELECT count(DISTINCT score) > 150 AS scores_differ FROM earlier;
SET sage.access = resident;
SELECT max(abs(sage_predict(id, at => '2023-06-01') - score)) < 1e-5 AS resident_too FROM earlier;
RESET sage.access;
SELECT metric, value BETWEEN 0 AND 2 AS sane FROM sage_evaluate('m') ORDER BY metric COLLATE "C";

-- whatever happens at that time or later changes nothing of it
BEGIN;
UPDATE orders SET amount = amount * 1000 WHERE placed >= '2023-06-01';
INSERT INTO orders SELECT 100000 + i, i, 1e6, timestamptz '2023-06-01' + i * interval '1 second' FROM generate_series(1, 200) i;
INSERT INTO orders SELECT 200000 + i, i, 1e6, '2023-06-01' FROM generate_series(1, 200) i;
DELETE FROM orders WHERE placed > '2023-07-01' AND id % 2 = 0;
INSERT INTO customers SELECT i, 'r1', '2023-06-01' FROM generate_series(1001, 1100) i;
UPDATE orders SET customer = 1000 + customer % 100 + 1 WHERE placed > '2023-08-01' AND id % 3 = 0 AND id < 100000;
SET LOCAL sage.access = live;
SELECT bool_and(sage_predict(id, at => '2023-06-01') = score) AS score, bool_and(sage_embed(id, at => '2023-06-01') = embedding) AS embedding FROM earlier;
SET LOCAL sage.access = resident;
SELECT max(abs(sage_predict(id, at => '2023-06-01') - score)) < 1e-5 AS resident_too FROM earlier;
SELECT count(*) FILTER (WHERE abs(sage_predict(id) - score) > 1e-4) > 100 AS now_is_other FROM earlier;
-- a customer of later has a score (it is asked for), and no past
SELECT sage_predict(1001, at => '2023-06-01') IS NOT NULL AS asked_for;
ROLLBACK;
-- what is older does
BEGIN;
UPDATE orders SET amount = amount * 10 WHERE placed < '2023-06-01' AND placed > '2023-05-01';
SELECT count(*) FILTER (WHERE abs(sage_predict(id, at => '2023-06-01') - score) > 1e-6) > 100 AS past_counts FROM earlier;
ROLLBACK;
-- at the very time only if asked for
SELECT train('inclusive', '{"time_inclusive": true}') IS NOT NULL AS trained;
BEGIN;
CREATE TEMP TABLE two ON COMMIT DROP AS SELECT sage_predict(1, 'm', '2023-06-01') AS m, sage_predict(1, 'inclusive', '2023-06-01') AS inclusive;
INSERT INTO orders VALUES (300001, 1, 5000, '2023-06-01');
SELECT abs(m - sage_predict(1, 'm', '2023-06-01')) < 1e-7 AS not_seen, abs(inclusive - sage_predict(1, 'inclusive', '2023-06-01')) > 1e-7 AS seen FROM two;
ROLLBACK;
SELECT sage_drop_model('inclusive');

-- training: what comes after the last label makes no difference at all
BEGIN;
INSERT INTO orders SELECT 100000 + i, i, 1e6, timestamptz '2023-11-01' + i * interval '1 second' FROM generate_series(1, 200) i;
INSERT INTO customers SELECT i, 'new region', '2023-11-01' FROM generate_series(1001, 1100) i;
UPDATE orders SET amount = -1 WHERE placed >= '2023-10-01';
INSERT INTO made VALUES ('other future', train('m'));
COMMIT;
-- what comes before does
UPDATE orders SET amount = amount + 1 WHERE placed < '2023-03-01';
INSERT INTO made VALUES ('other past', train('m'));
SELECT what, digest = (SELECT digest FROM made WHERE what = 'first') AS same_as_first FROM made;

-- infinite times, dates, and times of other types
SELECT sage_predict(1, 'm', 'infinity') IS NOT NULL AS at_the_end, sage_predict(1, 'm', '-infinity') IS NOT NULL AS at_the_beginning;
INSERT INTO orders VALUES (400001, 1, 5, 'infinity'), (400002, 1, 5, '-infinity');
SELECT sage_predict(1, 'm') IS NOT NULL AS infinite_rows, sage_predict(1, 'm', '2023-06-01') IS NOT NULL AS as_of;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('time');
SET client_min_messages = warning;
DROP SCHEMA train_time CASCADE;
