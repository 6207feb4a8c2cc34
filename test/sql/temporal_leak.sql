-- What happens at a time or later changes nothing of what is said about that time.
CREATE SCHEMA temporal_leak;
SET search_path = temporal_leak, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
-- ids are multiples of ten, so that rows of the future can come between those of the past
CREATE TABLE shops (id int PRIMARY KEY, town text);
CREATE TABLE users (id int PRIMARY KEY, born date, town text, since timestamptz);
CREATE TABLE products (id int PRIMARY KEY, shop int REFERENCES shops, price float8, word text, tags text[], offered timestamptz);
CREATE TABLE orders (id int PRIMARY KEY, buyer int REFERENCES users, product int REFERENCES products, amount float8, kind text, placed timestamptz);
CREATE TABLE friends (a int, b int, strength float8, met timestamptz);
CREATE INDEX ON orders (buyer, id);
CREATE INDEX ON orders (product, id);
CREATE INDEX ON products (shop, id);
CREATE INDEX ON friends (a, b);
CREATE INDEX ON friends (b, a);
INSERT INTO shops SELECT i * 10, 't' || i % 3 FROM generate_series(1, 6) i;
INSERT INTO users SELECT i * 10, date '1970-01-01' + (draw('b' || i) * 12000)::int, 't' || i % 4,
	timestamptz '2023-01-01' + draw('s' || i) * interval '100 days' FROM generate_series(1, 60) i;
INSERT INTO products SELECT i * 10, (1 + i % 6) * 10, 100 * draw('p' || i), 'word' || i % 7, ARRAY['x' || i % 3, 'y' || i % 5],
	timestamptz '2023-01-01' + draw('o' || i) * interval '60 days' FROM generate_series(1, 40) i;
INSERT INTO orders SELECT (i * 12 + m) * 10, i * 10, (1 + (draw('q' || i || ' ' || m) * 39)::int) * 10, 10 + 100 * draw('amount' || i || ' ' || m),
	'k' || (draw('k' || i || ' ' || m) * 4)::int, timestamptz '2023-01-01' + m * interval '30 days' + draw('day' || i || ' ' || m) * interval '25 days'
	FROM generate_series(1, 60) i, generate_series(0, 11) m WHERE draw('n' || i || ' ' || m) < 0.8;
INSERT INTO friends SELECT i * 10, (1 + (i * k * 7) % 60) * 10, draw('f' || i || ' ' || k), timestamptz '2023-01-01' + draw('m' || i || ' ' || k) * interval '300 days'
	FROM generate_series(1, 60) i, generate_series(1, 4) k WHERE i <> 1 + (i * k * 7) % 60;
CREATE TABLE labels AS SELECT u.id AS node, t AS at,
	(SELECT coalesce(sum(amount), 0) FROM orders o WHERE o.buyer = u.id AND o.placed >= t AND o.placed < t + interval '30 days') > 50 AS label
	FROM users u, generate_series(timestamptz '2023-03-01', '2023-09-01', '30 days') t;
SELECT sage_create_graph('leak');
SELECT sage_add_nodes('leak', 'shops');
SELECT sage_add_nodes('leak', 'users', time_column => 'since');
SELECT sage_add_nodes('leak', 'products', time_column => 'offered');
SELECT sage_add_nodes('leak', 'orders', time_column => 'placed');
SELECT sage_add_edges('leak', 'orders', edge_type => 'bought_by', source => 'id', target => 'buyer');
SELECT sage_add_edges('leak', 'orders', edge_type => 'contains', source => 'id', target => 'product');
SELECT sage_add_edges('leak', 'products', edge_type => 'sold_by', source => 'id', target => 'shop');
SELECT sage_add_edges('leak', 'friends', edge_type => 'friends', source => 'a', target => 'b', weight_column => 'strength', time_column => 'met');

-- everything that a training decides by itself: split, encoders, fan-outs
CREATE FUNCTION train(model text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, 'leak', labels => 'SELECT * FROM temporal_leak.labels', node_type => 'users',
		options => '{"quiet": true, "epochs": 3}' || options);
	RETURN md5(sage_export(model));
END $$;
-- the future of a time: rows of every table come, go and change
CREATE FUNCTION change_future(t timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO users SELECT i * 10 + 1, '1800-01-01', 'another town', t + i * interval '1 hour' FROM generate_series(0, 59, 3) i;
	INSERT INTO products SELECT i * 10 + 1, 10 + i % 6 * 10, 1e9, 'new' || i, ARRAY['z' || i], t + i * interval '1 hour' FROM generate_series(0, 40, 2) i;
	INSERT INTO orders SELECT i * 10 + 1, (1 + i % 60) * 10, (1 + i % 40) * 10, -1e9, 'new kind', t + i * interval '1 minute' FROM generate_series(0, 1499) i;
	INSERT INTO orders SELECT i * 10 + 2, (1 + i % 60) * 10, (1 + i % 40) * 10, 1e9, NULL, t FROM generate_series(0, 299) i;
	INSERT INTO friends SELECT (1 + i % 60) * 10, (1 + i % 7) * 10, 1000, t + i * interval '1 minute' FROM generate_series(0, 500) i;
	UPDATE orders SET amount = amount * 1e6, kind = 'changed', buyer = 10 WHERE placed >= t AND id % 3 = 0;
	UPDATE orders SET product = 20, placed = placed + interval '100 days' WHERE placed >= t AND id % 3 = 1;
	DELETE FROM orders WHERE placed >= t AND id % 7 = 0;
	DELETE FROM friends WHERE met >= t AND a % 3 = 0;
END $$;

SELECT train('past') IS NOT NULL AS trained;
CREATE TABLE made AS SELECT model, train(model, options) AS digest FROM (VALUES ('uniform', '{"pick": "uniform"}'::jsonb), ('window', '{"time_window": "90 days"}'),
	('inclusive', '{"time_inclusive": true}'), ('three', '{"fanout": [5, 5, 5]}')) v(model, options);
SELECT (metrics ->> 'validation')::int > 0 AND (metrics ->> 'test')::int > 0 AS split_by_time, metrics ->> 'aggregate' IS NOT NULL AS has_aggregate FROM sage.models WHERE model = 'past';

-- scores of a time, one by one, in one batch, and from all rows read at once
SET sage.access = live;
CREATE TABLE live AS SELECT m.model, u.id, sage_predict(id, m.model, '2023-06-01') AS score, sage_embed(id, m.model, '2023-06-01') AS embedding
	FROM users u, (SELECT 'past' UNION ALL SELECT model FROM made) m(model);
SET sage.access = resident;
CREATE TABLE resident AS SELECT m.model, u.id, sage_predict(id, m.model, '2023-06-01') AS score, sage_embed(id, m.model, '2023-06-01') AS embedding
	FROM users u, (SELECT 'past' UNION ALL SELECT model FROM made) m(model);
RESET sage.access;
-- a row value has the age of its own time
SELECT bool_and(sage_predict_row(u, 'past', '2023-06-01') = sage_predict(id, 'past', '2023-06-01')) AS row_value FROM users u;
-- older rows are other rows
BEGIN;
UPDATE orders SET placed = placed - interval '20 days' WHERE placed < '2023-06-01';
SELECT count(*) FILTER (WHERE abs(sage_predict(id, 'past', '2023-06-01') - score) > 1e-6) > 30 AS age_counts FROM live WHERE model = 'past';
ROLLBACK;
SELECT model, count(DISTINCT score) > 50 AS differ, bool_and(score = (SELECT score FROM resident r WHERE r.model = l.model AND r.id = l.id)) AS agree FROM live l GROUP BY model ORDER BY model COLLATE "C";
BEGIN;
SELECT change_future('2023-06-01');
SET LOCAL sage.access = live;
SELECT model, bool_and(sage_predict(id, model, '2023-06-01') = score) AS score, bool_and(sage_embed(id, model, '2023-06-01') = embedding) AS embedding
	FROM live WHERE model <> 'inclusive' GROUP BY model ORDER BY model COLLATE "C";
SELECT bool_and(sage_predict(id, model, '2023-06-01') = score) AS one_by_one FROM (SELECT * FROM live WHERE model = 'past' ORDER BY id LIMIT 5) l;
SELECT model, count(*) FILTER (WHERE abs(sage_predict(id, model, '2023-06-01') - score) > 1e-6) > 10 AS sees_the_time_itself FROM live WHERE model = 'inclusive' GROUP BY model;
SET LOCAL sage.access = resident;
SELECT model, bool_and(sage_predict(id, model, '2023-06-01') = score) AS score, bool_and(sage_embed(id, model, '2023-06-01') = embedding) AS embedding
	FROM resident WHERE model <> 'inclusive' GROUP BY model ORDER BY model COLLATE "C";
ROLLBACK;
-- the future of another time is the past of a third
BEGIN;
SELECT change_future('2023-05-01');
SET LOCAL sage.access = live;
SELECT count(*) FILTER (WHERE abs(sage_predict(id, model, '2023-06-01') - score) > 1e-6) > 50 AS the_past_counts FROM live WHERE model = 'past';
ROLLBACK;

-- trainings whose labels are all of before are the same, to the last bit
BEGIN;
SELECT change_future('2023-09-02');
SELECT train('past') IS NOT NULL AS trained;
SELECT model, train(model, options) = digest AS same FROM made JOIN (VALUES ('uniform', '{"pick": "uniform"}'::jsonb), ('window', '{"time_window": "90 days"}'),
	('inclusive', '{"time_inclusive": true}'), ('three', '{"fanout": [5, 5, 5]}')) v(model, options) USING (model) ORDER BY model COLLATE "C";
ROLLBACK;
BEGIN;
SELECT change_future('2023-08-01');
SELECT train('window', '{"time_window": "90 days"}') = (SELECT digest FROM made WHERE model = 'window') AS test_labels_teach_nothing;
ROLLBACK;
BEGIN;
SELECT change_future('2023-05-15');
SELECT train('window', '{"time_window": "90 days"}') = (SELECT digest FROM made WHERE model = 'window') AS same_if_seen;
ROLLBACK;

SELECT sage_drop_model(model) FROM (SELECT 'past' UNION ALL SELECT model FROM made) m(model);
SELECT sage_drop_graph('leak');
DROP SCHEMA temporal_leak CASCADE;
