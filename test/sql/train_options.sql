-- Options of sage_train: what is understood, what is refused and how.
CREATE SCHEMA train_options;
SET search_path = train_options, public;
CREATE TABLE users (id int PRIMARY KEY, age int, churned bool, plan text);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
CREATE TABLE buys (buyer int, seller int);
CREATE INDEX ON buys (buyer, seller);
CREATE INDEX ON buys (seller, buyer);
INSERT INTO users SELECT i, 20 + i * 7 % 40, i % 3 = 0, (ARRAY['free', 'paid', 'pro'])[1 + i % 3] FROM generate_series(1, 200) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 200 FROM generate_series(1, 200) i, generate_series(1, 3) k;
INSERT INTO buys SELECT i, 1 + (i * 11) % 200 FROM generate_series(1, 200, 2) i;
SELECT sage_create_graph('options', 'users', 'follows', features => '{age}');
SELECT sage_add_edges('options', 'buys', source => 'buyer', target => 'seller', direction => 'both');
SELECT relations FROM sage.edge_types WHERE graph = 'options';

-- trains with some options added to a few epochs
CREATE FUNCTION try(options jsonb, target text DEFAULT 'churned', model text DEFAULT 'm') RETURNS text LANGUAGE sql AS
	$$ SELECT 'trained, ' || metric FROM sage_train(model, 'options', target => target,
		options => CASE jsonb_typeof(options) WHEN 'object' THEN '{"quiet": true, "epochs": 2}' || options ELSE options END) $$;
\set SHOW_CONTEXT never

-- the view describes every option
SELECT count(*) > 20 AS many, bool_and(type IS NOT NULL) AS typed, bool_and(description <> '') AS described, count(DISTINCT name) = count(*) AS once FROM sage.options;
SELECT name, type, default_value, value_range FROM sage.options WHERE name IN ('hidden', 'epochs', 'deploy', 'metric', 'loss', 'quiet', 'fanout', 'split', 'validation_from') ORDER BY name COLLATE "C";

-- not an object
SELECT try('[]');
\echo :LAST_ERROR_SQLSTATE
SELECT try('3');
SELECT try('"epochs"');
SELECT try('null');
SELECT try('{}');
SELECT sage_train('m', target => 'nothing', options => NULL);

-- unknown keys
SELECT try('{"epoch": 3}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"learningrate": 0.1}');
SELECT try('{"Hidden": 3}');
CREATE FUNCTION lists_options(options jsonb) RETURNS TABLE (message text, all_in_hint bool) LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	PERFORM sage_train('m', 'options', target => 'churned', options => options);
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN QUERY SELECT SQLERRM, hint = 'Valid options are: ' || (SELECT string_agg(name, ', ') FROM sage.options) || '.';
END $$;
SELECT * FROM lists_options('{"zzzzzzzzzzzz": 3}');
SELECT * FROM lists_options('{"": 3}');
SELECT * FROM lists_options(jsonb_build_object(repeat('x', 1000), 1));

-- wrong types, numbers out of range; null is the default
SELECT try('{"hidden": "64"}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"hidden": 0}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"hidden": 1000000000}');
SELECT try('{"hidden": 1e30}');
SELECT try('{"hidden": -1}');
SELECT try('{"hidden": 6.5}');
SELECT try('{"hidden": [64]}');
SELECT try('{"hidden": null}');
SELECT try('{"hidden": 1}');
SELECT try('{"layers": 0}');
SELECT try('{"layers": 5}');
SELECT try('{"layers": 1}');
SELECT try('{"layers": 4}');
SELECT try('{"epochs": 0}');
SELECT try('{"batch_size": 0}');
SELECT try('{"batch_size": 1, "epochs": 1}');
SELECT try('{"batch_size": 1000000}');
SELECT try('{"dropout": 1}');
SELECT try('{"dropout": -0.1}');
SELECT try('{"dropout": 0, "input_dropout": 0}');
SELECT try('{"learning_rate": 0}');
SELECT try('{"learning_rate": 1e400}');
SELECT try('{"weight_decay": -1}');
SELECT try('{"patience": 0}');
SELECT try('{"patience": 1}');
SELECT try('{"clip": 0}');
SELECT try('{"seed": -1}');
SELECT try('{"seed": 9007199254740991}');
SELECT try('{"layer_norm": true, "normalize": true}');
SELECT try('{"layer_norm": "yes"}');
SELECT try('{"refit": "always"}');
SELECT try('{"refit": "never"}');
SELECT try('{"deploy": "maybe"}');
SELECT try('{"deploy": true}');

-- loss and metric are those of the task
SELECT try('{"loss": "mse"}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"loss": "ce"}');
SELECT try('{"loss": "bce"}');
SELECT try('{"loss": "bcee"}');
SELECT try('{"loss": "bce"}', 'plan');
SELECT try('{"loss": "ce"}', 'plan');
SELECT try('{"metric": "rmse"}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"metric": "f1"}', 'plan');
SELECT try('{"metric": "acuracy"}');
SELECT try('{"metric": "accuracy"}');

-- fan-outs
SELECT try('{"fanout": 3}');
SELECT try('{"fanout": [3, 2]}');
SELECT try('{"fanout": [3, 2, 1]}');
SELECT try('{"fanout": [-1, -1]}');
SELECT try('{"fanout": 0}');
SELECT try('{"fanout": {"follows": [3, 2], "buys": 5}}');
SELECT try('{"fanout": {"follows": [3, 2], "buys": [1, 1], "rev_buys": 0}}');
SELECT try('{"fanout": {"follows": -1, "default": 0}}');
SELECT try('{"fanout": {}}');
SELECT try('{"fanout": []}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"fanout": [3, 2], "layers": 3}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"fanout": [3, 2, 1], "layers": 2}');
SELECT try('{"fanout": [1, 1, 1, 1, 1]}');
SELECT try('{"fanout": [3], "layers": 1}');
SELECT try('{"fanout": -2}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"fanout": [3, -7]}');
SELECT try('{"fanout": 2.5}');
SELECT try('{"fanout": "ten"}');
SELECT try('{"fanout": [3, "two"]}');
SELECT try('{"fanout": [3, null]}');
SELECT try('{"fanout": [[3, 2]]}');
SELECT try('{"fanout": true}');
SELECT try('{"fanout": {"folows": [3, 2]}}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"fanout": {"nothing like it": 3}}');
SELECT try('{"fanout": {"follows": {"a": 1}}}');
SELECT try('{"fanout": {"follows": [3, 2], "buys": [3, 2, 1]}}');
SELECT try('{"fanout": {"follows": []}}');
SELECT try('{"fanout": 1e300}');
SELECT try('{"fanout": 2000000000}');
SELECT try('{"fanout": [10000, 10000, 10000]}');
\echo :LAST_ERROR_SQLSTATE

-- class weights
SELECT try('{"class_weights": "balanced"}');
SELECT try('{"class_weights": {"true": 3}}');
SELECT try('{"class_weights": {"true": 0.5, "false": 2}}');
SELECT try('{"class_weights": {}}');
SELECT try('{"class_weights": {"yes": 3}}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"class_weights": {"tru": 3}}');
SELECT try('{"class_weights": {"true": -3}}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"class_weights": {"true": "high"}}');
SELECT try('{"class_weights": {"true": 1e400}}');
SELECT try('{"class_weights": "balance"}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"class_weights": [1, 3]}');
SELECT try('{"class_weights": 3}');
SELECT try('{"class_weights": {"paid": 2, "pro": 3}}', 'plan');
SELECT * FROM sage_train('m', labels => 'SELECT id AS node, age + 0.5 AS label FROM users', options => '{"class_weights": "balanced"}');
SELECT try('{"class_weights": {"true": 0, "false": 0}}');

-- columns that are left out this time
SELECT try('{"exclude": []}');
ALTER TABLE users ADD twice int, ADD spare text;
UPDATE users SET twice = id * 2, spare = id::text;
SELECT sage_create_graph('wide', 'users', 'follows');
CREATE FUNCTION features(graph text, options jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	names text;
BEGIN
	PERFORM sage_train('w', graph, target => 'churned', options => '{"quiet": true, "epochs": 1}' || options);
	names := (SELECT string_agg(f ->> 'name', ' ') FROM sage.model_version v, jsonb_array_elements(v.spec #> '{node_types,0,features,columns}') f
		WHERE v.model = 'w' AND v.version = (SELECT max(version) FROM sage.model_version WHERE model = 'w'));
	RETURN names;
END $$;
SELECT features('wide', '{}');
SELECT features('wide', '{"exclude": ["plan"]}');
SELECT features('wide', '{"exclude": ["users.plan", "twice", "twice", "churned"]}');
SELECT features('wide', '{"exclude": ["pland"]}');
\echo :LAST_ERROR_SQLSTATE
SELECT features('wide', '{"exclude": ["people.plan"]}');
SELECT features('wide', '{"exclude": "plan"}');
SELECT features('wide', '{"exclude": [3]}');
\echo :LAST_ERROR_SQLSTATE
SELECT features('wide', '{"exclude": [["plan"]]}');
SELECT features('wide', '{"exclude": [null]}');
SELECT sage_drop_model('w');
SELECT features('options', '{"exclude": ["age"]}');
\echo :LAST_ERROR_SQLSTATE
SELECT exclude FROM sage.node_types WHERE graph = 'wide';
SELECT sage_drop_graph('wide');
ALTER TABLE users DROP twice, DROP spare;

-- shares of the split
SELECT try('{"split": [0.6, 0.2, 0.2]}');
SELECT (metrics ->> 'train')::int BETWEEN 90 AND 150 AS train, (metrics ->> 'validation')::int BETWEEN 20 AND 60 AS validation,
	(metrics ->> 'test')::int BETWEEN 20 AND 60 AS test, test IS NOT NULL AS tested FROM sage.models WHERE model = 'm';
SELECT try('{"split": [0.9, 0.1]}');
SELECT try('{"split": [1, 0]}');
SELECT validation IS NULL AS no_validation, metrics ->> 'validation' AS n FROM sage.models WHERE model = 'm';
SELECT try('{"split": [0.5, 0.5, 0.5]}');
\echo :LAST_ERROR_SQLSTATE
SELECT try('{"split": [1]}');
SELECT try('{"split": [0, 0.5, 0.5]}');
SELECT try('{"split": [0.25, 0.25, 0.25, 0.25]}');
SELECT try('{"split": [1.5, -0.5]}');
SELECT try('{"split": ["a", "b"]}');
SELECT try('{"split": []}');
SELECT try('{"split": 0.8}');
SELECT try('{"split": [1e400, 0]}');
SELECT try('{"split": [[0.5], [0.5]]}');
SELECT try('{"split": [0.000001, 0.999999]}');

-- times of the split need labels that have times
SELECT try('{"validation_from": "2024-01-01"}');
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION try_timed(options jsonb, model text DEFAULT 'm') RETURNS text LANGUAGE sql AS
	$f$ SELECT 'trained, ' || metric FROM sage_train(model, 'options',
		labels => $$SELECT id AS node, churned AS label, date '2024-01-01' + id AS at FROM users$$, options => '{"quiet": true, "epochs": 2}' || options) $f$;
SELECT try_timed('{"validation_from": "2024-05-01", "test_from": "2024-06-01"}');
SELECT metrics ->> 'train' AS train, metrics ->> 'validation' AS validation, metrics ->> 'test' AS test FROM sage.models WHERE model = 'm';
SELECT try_timed('{"validation_from": "2024-06-01"}');
SELECT metrics ->> 'train' AS train, metrics ->> 'validation' AS validation, metrics ->> 'test' AS test FROM sage.models WHERE model = 'm';
SELECT try_timed('{"test_from": "2024-06-01"}');
SELECT metrics ->> 'train' AS train, metrics ->> 'validation' AS validation, metrics ->> 'test' AS test FROM sage.models WHERE model = 'm';
SELECT try_timed('{"validation_from": "2024-06-01", "test_from": "2024-05-01"}');
\echo :LAST_ERROR_SQLSTATE
SELECT try_timed('{"validation_from": "2020-01-01"}');
\echo :LAST_ERROR_SQLSTATE
\set SHOW_CONTEXT errors
SELECT * FROM sage_train('m', labels => 'SELECT id AS node, churned AS label, now() AS at FROM users', options => '{"validation_from": "soon"}');
\echo :LAST_ERROR_SQLSTATE
\set SHOW_CONTEXT never
SELECT try_timed('{"validation_from": 2024}');
SELECT try_timed('{"validation_from": "2024-06-01", "split": [0.8, 0.2]}');
\echo :LAST_ERROR_SQLSTATE
SELECT try_timed('{"time_inclusive": true}');

-- the query's own split
CREATE FUNCTION try_labels(labels text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
	$$ SELECT 'trained, ' || metric FROM sage_train('m', 'options', labels => labels, options => '{"quiet": true, "epochs": 2}' || options) $$;
SELECT try_labels($$SELECT id AS node, churned AS label, (ARRAY['train', 'Validation', 'valid', 'val', 'TEST', NULL])[1 + (id + id / 6) % 6] AS split FROM users$$);
SELECT metrics ->> 'train' AS train, metrics ->> 'validation' AS validation, metrics ->> 'test' AS test FROM sage.models WHERE model = 'm';
SELECT try_labels($$SELECT id AS node, churned AS label, 'train' AS split FROM users$$);
SELECT validation IS NULL AND test IS NULL AND baseline IS NULL AS nothing_to_say FROM sage.models WHERE model = 'm';
-- nothing to learn, nothing to stop by
SELECT try_labels($$SELECT id AS node, churned AS label, CASE WHEN churned THEN 'train' ELSE 'test' END AS split FROM users$$);
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels($$SELECT id AS node, churned AS label, CASE WHEN id % 2 = 0 THEN 'train' WHEN churned THEN 'validation' END AS split FROM users$$);
SELECT try_labels($$SELECT id AS node, churned AS label, 'training' AS split FROM users$$);
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels($$SELECT id AS node, churned AS label, 'test' AS split FROM users$$);
\echo :LAST_ERROR_SQLSTATE
SELECT try_labels($$SELECT id AS node, churned AS label, NULL AS split FROM users$$);
SELECT try_labels($$SELECT id AS node, churned AS label, 1 AS split FROM users$$);
SELECT try_labels($$SELECT id AS node, churned AS label, 'train' AS split FROM users$$, '{"split": [0.8, 0.2]}');
\echo :LAST_ERROR_SQLSTATE

-- a training that diverges names epoch and batch; what was deployed stays
SELECT sage_drop_model('m');
CREATE FUNCTION try_number(model text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS
	$$ SELECT 'trained, ' || metric FROM sage_train(model, 'options', labels => 'SELECT id AS node, age + id * 0.1 AS label FROM users',
		options => '{"quiet": true, "layers": 4, "epochs": 50, "patience": 50}' || options) $$;
SELECT try_number('m');
CREATE FUNCTION diverges(model text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	RETURN try_number(model, '{"learning_rate": 1000000}');
EXCEPTION WHEN floating_point_exception THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN regexp_replace(SQLERRM, '\d+', 'N', 'g') || ' ' || hint;
END $$;
SELECT diverges('m');
SELECT diverges('m2');
SELECT model, version, deployed FROM sage.model_versions WHERE model IN ('m', 'm2');
SELECT model, state, version FROM sage.runs WHERE model IN ('m', 'm2');
SELECT sage_predict(1, 'm') BETWEEN -1000 AND 1000 AS still_scores;

-- nothing of all that failed is left
SELECT count(*) = 1 AS one FROM sage.models WHERE graph = 'options';
SELECT sage_drop_model('m');
SELECT count(*) FROM sage.epochs WHERE model IN ('m', 'm2');
SELECT sage_drop_graph('options');
SET client_min_messages = warning;
DROP SCHEMA train_options CASCADE;
