-- Adaptive sampling: shares of the plan, by seed and path.
SET search_path = sample_test, public;
SET client_min_messages = error;

-- 2,000 random typed graphs, of which the views show one; the types a, b and c, five edge tables, times of some
CREATE TABLE all_nodes (g int, type text, id int, at timestamptz, PRIMARY KEY (g, type, id));
INSERT INTO all_nodes SELECT g, type, i, CASE WHEN draw(15, 1, g, i) > 0 THEN to_timestamp(draw(30, 2, g, i)) END
	FROM generate_series(1, 2000) AS g, unnest('{a,b,c}'::text[]) AS type, generate_series(1, 2 + draw(7, 3, g, ascii(type))) AS i;
CREATE TABLE all_edges (g int, type text, s int, t int, at timestamptz);
INSERT INTO all_edges SELECT g, type, draw(10, 5, g, i, ascii(type)), draw(4 + draw(6, 6, g, i), 7, g, i, ascii(type)), to_timestamp(draw(30, 8, g, i))
	FROM generate_series(1, 2000) AS g, unnest('{u,v,w,x,y}'::text[]) AS type, generate_series(1, draw(25, 9, g, ascii(type))) AS i;
CREATE INDEX ON all_edges (g);
ANALYZE all_nodes, all_edges;
SET sample_test.g = 1;
CREATE VIEW a AS SELECT id, at FROM all_nodes WHERE g = current_setting('sample_test.g')::int AND type = 'a';
CREATE VIEW b AS SELECT id, at FROM all_nodes WHERE g = current_setting('sample_test.g')::int AND type = 'b';
CREATE VIEW c AS SELECT id FROM all_nodes WHERE g = current_setting('sample_test.g')::int AND type = 'c';
CREATE VIEW edges AS SELECT type, s, t, at FROM all_edges WHERE g = current_setting('sample_test.g')::int;
CREATE VIEW u AS SELECT s, t, at FROM edges WHERE type = 'u';
CREATE VIEW v AS SELECT s, t, at FROM edges WHERE type = 'v';
CREATE VIEW w AS SELECT s, t, at FROM edges WHERE type = 'w';
CREATE VIEW x AS SELECT s, t, at FROM edges WHERE type = 'x';
CREATE VIEW y AS SELECT s, t, at FROM edges WHERE type = 'y';
SELECT sage_create_graph('typed');
SELECT sage_add_nodes('typed', 'a', key => 'id', time_column => 'at'), sage_add_nodes('typed', 'b', key => 'id', time_column => 'at'), sage_add_nodes('typed', 'c', key => 'id');
SELECT sage_add_edges('typed', 'u', 'u', 's', 't', 'a', 'b', time_column => 'at'), sage_add_edges('typed', 'v', 'v', 's', 't', 'b', 'c'),
	sage_add_edges('typed', 'w', 'w', 's', 't', 'a', 'a', time_column => 'at'), sage_add_edges('typed', 'x', 'x', 's', 't', 'a', 'c', direction => 'forward'),
	sage_add_edges('typed', 'y', 'y', 's', 't', 'c', 'c', direction => 'both');
-- which relation has which fan-out at which hop, half of them none
CREATE FUNCTION fanouts(g int, hops int) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb_object_agg(r, (SELECT jsonb_agg(greatest(draw(7, 10, g, h, i::int) - 2, 0)) FROM generate_series(1, hops) AS h))
		FROM unnest('{u,rev_u,v,rev_v,w,x,y,rev_y}'::text[]) WITH ORDINALITY AS r (r, i) $$;
CREATE FUNCTION hold(g int, OUT hops int, OUT rotate bool, OUT timed bool, OUT neighbor_order text, OUT holds bool) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('sample_test.g', g::text, false);
	hops := 1 + g % 4;
	rotate := g % 3 = 0;
	timed := g % 5 > 1;
	neighbor_order := CASE WHEN g % 7 = 0 THEN 'recent' ELSE 'uniform' END;
	holds := test_adaptive('typed', CASE draw(3, 11, g) WHEN 0 THEN 'a' WHEN 1 THEN 'b' ELSE 'c' END, fanouts(g, hops), hops,
		at => CASE WHEN timed THEN ARRAY(SELECT to_timestamp(draw(32, 12, g, i)) FROM generate_series(1, 20) AS i) END,
		rotate => rotate, salt => g, inclusive => g % 2 = 0, neighbor_order => neighbor_order);
END $$;
SELECT count(*) AS graphs, count(*) FILTER (WHERE rotate) > 500 AS rotating, count(*) FILTER (WHERE timed) > 1000 AS timed, count(DISTINCT hops) AS hops,
	count(*) FILTER (WHERE neighbor_order = 'recent') > 200 AS recent, bool_and(holds) AS all_hold
FROM generate_series(1, 2000) AS g, hold(g);

-- the worked case: six hops; an item bought 5 times and one bought 45 times
CREATE TABLE locations (id int PRIMARY KEY);
CREATE TABLE customers (id int PRIMARY KEY, location int);
CREATE TABLE articles (id int PRIMARY KEY);
CREATE TABLE transactions (id int PRIMARY KEY, customer int, article int);
INSERT INTO locations SELECT generate_series(1, 10);
INSERT INTO customers SELECT i, 1 + i % 10 FROM generate_series(1, 1000) AS i;
INSERT INTO articles SELECT generate_series(1, 100);
INSERT INTO transactions VALUES (1, 1, 1), (2, 1, 2);
INSERT INTO transactions SELECT 2 + i, 1 + i, CASE WHEN i <= 4 THEN 1 ELSE 2 END FROM generate_series(1, 48) AS i;
-- each of the buyers has thirty more, of other articles
INSERT INTO transactions SELECT 1000 + c * 30 + i, c, 3 + draw(97, 13, c, i) FROM generate_series(2, 49) AS c, generate_series(1, 30) AS i;
CREATE FUNCTION shop() RETURNS void LANGUAGE sql AS $$
	SELECT sage_create_graph('shop');
	SELECT sage_add_nodes('shop', t::regclass) FROM unnest('{locations,customers,articles,transactions}'::text[]) AS t;
	SELECT sage_add_edges('shop', 'transactions', 'c', 'id', 'customer', 'transactions', 'customers');
	SELECT sage_add_edges('shop', 'transactions', 'a', 'id', 'article', 'transactions', 'articles');
	SELECT sage_add_edges('shop', 'customers', 'l', 'id', 'location', 'customers', 'locations') $$;
SELECT shop();
SELECT hop, relation, p.edges AS plain, a.edges AS adaptive
FROM test_tree('shop', 'customers', '{"rev_c": [10, 0, 0, 0, 10, 0], "a": [0, 1, 0, 0, 0, 1], "rev_a": [0, 0, 10, 0, 0, 0], "c": [0, 0, 0, 1, 0, 0], "l": [0, 0, 0, 0, 1, 0], "rev_l": [0, 0, 0, 0, 0, 2]}', 6, '{1}') AS a
	JOIN test_tree('shop', 'customers', '{"rev_c": [10, 0, 0, 0, 10, 0], "a": [0, 1, 0, 0, 0, 1], "rev_a": [0, 0, 10, 0, 0, 0], "c": [0, 0, 0, 1, 0, 0], "l": [0, 0, 0, 0, 1, 0], "rev_l": [0, 0, 0, 0, 0, 2]}', 6, '{1}', adaptive => false) AS p
	USING (hop, relation) ORDER BY hop, relation;
SELECT test_adaptive('shop', 'customers', '{"rev_c": [10, 0, 0, 0, 10, 0], "a": [0, 1, 0, 0, 0, 1], "rev_a": [0, 0, 10, 0, 0, 0], "c": [0, 0, 0, 1, 0, 0], "l": [0, 0, 0, 0, 1, 0], "rev_l": [0, 0, 0, 0, 0, 2]}', 6, '{1,2,3,30}') AS holds;

-- what is too much is said before anything is sampled
SELECT test_adaptive('shop', 'customers', '{"rev_c": -1, "default": 2}', 2);
SELECT test_adaptive('shop', 'customers', '{"rev_c": [1000, 0], "a": [0, 2000], "default": 0}', 2);
SELECT test_adaptive('typed', 'c', '1', 16);

SELECT count(sage_drop_graph(graph)) > 0 AS dropped FROM sage.graphs;
DROP FUNCTION fanouts, hold, shop;
DROP VIEW u, v, w, x, y, edges, a, b, c;
DROP TABLE all_nodes, all_edges, locations, customers, articles, transactions;
