-- Nothing of the future: whatever happens to rows at or after a seed's time,
-- its sample stays the same, to the order of the neighbors.
SET search_path = sample_test, public;
SET client_min_messages = error;

CREATE TABLE people (id int PRIMARY KEY, at timestamptz);
INSERT INTO people SELECT i, CASE WHEN draw(20, 1, i) > 0 THEN to_timestamp(draw(100, 2, i)) END FROM generate_series(1, 400) AS i;
CREATE TABLE items (code text PRIMARY KEY);
INSERT INTO items SELECT 'i' || i FROM generate_series(1, 900) AS i;
CREATE TABLE follows AS SELECT draw(draw(2, 3, i) * 396 + 4, 4, i) AS a, draw(400, 5, i) AS b,
		CASE WHEN draw(20, 6, i) > 0 THEN to_timestamp(draw(100, 7, i)) END AS at, i FROM generate_series(1, 4000) AS i;
-- copies of many times, so that only the first one is seen
INSERT INTO follows SELECT b, a, to_timestamp(draw(100, 8, i)), i FROM follows WHERE draw(2, 9, i) = 0;
CREATE TABLE buys AS SELECT draw(draw(2, 10, i) * 398 + 2, 11, i) AS a, 'i' || draw(900, 12, i) AS b, draw(5, 13, i)::real AS w, to_timestamp(draw(100, 14, i)) AS at, i
	FROM generate_series(1, 5000) AS i;
SELECT sage_create_graph('leak');
SELECT sage_add_nodes('leak', 'people', time_column => 'at');
SELECT sage_add_nodes('leak', 'items');
SELECT sage_add_edges('leak', 'follows', 'follows', 'a', 'b', 'people', 'people', time_column => 'at');
SELECT sage_add_edges('leak', 'buys', 'buys', 'a', 'b', 'people', 'items', weight_column => 'w', time_column => 'at');

-- the hubs and some others at t = 40, 50 and 60, by each store, rotating or not, strict or not
CREATE FUNCTION samples() RETURNS TABLE (store text, rotate bool, inclusive bool, fanout text, lines text) LANGUAGE sql
	AS $$ SELECT store, rotate, inclusive, fanout, string_agg(concat_ws(' ', hop, relation, node, seen_at, neighbors, weights), E'\n' ORDER BY n)
		FROM unnest('{live,resident}'::text[]) AS store, unnest('{f,t}'::bool[]) AS rotate, unnest('{f,t}'::bool[]) AS inclusive,
			unnest('{"[10, 5]","{\"follows\": [30, -1], \"default\": 3}","-1"}'::text[]) AS fanout,
			LATERAL (SELECT array_agg(id::text ORDER BY id, t) AS seeds, array_agg(to_timestamp(t) - inclusive::int * interval '1 us' ORDER BY id, t) AS times
				FROM generate_series(1, 12) AS id, unnest('{40,50,60}'::int[]) AS t) AS s,
			test_sample(store, 'leak', 'people', fanout::jsonb, 2, seeds, times, rotate, 5, inclusive)
				WITH ORDINALITY AS r (hop, relation, node, seen_at, neighbors, weights, n)
		WHERE fanout <> '-1' OR NOT rotate
		GROUP BY store, rotate, inclusive, fanout $$;
CREATE TABLE before AS SELECT * FROM samples();
SELECT count(*) AS samples, bool_and(length(lines) > 2000) AS large, count(DISTINCT lines) AS kinds FROM before;
CREATE FUNCTION changed() RETURNS bigint LANGUAGE sql
	AS $$ SELECT count(*) FROM before AS b FULL JOIN samples() AS a USING (store, rotate, inclusive, fanout) WHERE a.lines IS DISTINCT FROM b.lines $$;

-- the past does count
BEGIN;
DELETE FROM follows WHERE at < to_timestamp(30);
SELECT changed() = (SELECT count(*) FROM before) AS all_changed;
ROLLBACK;

-- edges of the future go
BEGIN;
DELETE FROM follows WHERE at >= to_timestamp(60) OR at IS NULL;
DELETE FROM buys WHERE at >= to_timestamp(60) OR at IS NULL;
SELECT changed();
ROLLBACK;
-- or others come, of people and items that are there, as copies and as hubs
BEGIN;
INSERT INTO follows SELECT draw(12, 20, i), draw(400, 21, i), to_timestamp(60 + draw(10, 22, i)) FROM generate_series(1, 3000) AS i;
INSERT INTO follows SELECT a, b, to_timestamp(60) FROM follows;
INSERT INTO buys SELECT draw(12, 23, i), 'i' || draw(900, 24, i), 100, to_timestamp(60 + draw(2, 25, i)) FROM generate_series(1, 3000) AS i;
INSERT INTO follows SELECT draw(12, 26, i), draw(400, 27, i), NULL FROM generate_series(1, 100) AS i;
INSERT INTO follows SELECT draw(12, 26, i), draw(400, 27, i), 'infinity' FROM generate_series(1, 100) AS i;
SELECT changed();
ROLLBACK;
-- or change their ends, weights and times
BEGIN;
UPDATE follows SET a = draw(400, 28, i), b = draw(12, 29, i), at = at + interval '7 s' WHERE at >= to_timestamp(60) OR at IS NULL;
UPDATE buys SET a = draw(400, 30, i), w = w * 2 + 1, at = NULL WHERE at >= to_timestamp(60);
SELECT changed();
ROLLBACK;
-- people of the future go, come, and are others; so do their edges, even old ones
BEGIN;
DELETE FROM people WHERE (at >= to_timestamp(60) OR at IS NULL) AND id > 12;
SELECT changed();
INSERT INTO people SELECT i, to_timestamp(60 + draw(3, 31, i)) FROM generate_series(401, 900) AS i;
INSERT INTO follows SELECT draw(12, 32, i) + 1, i, to_timestamp(1) FROM generate_series(401, 900) AS i;
SELECT changed();
UPDATE people SET id = id + 1000, at = at + interval '1 year' WHERE id > 400;
SELECT changed();
ROLLBACK;
-- the seeds' own rows are excepted: their times do not matter to themselves
BEGIN;
UPDATE people SET at = to_timestamp(70) WHERE id = 7;
SELECT a.neighbors = b.neighbors AS same
FROM test_sample('live', 'leak', 'people', '-1', 1, '{7}', ARRAY[to_timestamp(60)]) AS a JOIN
	test_sample('resident', 'leak', 'people', '-1', 1, '{7}', ARRAY[to_timestamp(60)]) AS b USING (relation)
WHERE relation = 'follows';
ROLLBACK;
-- each time by itself: at 60 the rows from 40 to 60 count, at 40 they do not
BEGIN;
DELETE FROM follows WHERE at >= to_timestamp(40);
DELETE FROM buys WHERE at >= to_timestamp(40);
SELECT changed() = (SELECT count(*) FROM before) AS all_changed;
SELECT count(*) > 50 AS many, count(*) FILTER (WHERE concat_ws(' ', hop, relation, node, seen_at, neighbors, weights) <> ALL (lines)) AS changed
FROM (SELECT string_to_array(lines, E'\n') AS lines FROM before WHERE store = 'live' AND rotate AND NOT inclusive AND fanout = '[10, 5]') AS b,
	(SELECT array_agg(i::text) AS seeds, array_agg(to_timestamp(40)) AS times FROM generate_series(1, 12) AS i) AS s,
	test_sample('live', 'leak', 'people', '[10, 5]', 2, seeds, times, true, 5);
ROLLBACK;

SELECT sage_drop_graph('leak');
DROP FUNCTION changed(), samples();
DROP TABLE people, items, follows, buys, before;
