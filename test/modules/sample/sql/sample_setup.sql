-- What the other files of this test use.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/sample_test' :dlsuffix
CREATE SCHEMA sample_test;
SET search_path = sample_test, public;

CREATE FUNCTION test_neighbors(store text, graph text, relation text, count int DEFAULT -1, dst text[] DEFAULT NULL,
	at timestamptz[] DEFAULT NULL, rotate bool DEFAULT false, salt bigint DEFAULT 1, inclusive bool DEFAULT false,
	seed bigint DEFAULT 1, batch int DEFAULT 0, added text[] DEFAULT NULL, neighbor_order text DEFAULT 'uniform')
	RETURNS TABLE (place int, node text, seen_at timestamptz, neighbors text[], weights real[])
	AS :'modfile', 'test_neighbors' LANGUAGE C;
CREATE FUNCTION test_find_nodes(store text, graph text, node_type text, keys text[]) RETURNS text[]
	AS :'modfile', 'test_find_nodes' LANGUAGE C STRICT;
CREATE FUNCTION test_counts(graph text, relation text, OUT edges bigint, OUT dangling bigint, OUT loops bigint,
	OUT null_ends bigint, OUT duplicates bigint)
	AS :'modfile', 'test_counts' LANGUAGE C STRICT;
CREATE FUNCTION test_walk(graph text, relation text, hubs text[], times timestamptz[], steps int DEFAULT 300,
	seed bigint DEFAULT 1, neighbor_order text DEFAULT 'uniform') RETURNS bool
	AS :'modfile', 'test_walk' LANGUAGE C;
CREATE FUNCTION test_sample(store text, graph text, node_type text, fanout jsonb DEFAULT '-1', hops int DEFAULT 2,
	seeds text[] DEFAULT NULL, at timestamptz[] DEFAULT NULL, rotate bool DEFAULT false, salt bigint DEFAULT 1,
	inclusive bool DEFAULT false, seed bigint DEFAULT 1)
	RETURNS TABLE (hop int, relation text, node text, seen_at timestamptz, neighbors text[], weights real[])
	AS :'modfile', 'test_sample' LANGUAGE C;
CREATE FUNCTION test_blocks(graph text, node_type text, fanout jsonb DEFAULT '-1', hops int DEFAULT 2,
	seeds text[] DEFAULT NULL, at timestamptz[] DEFAULT NULL, rotate bool DEFAULT false, salt bigint DEFAULT 1,
	inclusive bool DEFAULT false, seed bigint DEFAULT 1) RETURNS bool
	AS :'modfile', 'test_blocks' LANGUAGE C;
CREATE FUNCTION test_adaptive(graph text, node_type text, fanout jsonb, hops int, seeds text[] DEFAULT NULL, at timestamptz[] DEFAULT NULL,
	rotate bool DEFAULT false, salt bigint DEFAULT 1, inclusive bool DEFAULT false, adaptive bool DEFAULT true, neighbor_order text DEFAULT 'uniform')
	RETURNS bool AS :'modfile', 'test_adaptive' LANGUAGE C;
CREATE FUNCTION test_tree(graph text, node_type text, fanout jsonb, hops int, seeds text[] DEFAULT NULL, at timestamptz[] DEFAULT NULL,
	rotate bool DEFAULT false, salt bigint DEFAULT 1, inclusive bool DEFAULT false, adaptive bool DEFAULT true, neighbor_order text DEFAULT 'uniform')
	RETURNS TABLE (hop int, relation text, nodes bigint, edges bigint) AS :'modfile', 'test_tree' LANGUAGE C;
CREATE FUNCTION test_draws_by_seed(graph text, relation text, k int, seeds int)
	RETURNS TABLE (name text, score float8) AS :'modfile', 'test_draws_by_seed' LANGUAGE C;
CREATE FUNCTION test_draws_by_epoch(graph text, relation text, k int, epochs int)
	RETURNS TABLE (name text, score float8) AS :'modfile', 'test_draws_by_epoch' LANGUAGE C;

-- The same whatever the machine: numbers from 0 to n - 1 that look random.
CREATE FUNCTION draw(n int, VARIADIC what int[]) RETURNS int LANGUAGE sql IMMUTABLE
	AS $$ SELECT ('x' || substr(md5(what::text), 1, 7))::bit(28)::int % n $$;

-- Names in an order for people, with their weights if there are any.
CREATE FUNCTION listed(neighbors text[], weights real[] DEFAULT NULL) RETURNS text LANGUAGE sql IMMUTABLE
	AS $$ SELECT coalesce(string_agg(CASE WHEN weights IS NULL THEN n ELSE n || '*' || w END, ' '
			ORDER BY length(n), n COLLATE "C", w), '-')
		FROM unnest(neighbors, weights) AS u (n, w) $$;

-- All neighbors of all nodes, by both stores, which must agree.
CREATE FUNCTION test_show(graph text, relation text, at timestamptz DEFAULT NULL, inclusive bool DEFAULT false)
	RETURNS TABLE (node text, neighbors text, same bool) LANGUAGE sql
	AS $$ WITH n AS (SELECT array_agg(r.node ORDER BY place) AS dst, array_agg(at) AS ats
			FROM test_neighbors('resident', graph, relation, 0) AS r)
		SELECT r.node, listed(r.neighbors, r.weights),
			(r.neighbors, r.weights) IS NOT DISTINCT FROM (l.neighbors, l.weights)
		FROM n, test_neighbors('resident', graph, relation, -1, dst, CASE WHEN at IS NOT NULL THEN ats END,
				inclusive => inclusive) AS r
			JOIN LATERAL test_neighbors('live', graph, relation, -1, dst, CASE WHEN at IS NOT NULL THEN ats END,
				inclusive => inclusive) AS l USING (place)
		ORDER BY place $$;
