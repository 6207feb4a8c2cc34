-- Which columns scores can be kept in, and names of the triggers that do.
SET client_min_messages = warning;
CREATE TABLE attach_nodes AS SELECT i AS id, (i * 7919 % 10)::int AS a, i * 31 % 97 / 97.0::float8 AS b, i * 7919 % 53 < 21 AS y
	FROM generate_series(1, 300) i;
ALTER TABLE attach_nodes ADD PRIMARY KEY (id);
CREATE TABLE attach_edges AS SELECT 1 + i * 104729 % 300 AS source, 1 + i * 7919 % 297 AS target FROM generate_series(1, 600) i;
CREATE INDEX ON attach_edges (source, target);
CREATE INDEX ON attach_edges (target, source);
SELECT sage_create_graph('attach', 'attach_nodes', 'attach_edges', features => '{a,b}');
SELECT m, version FROM unnest('{churn,churn_score,customer_churn_prediction_model_2026_variant_a,customer_churn_prediction_model_2026_variant_b}'::text[]) m,
	LATERAL sage_train(m, 'attach', 'y', options => '{"epochs": 1, "hidden": 4, "quiet": true}');

-- names that read alike, and names that are cut
ALTER TABLE attach_nodes ADD score_v2 float8, ADD v2 float8, ADD score_of_the_long_column_a float8, ADD score_of_the_long_column_b float8;
SELECT sage_attach('churn', 'score_v2');
SELECT sage_attach('churn_score', 'v2');
SELECT sage_attach('customer_churn_prediction_model_2026_variant_a', 'score_of_the_long_column_a');
SELECT sage_attach('customer_churn_prediction_model_2026_variant_b', 'score_of_the_long_column_b');
INSERT INTO attach_nodes (id, a, b) VALUES (1001, 3, 0.25)
	RETURNING num_nulls(score_v2, v2, score_of_the_long_column_a, score_of_the_long_column_b) AS without_score;

-- one column, one model
SELECT sage_attach('churn', 'v2');
SELECT sage_detach('churn_score', 'v2');
SELECT sage_attach('churn', 'v2');
SELECT sage_attach('churn', 'v2', mode => 'after');

-- a generated column cannot be written
ALTER TABLE attach_nodes ADD made float8 GENERATED ALWAYS AS (b * 2) STORED;
SELECT sage_attach('churn', 'made');
SELECT sage_attach('churn', 'made', mode => 'after');
CREATE TRIGGER made BEFORE INSERT ON attach_nodes FOR EACH ROW EXECUTE FUNCTION sage_score('churn', 'made');
INSERT INTO attach_nodes (id, a, b) VALUES (1002, 3, 0.25);
DROP TRIGGER made ON attach_nodes;

-- sage_detach finds all that sage_attach made
SELECT sage_detach('churn', 'v2'), sage_detach('churn', 'score_v2'),
	sage_detach('customer_churn_prediction_model_2026_variant_a', 'score_of_the_long_column_a'),
	sage_detach('customer_churn_prediction_model_2026_variant_b', 'score_of_the_long_column_b');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('attach_nodes'::regclass, 'attach_edges'::regclass);
SELECT sage_drop_model(m) FROM unnest('{churn,churn_score,customer_churn_prediction_model_2026_variant_a,customer_churn_prediction_model_2026_variant_b}'::text[]) m;
SELECT sage_drop_graph('attach');
DROP TABLE attach_nodes, attach_edges;
