-- Nodes, edges, negatives and subgraphs on request.
CREATE SCHEMA sample_tables;
SET search_path = sample_tables, public;
SET client_min_messages = warning;
SET timezone = 'UTC';
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, at timestamptz);
INSERT INTO users SELECT i, to_timestamp(i) FROM generate_series(1, 100) AS i;
CREATE TABLE items (code text PRIMARY KEY, category text, price float8);
INSERT INTO items SELECT 'i' || lpad(i::text, 2, '0'), CASE WHEN i > 2 THEN 'c' || i % 5 END, i FROM generate_series(1, 40) AS i;
CREATE TABLE bought (customer int, item text, amount real, at timestamptz);
INSERT INTO bought SELECT 1 + i % 50, 'i' || lpad((1 + i * i % 20)::text, 2, '0'), i % 7, to_timestamp(i) FROM generate_series(1, 300) AS i;
INSERT INTO bought VALUES (777, 'i01', 1, to_timestamp(1)), (1, 'none', 1, to_timestamp(1));
CREATE TABLE follows (a int, b int);
INSERT INTO follows SELECT i, i + 1 FROM generate_series(1, 19) AS i;
INSERT INTO follows VALUES (1, 5), (5, 1), (30, 31);
CREATE INDEX ON bought (customer, item);
CREATE INDEX ON bought (item, customer);
CREATE INDEX ON follows (a, b);
CREATE INDEX ON follows (b, a);
SELECT sage_create_graph('shop');
SELECT sage_add_nodes('shop', 'users', time_column => 'at'), sage_add_nodes('shop', 'items', key => 'code');
SELECT sage_add_edges('shop', 'bought', source => 'customer', target => 'item', source_type => 'users', target_type => 'items', weight_column => 'amount', time_column => 'at'),
	sage_add_edges('shop', 'follows', source => 'a', target => 'b', source_type => 'users', target_type => 'users');

-- nodes
SELECT * FROM sage_sample_nodes('shop', 'users', 5, 'order', batch_size => 2);
SELECT count(DISTINCT node) AS nodes, array_agg(DISTINCT batch) AS batches, count(*) FILTER (WHERE batch = 4) AS last FROM sage_sample_nodes('shop', 'users', batch_size => 30);
SELECT array_agg(node) <> (SELECT array_agg(node ORDER BY node::int) FROM sage_sample_nodes('shop', 'users')) AS shuffled,
	array_agg(node) = (SELECT array_agg(node) FROM sage_sample_nodes('shop', 'users')) AS repeatable,
	array_agg(node) <> (SELECT array_agg(node) FROM sage_sample_nodes('shop', 'users', seed => 1)) AS other_epoch FROM sage_sample_nodes('shop', 'users');
SELECT count(*), max(node::int) FROM sage_sample_nodes('shop', 'users', at => to_timestamp(50));
SELECT count(*) FROM sage_sample_nodes('shop', 'users', 0);
-- 99.9 % of chi-squares of 39 degrees of freedom are below 72.1
SELECT sum((n - 100.0) ^ 2 / 100) < 72.1 AS random_fits, count(*) FROM (SELECT count(*) AS n FROM sage_sample_nodes('shop', 'items', 4000, 'random') GROUP BY node) AS c;
SELECT sum((n - 100.0) ^ 2 / 100) < 72.1 AS first_fits FROM (SELECT count(*) AS n FROM generate_series(1, 4000) AS seed, sage_sample_nodes('shop', 'items', 1, seed => seed) GROUP BY node) AS c;

-- edges: those with both ends there, each row
SELECT count(*), count(DISTINCT (source, target, weight, "time")) = 300 AS each_once, count(DISTINCT batch) FROM sage_sample_edges('shop', 'bought', batch_size => 100);
SELECT * FROM sage_sample_edges('shop', 'follows', 3, 'order');
SELECT array_agg(source) = array_agg(source ORDER BY source::int, target) AS in_order FROM sage_sample_edges('shop', 'bought', strategy => 'order');
SELECT array_agg(e.*::text) = (SELECT array_agg(e.*::text) FROM sage_sample_edges('shop', 'bought') AS e) AS repeatable FROM sage_sample_edges('shop', 'bought') AS e;
SELECT max("time") < to_timestamp(40) AS earlier, count(*) FROM sage_sample_edges('shop', 'bought', at => to_timestamp(40));
SELECT count(*) FROM sage_sample_edges('shop', 'follows', 1000, 'random');
SELECT sum((n - 100.0) ^ 2 / 100) < 46.8 AS random_fits, count(*) FROM (SELECT count(*) AS n FROM sage_sample_edges('shop', 'follows', 2200, 'random') GROUP BY source, target) AS c;

-- negatives: never a neighbor, never twice
CREATE TABLE negatives AS SELECT strategy, n.* FROM unnest('{random,degree,weight}'::text[]) AS strategy,
	sage_sample_negatives('shop', 'bought', ARRAY(SELECT generate_series(1, 50)), 10, strategy, CASE WHEN strategy = 'weight' THEN 'price' END, seed => 3) AS n;
SELECT strategy, count(*) FILTER (WHERE strategy <> 'degree') AS negatives, count(*) = count(DISTINCT (node, negative)) AS distinct_ones,
	count(*) FILTER (WHERE EXISTS (SELECT FROM bought WHERE customer = node::int AND item = negative)) AS neighbors FROM negatives GROUP BY strategy ORDER BY strategy;
SELECT bool_and(EXISTS (SELECT FROM bought WHERE item = negative)) AS of_some_degree FROM negatives WHERE strategy = 'degree';
-- all that there are, if more are asked for
SELECT count(*) = 40 - (SELECT count(DISTINCT item) FROM bought WHERE customer = 1 AND item <> 'none') AS all_others FROM sage_sample_negatives('shop', 'bought', ARRAY[1], 1000);
SELECT count(*) = 20 AS nor_oneself FROM sage_sample_negatives('shop', 'follows', ARRAY[31], 1000, 'degree');
SELECT count(*) FROM sage_sample_negatives('shop', 'bought', ARRAY[100000], 5);
-- as of a time: what is a neighbor later is none yet
SELECT count(*) FROM sage_sample_negatives('shop', 'bought', ARRAY[2], 1000, at => to_timestamp(1));
-- distributions, of user 100 who has bought nothing: 39 degrees of freedom, and 19 where only 20 items are bought
CREATE TABLE drawn AS SELECT strategy, n.negative, count(*) AS n FROM unnest('{random,degree,weight}'::text[]) AS strategy, generate_series(1, 1000) AS seed,
	sage_sample_negatives('shop', 'bought', ARRAY[100], 1, strategy, CASE WHEN strategy = 'weight' THEN 'price' END, seed => seed) AS n GROUP BY 1, 2;
SELECT sum((coalesce(n, 0) - 25) ^ 2 / 25) < 72.1 AS random_fits FROM items LEFT JOIN drawn ON negative = code AND strategy = 'random';
SELECT sum((coalesce(n, 0) - 1000 * price / 820) ^ 2 / (1000 * price / 820)) < 72.1 AS weight_fits FROM items LEFT JOIN drawn ON negative = code AND strategy = 'weight';
SELECT sum((coalesce(n, 0) - e) ^ 2 / e) < 43.8 AS degree_fits
	FROM (SELECT item, 1000 * count(*) / 301.0 AS e FROM bought WHERE item <> 'none' GROUP BY item) AS b LEFT JOIN drawn ON negative = item AND strategy = 'degree';
-- some share the category of the positive; where there is none to share, none does
SELECT n.node, n.positive, count(*), count(*) FILTER (WHERE shared = 'category') AS shared, bool_and((i.category = p.category) IS NOT FALSE OR shared IS NULL) AS in_common,
	count(*) = count(DISTINCT negative) AS distinct_ones, bool_and(negative <> n.positive) AS not_itself
	FROM sage_sample_negatives('shop', 'bought', ARRAY[100, 99, 98], 8, positives => '{i07,i08,i01}', share => '{"category": 0.5}') AS n
	JOIN items AS i ON i.code = negative JOIN items AS p ON p.code = n.positive GROUP BY 1, 2 ORDER BY 1;
SELECT shared, count(*) FROM sage_sample_negatives('shop', 'bought', ARRAY[100], 20, positives => '{i07}', share => '{"category": 0.25, "price": 0.5}') GROUP BY 1 ORDER BY 1;

-- subgraphs: a chain 1 - 2 - ... - 20 with a short cut from 1 to 5
SELECT source, target, source_distances, target_distances FROM sage_subgraph('shop', ARRAY[1, 2, 3, 5, 30], 'follows', distances => true) ORDER BY source::int, target::int;
SELECT count(*) AS edges, max(target_distances[1]) FROM sage_subgraph('shop', ARRAY[1], 'follows', '{-1,-1,-1}', distances => true);
SELECT relation, count(*), bool_and(source_distances IS NULL) AS no_distances FROM sage_subgraph('shop', ARRAY[1, 2], NULL, '{3,3}', node_type => 'users') GROUP BY relation ORDER BY relation;
SELECT count(*) FROM sage_subgraph('shop', ARRAY['i01'], 'rev_bought', '{-1}', node_type => 'items', at => to_timestamp(100));
SELECT count(*) FROM sage_subgraph('shop', '{}'::bigint[], 'follows', '{5}');

-- keys of several columns
CREATE TABLE lines (bill int, line int, PRIMARY KEY (bill, line));
CREATE TABLE marks (id int PRIMARY KEY, bill int, line int, FOREIGN KEY (bill, line) REFERENCES lines);
INSERT INTO lines SELECT i, j FROM generate_series(1, 3) AS i, generate_series(1, 3) AS j;
INSERT INTO marks SELECT i, 1 + i % 2, 1 + i % 3 FROM generate_series(1, 12) AS i;
CREATE INDEX ON marks (bill, line);
SELECT sage_create_graph('bills');
SELECT edge_type FROM sage_add_foreign_keys('bills', ARRAY['lines', 'marks']::regclass[]);
SELECT source, neighbor FROM sage_sample_neighbors('bills', ARRAY[1, 6], 'marks.bill,line', 2, 'degree') ORDER BY 1;
SELECT source, count(*) FROM sage_sample_neighbors('bills', ARRAY['[1, 1]', '[1, 2]'], 'rev_marks.bill,line', -1) GROUP BY 1 ORDER BY 1;
SELECT count(*), bool_and(negative IN (SELECT jsonb_build_array(bill, line)::text FROM marks)) AS marked FROM sage_sample_negatives('bills', 'marks.bill,line', ARRAY[1], 9, 'degree');
SELECT node FROM sage_sample_nodes('bills', 'lines', 2, 'order');

-- what is drawn with replacement takes no memory
SET sage.max_memory = '4MB';
SELECT count(*) FROM sage_sample_nodes('shop', 'users', 700000, 'random');
RESET sage.max_memory;

-- errors
SELECT sage_sample_nodes('shop');
SELECT sage_sample_nodes('shop', 'user');
SELECT sage_sample_nodes('shop', 'users', -1);
SELECT sage_sample_nodes('shop', 'users', 1000000000000, 'random');
SELECT sage_sample_nodes('shop', 'users', strategy => 'shufle');
SELECT sage_sample_nodes('shop', 'users', batch_size => 0);
SELECT sage_sample_edges('shop');
SELECT sage_sample_edges('shop', 'folows');
SELECT sage_sample_edges('shop', 'follows', batch_size => NULL);
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], -1);
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 2000000);
SELECT sage_sample_negatives('shop', 'bought', ARRAY(SELECT generate_series(1, 1000)), 1000000);
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, 'weight');
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, 'weight', 'prize');
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, share => '{"category": 0.5}');
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, positives => '{i01,i02}');
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, positives => '{i01}', share => '{"category": 1.5}');
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, positives => '{i01}', share => '{"categoy": 0.5}');
SELECT sage_sample_negatives('shop', 'bought', ARRAY[1], 1, positives => '{i01}', share => '[1]');
SELECT sage_subgraph('shop', ARRAY[1], 'follows', '{1,NULL}');
SELECT sage_subgraph('shop', ARRAY(SELECT generate_series(1, 2000)), 'follows', distances => true);

SELECT sage_drop_graph('shop'), sage_drop_graph('bills');
DROP SCHEMA sample_tables CASCADE;
