-- Numbers.
CREATE SCHEMA train_regression;
SET search_path = train_regression, public;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;

-- 600 houses whose price is what its own size and its neighbors' say
CREATE TABLE houses (id uuid PRIMARY KEY, no int, size real, price numeric(12, 2), rooms int);
CREATE TABLE next_to (source uuid, target uuid);
CREATE INDEX ON next_to (source, target);
CREATE INDEX ON next_to (target, source);
INSERT INTO houses SELECT md5('house' || i)::uuid, i, 50 + 100 * draw('size' || i) FROM generate_series(1, 600) i;
INSERT INTO next_to SELECT md5('house' || i)::uuid, md5('house' || 1 + (i + floor(40 * draw(i || 'to' || k))::int) % 600)::uuid
	FROM generate_series(1, 600) i, generate_series(1, 3) k;
DELETE FROM next_to WHERE source = target;
UPDATE houses h SET price = 1000000 + 500 * size + 2000 * (
	SELECT avg(n.size) FROM next_to e JOIN houses n ON n.id IN (e.source, e.target) AND n.id <> h.id WHERE h.id IN (e.source, e.target)),
	rooms = no;
SELECT sage_create_graph('regression', 'houses', 'next_to', features => '{size}');

SELECT version, metric, validation < baseline * 0.9 AS graph_matters, validation > 0 AS positive
	FROM sage_train('price', target => 'price', options => '{"quiet": true}');
SELECT task, metric, metrics -> 'classes' AS classes FROM sage.models WHERE model = 'price';
SELECT sage_classes('price') IS NULL AS no_classes;

-- scores are in the target's own units
SELECT count(*) = count(sage_predict(id)) AS all_scored, avg(abs(sage_predict(id) - price)) < 0.5 * stddev(price) AS close,
	abs(avg(sage_predict(id)) - avg(price)) < stddev(price) / 4 AS centered, corr(sage_predict(id), price) > 0.8 AS ranked
	FROM houses;
SELECT metric, CASE WHEN metric = 'r2' THEN value BETWEEN 0.5 AND 1 ELSE value > 0 END AS sane FROM sage_evaluate('price') ORDER BY metric COLLATE "C";

-- there are no classes
SELECT sage_predict_label(id) FROM houses LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict_proba(id) FROM houses LIMIT 1;
SELECT sage_predict(id, class => 'dear') FROM houses LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SELECT array_length(sage_embed(id), 1) FROM houses LIMIT 1;

-- other losses and metrics
SELECT metric, validation > 0 AS sane FROM sage_train('price', target => 'price', options => '{"quiet": true, "epochs": 20, "loss": "mae"}');
SELECT metric, validation > 0 AS sane FROM sage_train('price', target => 'price', options => '{"quiet": true, "epochs": 20, "loss": "huber", "huber_delta": 0.5, "metric": "rmse"}');
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('price', target => 'price', options => '{"quiet": true, "epochs": 40, "loss": "mse", "metric": "r2"}');
SELECT request -> 'options' ->> 'loss' AS loss, metric FROM sage.model_versions WHERE model = 'price' ORDER BY version;

-- many integers are a quantity; few only if it is said
SELECT metric FROM sage_train('rooms', target => 'rooms', options => '{"quiet": true, "epochs": 2}');
SELECT task FROM sage.models WHERE model = 'rooms';
SELECT metric FROM sage_train('rooms', labels => 'SELECT id AS node, no % 5 AS label FROM houses', task => 'regression', options => '{"quiet": true, "epochs": 2}');
SELECT task FROM sage.models WHERE model = 'rooms';

-- a target that is far from zero and hardly varies, and one that is tiny
SELECT validation < 10 AS close FROM sage_train('rooms', labels => 'SELECT id AS node, 1e6 + no % 2 + size / 20 AS label FROM houses', options => '{"quiet": true, "epochs": 5}');
SELECT validation < 1e-197 AS close FROM sage_train('rooms', labels => 'SELECT id AS node, size * 1e-200::float8 AS label FROM houses', options => '{"quiet": true, "epochs": 5}');
SELECT validation < 1e-9 AS close FROM sage_train('rooms', labels => 'SELECT id AS node, size * 1e-12 AS label FROM houses', options => '{"quiet": true, "epochs": 5}');
SELECT bool_and(sage_predict(id, 'rooms') BETWEEN 0 AND 1e-9) AS tiny FROM houses;

-- one whose detail single precision would lose: learned, scored and judged in its own units
CREATE FUNCTION right_figures(model text, labels text, OUT metric text, OUT is_right bool) RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('WITH l AS (SELECT label::float8 AS label, sage_predict(node, %1$L) - label::float8 AS error FROM (%2$s) q),
		f AS (SELECT avg(abs(error)) AS mae, sqrt(avg(error * error)) AS rmse, 1 - avg(error * error) / var_pop(label) AS r2 FROM l)
		SELECT e.metric, abs(e.value / (to_jsonb(f) ->> e.metric)::float8 - 1) < 1e-4 FROM f, sage_evaluate(%1$L, %2$L) e ORDER BY 1', model, labels);
END $$;
SET client_min_messages = error;
SELECT abs(far.validation / near.validation - 1) < 1e-2 AS as_near_zero, abs(far.baseline / near.baseline - 1) < 1e-2 AS baseline_too
	FROM sage_train('near', 'regression', labels => 'SELECT id AS node, size / 5::float8 AS label FROM houses', options => '{"quiet": true, "epochs": 50}') near,
	sage_train('rooms', labels => 'SELECT id AS node, 1e9::float8 + size / 5 AS label FROM houses', options => '{"quiet": true, "epochs": 50}') far;
RESET client_min_messages;
SELECT sage_drop_model('near');
SELECT max(abs(sage_predict(id, 'rooms') - 1e9 - size / 5)) < 10 AS close, corr(sage_predict(id, 'rooms') - 1e9, size) > 0.9 AS ranked,
	count(DISTINCT sage_predict(id, 'rooms')) > 500 AS detailed FROM houses;
SELECT * FROM right_figures('rooms', 'SELECT id AS node, 1e9::float8 + size / 5 AS label FROM houses');
SELECT * FROM right_figures('price', 'SELECT id AS node, price AS label FROM houses');
SELECT bool_and(abs(a.score - sage_predict(a.id, 'rooms')) < 1e-3) AS arrays, bool_and(abs(sage_predict_row(h, 'rooms') - sage_predict(h.id, 'rooms')) < 1e-3) AS rows
	FROM (SELECT unnest(k) AS id, unnest(sage_predict(k, 'rooms')) AS score FROM (SELECT array_agg(id) AS k FROM houses) k) a JOIN houses h USING (id);
ALTER TABLE houses ADD score float8, ADD score_numeric numeric;
SELECT sage_attach('rooms', 'score'), sage_attach('rooms', 'score_numeric', 'after');
UPDATE houses SET rooms = rooms WHERE no <= 20;
SELECT bool_and(abs(score - sage_predict(id, 'rooms')) < 1e-3) AS score, bool_and(abs(score_numeric - sage_predict(id, 'rooms')::numeric) < 1e-3) AS score_numeric FROM houses WHERE no <= 20;
SELECT sage_detach('rooms', 'score'), sage_detach('rooms', 'score_numeric');
-- going on from there keeps the scale
SET client_min_messages = error;
SELECT validation BETWEEN 0 AND 10 AS close FROM sage_train('rooms', labels => 'SELECT id AS node, 1e9::float8 + size / 5 AS label FROM houses WHERE no > 50',
	options => '{"quiet": true, "epochs": 3, "continue_from": true}');
RESET client_min_messages;
SELECT * FROM right_figures('rooms', 'SELECT id AS node, 1e9::float8 + size / 5 AS label FROM houses');

-- 1 and 1.0 are one number
SELECT metric FROM sage_train('yes', labels => 'SELECT id AS node, CASE no % 3 WHEN 0 THEN 0 WHEN 1 THEN 1.0 ELSE 1.00 END AS label FROM houses', options => '{"quiet": true, "epochs": 2}');
SELECT sage_classes('yes');
SELECT sage_drop_model('yes');

-- what cannot be
\set SHOW_CONTEXT never
SELECT * FROM sage_train('rooms', labels => 'SELECT id AS node, CASE no WHEN 3 THEN ''NaN'' ELSE 1.5 END::float8 AS label FROM houses');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('rooms', labels => 'SELECT id AS node, CASE no WHEN 3 THEN ''Infinity'' ELSE 1.5 END::numeric AS label FROM houses');
SELECT * FROM sage_train('rooms', labels => 'SELECT id AS node, 1.5 AS label FROM houses');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('rooms', labels => 'SELECT id AS node, 10::numeric ^ (270 + no % 30) AS label FROM houses');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('rooms', labels => 'SELECT id AS node, 1e200::float8 * no AS label FROM houses', options => '{"quiet": true, "epochs": 2}');
SELECT * FROM sage_train('rooms', labels => $$SELECT id AS node, 'a' || no % 3 AS label FROM houses$$, task => 'regression');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_train('rooms', target => 'price', options => '{"loss": "bce"}');
SELECT * FROM sage_train('rooms', target => 'price', options => '{"metric": "auroc"}');

SELECT sage_drop_model('price');
SELECT sage_drop_model('rooms');
SELECT sage_drop_graph('regression');
SET client_min_messages = warning;
DROP SCHEMA train_regression CASCADE;
