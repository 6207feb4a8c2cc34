-- "if_better" deploys what is known to be better, and nothing else.
SET client_min_messages = warning;
CREATE TABLE better_nodes AS SELECT i AS id, (i * 7919 % 10)::int AS a, i * 7919 % 53 < 21 AS y FROM generate_series(1, 300) i;
ALTER TABLE better_nodes ADD PRIMARY KEY (id);
CREATE TABLE better_edges AS SELECT 1 + i * 104729 % 300 AS source, 1 + i * 7919 % 297 AS target FROM generate_series(1, 600) i;
CREATE INDEX ON better_edges (source, target);
CREATE INDEX ON better_edges (target, source);
CREATE TABLE better_labels AS SELECT id, y, CASE id % 5 WHEN 0 THEN 'validation' ELSE 'train' END AS split FROM better_nodes;
SELECT sage_create_graph('better', 'better_nodes', 'better_edges', features => '{a}');
SELECT validation IS NOT NULL AS defined FROM sage_train('better', 'better', labels => 'SELECT id AS node, y AS label, split FROM better_labels',
	options => '{"epochs": 5, "hidden": 4, "quiet": true}');
SET client_min_messages = notice;

-- validation labels of one class
DELETE FROM better_labels WHERE y AND split = 'validation';
SELECT validation FROM sage_train('better', options => '{"quiet": true, "deploy": "if_better"}');
-- none at all
UPDATE better_labels SET split = 'train';
SELECT validation FROM sage_train('better', options => '{"quiet": true, "deploy": "if_better"}');
-- another metric
UPDATE better_labels SET split = 'validation' WHERE id % 5 = 0 OR id < 20;
SELECT validation IS NOT NULL AS defined FROM sage_train('better', options => '{"quiet": true, "deploy": "if_better", "metric": "log_loss"}');
SELECT version, deployed FROM sage.model_versions WHERE model = 'better' ORDER BY 1;

-- a defined one is better than an undefined one that is deployed
SELECT sage_deploy('better', 2);
SELECT validation IS NOT NULL AS defined FROM sage_train('better', options => '{"quiet": true, "deploy": "if_better", "metric": "auroc"}');
SELECT version, deployed FROM sage.model_versions WHERE model = 'better' ORDER BY 1;

SELECT sage_drop_model('better');
SELECT sage_drop_graph('better');
DROP TABLE better_nodes, better_edges, better_labels;
