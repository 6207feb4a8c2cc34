-- Adaptive sampling: what short histories leave of the plan is drawn from the next hop.
CREATE SCHEMA train_adaptive;
SET search_path = train_adaptive, public;
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
-- Most users have bought one thing. What they are like shows, with much noise, what is bought by such as them;
-- and whether they will like it is that of the thing, of which nothing else is known.
CREATE TABLE users (id int PRIMARY KEY, kind float8, likes bool);
CREATE TABLE items (id int PRIMARY KEY);
CREATE TABLE bought (customer int REFERENCES users, item int REFERENCES items);
INSERT INTO items SELECT generate_series(1, 100);
INSERT INTO users SELECT i FROM generate_series(1, 2400) i;
INSERT INTO bought SELECT i, 1 + floor(100 * draw('item' || i || ' ' || n)) FROM generate_series(1, 2400) i, generate_series(1, CASE WHEN i % 6 = 0 THEN 3 ELSE 1 END) n;
UPDATE users SET kind = q + 4 * (draw('a' || id) + draw('b' || id) + draw('c' || id) - 1.5), likes = q > 0.5
	FROM (SELECT customer, avg(draw('quality' || item)) AS q FROM bought GROUP BY 1) AS b WHERE id = customer;
CREATE INDEX ON bought (customer, item);
CREATE INDEX ON bought (item, customer);
ANALYZE;
SELECT sage_create_graph('shop');
SELECT sage_add_nodes('shop', 'users'), sage_add_nodes('shop', 'items');
SELECT sage_add_edges('shop', 'bought', source => 'customer', target => 'item', source_type => 'users', target_type => 'items');
CREATE FUNCTION train(model text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, 'shop', target => 'users.likes', options => '{"quiet": true, "epochs": 40, "fanout": [4, 4], "refit": "never", "split": [0.4, 0.2, 0.4]}' || options);
	RETURN md5(sage_export(model));
END $$;

-- at the same number of neighbors planned for a user: three seeds each
CREATE TABLE trained AS SELECT sampling, seed, train(sampling || seed, jsonb_build_object('sampling', sampling, 'seed', seed)) AS digest
	FROM unnest('{uniform,adaptive}'::text[]) AS sampling, generate_series(1, 3) AS seed;
SELECT avg(test) FILTER (WHERE model LIKE 'adaptive%') > avg(test) FILTER (WHERE model LIKE 'uniform%') + 0.03 AS adaptive_is_better
FROM sage.models WHERE graph = 'shop';
SELECT train('again', '{"sampling": "adaptive", "seed": 1}') = digest AS repeatable FROM trained WHERE sampling = 'adaptive' AND seed = 1;

-- both stores, one by one and in any company
SET sage.access = live;
CREATE TABLE live AS SELECT id, sage_predict(id, 'adaptive1') AS score, sage_embed(id, 'adaptive1') AS embedding FROM users WHERE id <= 400;
SELECT max(abs(s - score)) < 1e-5 AS in_company FROM (SELECT unnest(array_agg(id)) AS id, unnest(sage_predict(array_agg(id::bigint), 'adaptive1')) AS s FROM users) AS all_users JOIN live USING (id);
SET sage.access = resident;
SELECT max(abs(sage_predict(id, 'adaptive1') - score)) < 1e-5 AS same, count(DISTINCT round(score::numeric, 4)) > 50 AS differ FROM live;
SELECT bool_and((SELECT max(abs(a - b)) < 1e-4 FROM unnest(sage_embed(id, 'adaptive1'), embedding) AS u (a, b))) AS embeddings_too FROM live WHERE id < 30;
RESET sage.access;
SELECT max(abs(sage_predict(id, 'adaptive1') - score)) < 1e-5 AS by_itself FROM live;
SELECT abs((SELECT value FROM sage_evaluate('adaptive1') WHERE metric = 'auroc') - test) < 0.02 AS evaluated FROM sage.models WHERE model = 'adaptive1';
SELECT sage_predict_row(users, 'adaptive1') IS NOT NULL AS row FROM users WHERE id = 7;
-- the model knows, wherever it goes
SELECT sage_import('moved', 'shop', sage_export('adaptive1'));
SELECT bool_and(abs(sage_predict(id, 'moved') - score) < 1e-5) AS moved FROM live WHERE id < 50;

-- errors, before anything is sampled
SELECT train('m', '{"sampling": "adaptiv"}');
SELECT train('m', '{"sampling": "adaptive", "fanout": [-1, 5]}');
SELECT train('m', '{"sampling": "adaptive", "fanout": [2000, 600]}');

SELECT count(sage_drop_model(model)) FROM sage.models WHERE graph = 'shop';
SELECT sage_drop_graph('shop');
DROP SCHEMA train_adaptive CASCADE;
