-- Features of edges.
CREATE SCHEMA edge_features;
SET search_path = edge_features, public;
\set SHOW_CONTEXT never
SET client_min_messages = warning;
-- who is paid much is good; only the payments say how much, and in words of what kind
CREATE TABLE people (id int PRIMARY KEY, noise float8, good bool);
CREATE TABLE payments (id int PRIMARY KEY, payer int, payee int, amount float8, kind text, tags int[], weight float8, paid timestamptz);
CREATE INDEX ON payments (payer, payee);
CREATE INDEX ON payments (payee, payer);
CREATE FUNCTION draw(text) RETURNS int LANGUAGE sql AS $$ SELECT ('x' || substr(md5($1), 1, 6))::bit(24)::int $$;
INSERT INTO people SELECT i, draw('noise' || i) % 100, draw('good' || i) % 2 = 0 FROM generate_series(1, 500) i;
INSERT INTO payments SELECT p.id, payer, payee, draw('amount' || p.id) % 100 + CASE WHEN good THEN 80 ELSE 0 END,
		CASE WHEN draw('kind' || p.id) % 10 < CASE WHEN good THEN 7 ELSE 3 END THEN 'wages' ELSE 'rent' END,
		CASE WHEN p.id % 5 > 0 THEN ARRAY[p.id % 3, p.id % 7] END, p.id % 4, timestamptz '2023-01-01' + p.id * interval '1 hour'
	FROM (SELECT id, 1 + draw('payer' || id) % 500 AS payer, 1 + draw('payee' || id) % 500 AS payee FROM generate_series(1, 3000) id) p JOIN people ON people.id = payee;
-- some pairs more than once
INSERT INTO payments SELECT id + 3000, payer, payee, 200 - amount, kind, tags, weight, paid FROM payments WHERE id % 10 = 0;
INSERT INTO people VALUES (0, 50, NULL);
ANALYZE;

SELECT sage_create_graph('plain', 'people', 'payments', source => 'payer', target => 'payee', direction => 'both', features => '{noise}');
SELECT sage_create_graph('rich', 'people', features => '{noise}');
SELECT sage_add_edges('rich', 'payments', source => 'payer', target => 'payee', direction => 'both', features => '{amount,kind,tags}');
SELECT edge_type, features FROM sage.edge_types WHERE graph IN ('plain', 'rich') ORDER BY graph;
CREATE FUNCTION train(model text, graph text, options jsonb = '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, graph, 'people.good', options => '{"quiet": true, "epochs": 15, "refit": "never"}' || options);
	RETURN md5(sage_export(model));
END $$;
SELECT train('plain', 'plain') <> train('rich', 'rich') AS trained;
SELECT model, validation > 0.9 AS knows, validation BETWEEN 0.3 AND 0.7 AS knows_nothing FROM sage.models WHERE model IN ('plain', 'rich') ORDER BY model COLLATE "C";

-- both stores say the same, with all ways to pick and to sample, and with weights
SELECT sage_create_graph('heavy', 'people', features => '{noise}');
SELECT sage_add_edges('heavy', 'payments', source => 'payer', target => 'payee', features => '{amount,kind}', weight_column => 'weight');
SELECT bool_and(train(m, graph, options) IS NOT NULL) AS trained FROM (VALUES
	('few', 'rich', '{"fanout": 2, "epochs": 2}'::jsonb), ('adaptive', 'rich', '{"sampling": "adaptive", "fanout": [3, 2], "epochs": 2}'),
	('weighted', 'heavy', '{"epochs": 2}'), ('drawn', 'heavy', '{"pick": "weight", "fanout": 2, "epochs": 2}'), ('top', 'heavy', '{"pick": "top", "fanout": 2, "epochs": 2}'),
	('one_layer', 'rich', '{"layers": 1, "epochs": 2}'), ('off', 'rich', '{"fanout": {"rev_payments": 0}, "epochs": 2}')) AS c (m, graph, options);
SET sage.access = live;
CREATE TABLE live AS SELECT model, id, sage_predict(id, model) AS score FROM people, (SELECT model FROM sage.models WHERE graph IN ('rich', 'heavy')) m;
SET sage.access = resident;
SELECT model, max(abs(score - sage_predict(id, model))) < 1e-5 AS same, count(DISTINCT score) > 200 AS differ FROM live GROUP BY model ORDER BY model COLLATE "C";
RESET sage.access;
SELECT bool_and(abs(score - sage_predict_row(p, 'few')) < 1e-5) AS row_same FROM live JOIN people p USING (id) WHERE model = 'few' AND id < 50;
SELECT bool_and(score IS NOT NULL) AS unpaid_is_scored FROM live WHERE id = 0;

-- the same rows in another order, or on two threads, are the same training
BEGIN;
CREATE TABLE moved AS SELECT * FROM payments ORDER BY md5(id::text);
TRUNCATE payments;
INSERT INTO payments SELECT * FROM moved;
SELECT train('moved', 'rich', '{"fanout": 2, "epochs": 2}') = md5(sage_export('few')) AS same_weights;
SET LOCAL sage.threads = 2;
SELECT train('threads', 'rich', '{"fanout": 2, "epochs": 2}') = md5(sage_export('few')) AS same_weights;
ROLLBACK;

-- a payment that changes changes the score, whichever the store
SELECT score AS before FROM live WHERE model = 'rich' AND id = (SELECT payee FROM payments WHERE id = 7) \gset
UPDATE payments SET amount = amount + 1000 WHERE id = 7;
SELECT abs(sage_predict(payee, 'rich') - :before) > 1e-5 AS changed FROM payments WHERE id = 7;
UPDATE payments SET amount = amount - 1000 WHERE id = 7;
SELECT abs(sage_predict(payee, 'rich') - :before) < 1e-5 AS as_before FROM payments WHERE id = 7;
BEGIN;
ALTER TABLE people ADD score float8;
SELECT sage_attach('rich', 'score');
UPDATE payments SET amount = 500, kind = 'never seen', tags = NULL WHERE id = 7;
SELECT abs(score - sage_predict(people.id, 'rich')) < 1e-5 AS rescored FROM people JOIN payments ON payee = people.id WHERE payments.id = 7;
ROLLBACK;

-- labels with times: nothing of what is paid at or after a label's time counts, nor is it fitted on
SELECT sage_create_graph('timed', 'people', features => '{noise}');
SELECT sage_add_edges('timed', 'payments', source => 'payer', target => 'payee', direction => 'both', features => '{amount,kind}', time_column => 'paid');
CREATE FUNCTION train_timed(model text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM sage_train(model, 'timed', labels => $q$ SELECT id AS node, good AS label, at FROM edge_features.people,
		unnest('{2023-03-01,2023-03-10}'::timestamptz[]) AS at $q$, node_type => 'people',
		options => '{"quiet": true, "epochs": 10, "validation_from": "2023-03-05", "refit": "never"}');
	RETURN md5(sage_export(model));
END $$;
SELECT train_timed('timed') AS trained \gset
SELECT validation > 0.8 AS knows FROM sage.models WHERE model = 'timed';
SET sage.access = live;
CREATE TABLE timed AS SELECT id, at, sage_predict(id, 'timed', at) AS score FROM people, unnest('{2023-02-01,2023-03-20,infinity}'::timestamptz[]) AS at;
SET sage.access = resident;
CREATE TABLE timed_resident AS SELECT id, at, sage_predict(id, 'timed', at) AS score FROM timed;
SELECT at = 'infinity' AS all_rows, max(abs(l.score - r.score)) < 1e-5 AS same FROM timed l JOIN timed_resident r USING (id, at) GROUP BY at ORDER BY at;
RESET sage.access;
BEGIN;
UPDATE payments SET amount = -1000, kind = 'later' WHERE paid >= '2023-03-20';
INSERT INTO payments SELECT id + 10000, payer, payee, 1e6, 'much later', NULL, 1, paid + interval '1 year' FROM payments;
SET LOCAL sage.access = live;
SELECT bool_and(score = sage_predict(id, 'timed', at)) AS same FROM timed WHERE at <= '2023-03-20' AND id < 100;
SET LOCAL sage.access = resident;
SELECT bool_and(score = sage_predict(id, 'timed', at)) AS same FROM timed_resident WHERE at <= '2023-03-20';
SELECT train_timed('again') = :'trained' AS same_weights;
ROLLBACK;

-- the description, a copy, another start
SELECT sage_import('copy', 'rich', sage_export('rich')) AS version;
SELECT bool_and(abs(sage_predict(id, 'copy') - sage_predict(id, 'rich')) < 1e-5) AS same FROM people WHERE id < 20;
SELECT sage_import('copy', 'plain', sage_export('rich'));
SELECT sage_import('copy', 'rich', sage_export('plain'));
SELECT train('few', 'rich', '{"fanout": 2, "epochs": 2, "continue_from": true}') IS NOT NULL AS goes_on;
-- columns that say nothing
SELECT sage_create_graph('dull', 'people', features => '{noise}');
ALTER TABLE payments ADD same int DEFAULT 3, ADD empty text;
SELECT sage_add_edges('dull', 'payments', source => 'payer', target => 'payee', features => '{same,empty}');
SELECT train('dull', 'dull', '{"epochs": 2}') IS NOT NULL AS trained;

-- errors
SELECT sage_create_graph('g', 'people');
SELECT sage_add_edges('g', 'payments', source => 'payer', target => 'payee', features => '{amout}');
SELECT sage_add_nodes('g', 'payments', key => 'id');
SELECT sage_add_edges('g', 'payments', source => 'id', target => 'payer', source_type => 'payments', target_type => 'people', features => '{amount}');
SELECT sage_add_nodes('rich', 'payments', key => 'id');
SELECT sage_create_graph('ends', 'people');
SELECT sage_add_edges('ends', 'payments', source => 'payer', target => 'payee', features => '{amount,payee}');
SELECT train('ends', 'ends');
-- the table has changed since
BEGIN;
ALTER TABLE payments ALTER kind TYPE int USING 1;
SELECT sage_predict(1, 'rich');
ROLLBACK;
BEGIN;
ALTER TABLE payments DROP tags;
SELECT sage_predict(1, 'rich');
ROLLBACK;

SELECT count(sage_drop_model(model)) > 0 AS dropped FROM sage.models WHERE graph IN ('plain', 'rich', 'heavy', 'timed', 'dull');
SELECT count(sage_drop_graph(graph)) AS graphs FROM sage.graphs WHERE graph IN ('plain', 'rich', 'heavy', 'timed', 'dull', 'g', 'ends');
DROP SCHEMA edge_features CASCADE;
