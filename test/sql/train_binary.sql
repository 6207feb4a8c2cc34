-- Two classes: from two tables to scores, new rows without retraining.
CREATE SCHEMA train_binary;
SET search_path = train_binary, public;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;

-- 800 users in two camps that the features hardly tell and the edges do
CREATE TABLE users (id int PRIMARY KEY, age int, city text, churned bool);
CREATE TABLE follows (source int REFERENCES users, target int REFERENCES users, PRIMARY KEY (source, target));
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 20 + 40 * draw('age' || i) + 4 * (i % 2),
	CASE WHEN draw('city' || i) < 0.45 + 0.1 * (i % 2) THEN 'Oslo' ELSE 'Rome' END, i % 2 = 1
	FROM generate_series(1, 800) i;
INSERT INTO follows SELECT i, 1 + (i - 1 + 2 * floor(200 * draw(i || 'to' || k))::int
	+ CASE WHEN draw(i || 'other' || k) < 0.1 THEN 1 ELSE 2 END) % 800
	FROM generate_series(1, 800) i, generate_series(1, 5) k
	ON CONFLICT DO NOTHING;
DELETE FROM follows WHERE source = target;
UPDATE users SET churned = NULL WHERE draw('known' || id) < 0.3;
SELECT sage_create_graph('binary', 'users', 'follows');

-- a column of the table, boolean
SELECT version, epochs >= best_epoch AS best_within, best_epoch > 0 AS has_best, metric,
	validation > 0.75 AS learns, validation > baseline + 0.1 AS graph_matters, seconds > 0 AS took_time
	FROM sage_train('churn', target => 'churned', options => '{"quiet": true}');
SELECT model, graph, owner = current_user AS mine, task, deployed, metric, validation BETWEEN 0.5 AND 1 AS validation,
	metrics -> 'classes' ->> 'false' AS no, metrics -> 'classes' ->> 'true' AS yes, metrics -> 'seed' AS seed,
	rows_read -> 'nodes' AS nodes, rows_read -> 'unlabeled' AS unlabeled, granted
	FROM sage.models WHERE model = 'churn';
SELECT (metrics ->> 'train')::int + (metrics ->> 'validation')::int + (metrics ->> 'test')::int =
	(SELECT count(*) FROM users WHERE churned IS NOT NULL) AS every_label_used,
	(rows_read -> 'edges' -> 'follows' ->> 'rows')::int = (SELECT count(*) FROM follows) AS every_edge_read
	FROM sage.models WHERE model = 'churn';
SELECT sage_classes('churn');

-- the rows without a label are scored, too: they are what it is for
SELECT count(*) = count(sage_predict(id)) AS all_scored, min(sage_predict(id)) >= 0 AND max(sage_predict(id)) <= 1 AS probabilities
	FROM users;
SELECT avg(sage_predict(id)) FILTER (WHERE id % 2 = 1) > avg(sage_predict(id)) FILTER (WHERE id % 2 = 0) + 0.2 AS apart
	FROM users WHERE churned IS NULL;
SELECT bool_and(sage_predict_label(id) = CASE WHEN sage_predict(id) >= 0.5 THEN 'true' ELSE 'false' END) AS labels,
	bool_and(abs(sage_predict(id, class => 'true') + sage_predict(id, class => 'false') - 1) < 1e-6) AS classes,
	bool_and(abs((sage_predict_proba(id))[2] - sage_predict(id)) < 1e-6) AS proba,
	bool_and(array_length(sage_embed(id), 1) = 64) AS embeddings
	FROM users;

-- new users, scored in the transaction that inserts them; nothing stays
BEGIN;
INSERT INTO users VALUES (1001, 40, 'Oslo', NULL), (1002, 40, 'Oslo', NULL), (1003, 40, 'Oslo', NULL);
INSERT INTO follows SELECT 1001, id FROM users WHERE id % 2 = 1 AND id <= 30;
INSERT INTO follows SELECT id, 1002 FROM users WHERE id % 2 = 0 AND id <= 30;
SELECT sage_predict(1001) > sage_predict(1002) AS follows_its_neighbors,
	sage_predict(1003) BETWEEN 0 AND 1 AS alone_too;
ROLLBACK;
SELECT sage_predict(1001) IS NULL AS gone;

-- metrics of a trained model, on its labels and on others
SELECT metric, value BETWEEN 0 AND 1 AS sane FROM sage_evaluate('churn') ORDER BY metric COLLATE "C";
SELECT value > 0.75 FROM sage_evaluate('churn', $$SELECT id AS node, id % 2 = 1 AS label FROM users WHERE churned IS NULL$$)
	WHERE metric = 'auroc';

-- epochs are kept, of the model and of what it is compared with
SELECT m.epochs = count(*) FILTER (WHERE NOT e.baseline) AS all_epochs, count(*) FILTER (WHERE e.baseline) > 0 AS baseline,
	bool_and(e.loss > 0) AS losses, bool_and(e.validation BETWEEN 0 AND 1) AS validations, min(e.epoch) AS first
	FROM sage.models m, sage.epochs e WHERE m.model = 'churn' AND e.model = 'churn' GROUP BY m.epochs;
SELECT model, graph, owner = current_user AS mine, state, started < ended AS in_order, version FROM sage.runs WHERE model = 'churn';

-- the same classes in other types
CREATE TYPE mood AS ENUM ('happy', 'gone');
ALTER TABLE users ADD as_text text, ADD as_int smallint, ADD as_float float8, ADD as_enum mood, ADD as_numeric numeric(3);
UPDATE users SET as_text = CASE WHEN churned THEN 'yes' ELSE 'no' END, as_int = CASE WHEN churned THEN 7 ELSE -3 END,
	as_float = churned::int, as_enum = CASE WHEN churned THEN 'gone' ELSE 'happy' END::mood, as_numeric = churned::int
	WHERE churned IS NOT NULL;
SELECT sage_drop_graph('binary');
SELECT sage_drop_model('churn');
SELECT sage_drop_graph('binary');
SELECT sage_create_graph('binary', 'users', 'follows', features => '{age,city}');
SELECT metric, validation > 0.75 AS learns FROM sage_train('churn', target => 'as_text', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('churn') FROM sage.models WHERE model = 'churn';
SELECT metric, validation > 0.75 AS learns FROM sage_train('churn', target => 'as_int', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('churn') FROM sage.models WHERE model = 'churn';
SELECT metric, validation > 0.75 AS learns FROM sage_train('churn', target => 'as_float', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('churn') FROM sage.models WHERE model = 'churn';
SELECT metric, validation > 0.75 AS learns FROM sage_train('churn', target => 'as_numeric', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('churn') FROM sage.models WHERE model = 'churn';
SELECT metric, validation > 0.75 AS learns FROM sage_train('churn', target => 'as_enum', options => '{"quiet": true, "epochs": 20}');
SELECT task, sage_classes('churn') FROM sage.models WHERE model = 'churn';
SELECT avg(sage_predict(id, class => 'gone')) > avg(sage_predict(id, class => 'happy')) AS gone_is_gone FROM users WHERE id % 2 = 1;
SELECT model, version, deployed FROM sage.model_versions WHERE model = 'churn' ORDER BY version;

-- what binary models are judged by
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('churn', target => 'churned', options => '{"quiet": true, "epochs": 3, "metric": "ap"}');
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('churn', target => 'churned', options => '{"quiet": true, "epochs": 3, "metric": "f1"}');
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('churn', target => 'churned', options => '{"quiet": true, "epochs": 3, "metric": "accuracy"}');
SELECT metric, validation BETWEEN 0 AND 1 AS sane FROM sage_train('churn', target => 'churned', options => '{"quiet": true, "epochs": 3, "metric": "log_loss"}');

SELECT sage_drop_model('churn');
SELECT sage_drop_graph('binary');
SET client_min_messages = warning;
DROP SCHEMA train_binary CASCADE;
