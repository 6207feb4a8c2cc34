-- Which neighbors: the option "pick".
CREATE SCHEMA train_pick;
SET search_path = train_pick, public;
\set SHOW_CONTEXT never
-- what counts is the customer's last order; each has ten, in any order of their keys
CREATE TABLE customers (id int PRIMARY KEY, since timestamptz NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL REFERENCES customers, amount float8, placed timestamptz NOT NULL);
CREATE INDEX ON orders (customer, id);
INSERT INTO customers SELECT i, '2023-01-01' FROM generate_series(1, 400) i;
INSERT INTO orders SELECT i * 12 + m, i, ('x' || substr(md5(i || ' ' || m), 1, 6))::bit(24)::int % 100, timestamptz '2023-01-01' + (m * 7 % 10) * interval '30 days'
	FROM generate_series(1, 400) i, generate_series(0, 9) m;
CREATE TABLE labels AS SELECT c.id AS node, t AS at, (SELECT amount > 50 FROM orders o WHERE o.customer = c.id AND o.placed < t ORDER BY placed DESC LIMIT 1) AS label
	FROM customers c, unnest('{2023-06-15,2023-08-15}'::timestamptz[]) t;
SET client_min_messages = warning;
SELECT sage_create_graph('pick');
SELECT sage_add_nodes('pick', 'customers', time_column => 'since');
SELECT sage_add_nodes('pick', 'orders', time_column => 'placed');
SELECT sage_add_edges('pick', 'orders', edge_type => 'placed_by', source => 'id', target => 'customer', time_column => 'placed');
SELECT sage_add_edges('pick', 'orders', edge_type => 'ordered', source => 'id', target => 'customer');
CREATE FUNCTION train(model text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, 'pick', labels => 'SELECT * FROM train_pick.labels', node_type => 'customers', options =>
		'{"quiet": true, "epochs": 20, "layers": 1, "fanout": {"rev_placed_by": 1, "default": 0}, "validation_from": "2023-08-01", "refit": "never"}' || options);
	RETURN md5(sage_export(model));
END $$;
SELECT train('uniform', '{"pick": "uniform"}') <> train('recent', '{"pick": "recent"}') AS models_differ, train('recent', '{"pick": "recent"}') = train('recent', '{"pick": "recent"}') AS repeatable;
SELECT model, validation > 0.95 AS knows_the_last FROM sage.models WHERE model IN ('uniform', 'recent') ORDER BY model COLLATE "C";

-- both stores, with a time and without
SET sage.access = live;
CREATE TABLE live AS SELECT id, sage_predict(id, 'recent', at) AS score FROM customers, unnest('{2023-05-15,2023-09-15,infinity}'::timestamptz[]) AS at;
CREATE TABLE live_now AS SELECT id, sage_predict(id, 'recent') AS score FROM customers;
SET sage.access = resident;
SELECT max(abs(l.score - r.score)) < 1e-5 AS same FROM (SELECT id, score, row_number() OVER (PARTITION BY id ORDER BY score) AS n FROM live) l JOIN
	(SELECT id, sage_predict(id, 'recent', at) AS score, row_number() OVER (PARTITION BY id ORDER BY sage_predict(id, 'recent', at)) AS n
		FROM customers, unnest('{2023-05-15,2023-09-15,infinity}'::timestamptz[]) AS at) r USING (id, n);
SELECT max(abs(score - sage_predict(id, 'recent'))) < 1e-5 AS same, count(DISTINCT round(score::numeric, 3)) > 50 AS differ FROM live_now;
RESET sage.access;
-- an older order changes nothing, a newer one does
BEGIN;
UPDATE orders SET amount = 1000 WHERE placed < '2023-08-01';
SELECT bool_and(abs(score - sage_predict(id, 'recent')) < 1e-5) AS older_do_not_count FROM live_now WHERE id < 20;
INSERT INTO orders SELECT 100000 + id, id, 1000, '2023-12-01' FROM customers;
SELECT bool_and(abs(score - sage_predict(id, 'recent')) > 1e-5) AS newer_do FROM live_now WHERE id < 20;
ROLLBACK;

-- by weight, and the heaviest
SELECT sage_create_graph('weighted');
SELECT sage_add_nodes('weighted', 'customers'), sage_add_nodes('weighted', 'orders');
SELECT sage_add_edges('weighted', 'orders', edge_type => 'placed_by', source => 'id', target => 'customer', weight_column => 'amount');
SELECT sage_train(p, 'weighted', labels => 'SELECT node, bool_or(label) AS label FROM train_pick.labels GROUP BY node', node_type => 'customers',
	options => jsonb_build_object('pick', p, 'quiet', true, 'epochs', 5, 'fanout', 3)) IS NOT NULL AS trained FROM unnest('{weight,top}'::text[]) AS p;
SET sage.access = live;
CREATE TABLE weighted AS SELECT id, p, sage_predict(id, p) AS score FROM customers, unnest('{weight,top}'::text[]) AS p;
SET sage.access = resident;
SELECT p, max(abs(score - sage_predict(id, p))) < 1e-5 AS same, count(DISTINCT score) > 100 AS differ FROM weighted GROUP BY p ORDER BY p;
RESET sage.access;
SELECT sage_train('m', 'pick', labels => 'SELECT * FROM train_pick.labels', node_type => 'customers', options => '{"pick": "top", "quiet": true}');

-- errors
SELECT train('m', '{"pick": "recnt"}');
SELECT sage_create_graph('timeless');
SELECT sage_add_nodes('timeless', 'customers');
SELECT sage_add_nodes('timeless', 'orders');
SELECT sage_add_edges('timeless', 'orders', edge_type => 'placed_by', source => 'id', target => 'customer');
SELECT sage_train('m', 'timeless', target => 'amount', node_type => 'orders', options => '{"pick": "recent", "quiet": true}');

SELECT count(sage_drop_model(model)) FROM sage.models WHERE graph IN ('pick', 'weighted');
SELECT sage_drop_graph('pick'), sage_drop_graph('timeless'), sage_drop_graph('weighted');
DROP SCHEMA train_pick CASCADE;
