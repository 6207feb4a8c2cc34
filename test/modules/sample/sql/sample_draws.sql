-- Samples are uniform, and those of different nodes, seeds and epochs are
-- independent.  Scores are standard deviations; seeds are fixed.
SET search_path = sample_test, public;
SET client_min_messages = error;

-- every shop sells every good; keys in a row, which a weak hash would not mix
CREATE TABLE shops (id int PRIMARY KEY);
INSERT INTO shops SELECT generate_series(1, 30);
CREATE TABLE goods (id int PRIMARY KEY);
CREATE TABLE named (name text PRIMARY KEY);
CREATE TABLE sells (shop int, good int);
CREATE TABLE names (shop int, good text);
INSERT INTO goods SELECT generate_series(1, 100);
INSERT INTO sells SELECT shops.id, goods.id FROM shops, goods;
INSERT INTO named SELECT 'n' || id FROM goods;
INSERT INTO names SELECT shop, 'n' || good FROM sells;
SELECT sage_create_graph(g) FROM unnest('{sells,names,few,many}'::text[]) AS g;
SELECT sage_add_nodes(g, 'shops') FROM unnest('{sells,names,few,many}'::text[]) AS g;
SELECT sage_add_nodes('sells', 'goods');
SELECT sage_add_nodes('names', 'named', key => 'name');
SELECT sage_add_edges('sells', 'sells', 'sells', 'shop', 'good', 'shops', 'goods', direction => 'forward');
SELECT sage_add_edges('names', 'names', 'names', 'shop', 'good', 'shops', 'named', direction => 'forward');
-- a list that is sorted whole, and one that is not by far
CREATE TABLE few AS SELECT id FROM goods WHERE id <= 12;
CREATE TABLE few_sells AS SELECT * FROM sells WHERE good <= 12;
CREATE TABLE many AS SELECT generate_series(1, 1200) AS id;
CREATE TABLE many_sells AS SELECT shops.id AS shop, many.id AS good FROM shops, many;
SELECT sage_add_nodes('few', 'few', key => 'id');
SELECT sage_add_nodes('many', 'many', key => 'id');
SELECT sage_add_edges('few', 'few_sells', 'sells', 'shop', 'good', 'shops', 'few', direction => 'forward');
SELECT sage_add_edges('many', 'many_sells', 'sells', 'shop', 'good', 'shops', 'many', direction => 'forward');

SELECT graph, k, name, abs(score) < 4 AS ok
FROM (VALUES ('sells', 'sells', 10, 100), ('sells', 'sells', 60, 40), ('names', 'names', 10, 100), ('few', 'sells', 5, 300), ('few', 'sells', 1, 300),
		('many', 'sells', 20, 15)) AS v (graph, relation, k, seeds),
	test_draws_by_seed(graph, relation, k, seeds);
SELECT graph, k, name, abs(score) < CASE WHEN name = 'included' THEN 5 ELSE 4 END AS ok
FROM (VALUES ('sells', 'sells', 10, 500), ('names', 'names', 10, 500), ('few', 'sells', 5, 500), ('many', 'sells', 20, 500)) AS v (graph, relation, k, epochs),
	test_draws_by_epoch(graph, relation, k, epochs);

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP TABLE shops, goods, named, sells, names, few, few_sells, many, many_sells;
