-- Sampling on request.

CREATE FUNCTION sage_sample_neighbors(graph text, nodes bigint[], edge_type text DEFAULT NULL, k integer DEFAULT 10, strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, bigint[], text, integer, text, timestamptz, bigint, text)
	IS 'neighbors of some nodes: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes text[], edge_type text DEFAULT NULL, k integer DEFAULT 10, strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, text[], text, integer, text, timestamptz, bigint, text)
	IS 'neighbors of some nodes: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes uuid[], edge_type text DEFAULT NULL, k integer DEFAULT 10, strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, uuid[], text, integer, text, timestamptz, bigint, text)
	IS 'neighbors of some nodes: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes bigint[], edge_type text, k integer[], strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, bigint[], text, integer[], text, timestamptz, bigint, text)
	IS 'neighbors of some nodes, hop by hop: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes text[], edge_type text, k integer[], strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, text[], text, integer[], text, timestamptz, bigint, text)
	IS 'neighbors of some nodes, hop by hop: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_sample_neighbors(graph text, nodes uuid[], edge_type text, k integer[], strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL)
RETURNS TABLE (hop integer, relation text, source_type text, source text, neighbor_type text, neighbor text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_neighbors'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_neighbors(text, uuid[], text, integer[], text, timestamptz, bigint, text)
	IS 'neighbors of some nodes, hop by hop: uniform, replace, weight, top, recent, degree or full';

CREATE FUNCTION sage_subgraph(graph text, nodes bigint[], edge_type text DEFAULT NULL, k integer[] DEFAULT '{}', strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL, distances boolean DEFAULT false)
RETURNS TABLE (relation text, source_type text, source text, target_type text, target text, weight double precision, "time" timestamptz,
	source_distances integer[], target_distances integer[])
AS 'MODULE_PATHNAME', 'sage_subgraph'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_subgraph(text, bigint[], text, integer[], text, timestamptz, bigint, text, boolean)
	IS 'all edges among some nodes and the neighbors sampled from them, and how far their ends are from each of the nodes';

CREATE FUNCTION sage_subgraph(graph text, nodes text[], edge_type text DEFAULT NULL, k integer[] DEFAULT '{}', strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL, distances boolean DEFAULT false)
RETURNS TABLE (relation text, source_type text, source text, target_type text, target text, weight double precision, "time" timestamptz,
	source_distances integer[], target_distances integer[])
AS 'MODULE_PATHNAME', 'sage_subgraph'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_subgraph(text, text[], text, integer[], text, timestamptz, bigint, text, boolean)
	IS 'all edges among some nodes and the neighbors sampled from them, and how far their ends are from each of the nodes';

CREATE FUNCTION sage_subgraph(graph text, nodes uuid[], edge_type text DEFAULT NULL, k integer[] DEFAULT '{}', strategy text DEFAULT 'uniform',
	at timestamptz DEFAULT NULL, seed bigint DEFAULT 0, node_type text DEFAULT NULL, distances boolean DEFAULT false)
RETURNS TABLE (relation text, source_type text, source text, target_type text, target text, weight double precision, "time" timestamptz,
	source_distances integer[], target_distances integer[])
AS 'MODULE_PATHNAME', 'sage_subgraph'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_subgraph(text, uuid[], text, integer[], text, timestamptz, bigint, text, boolean)
	IS 'all edges among some nodes and the neighbors sampled from them, and how far their ends are from each of the nodes';

CREATE FUNCTION sage_sample_nodes(graph text, node_type text DEFAULT NULL, n bigint DEFAULT NULL, strategy text DEFAULT 'shuffle',
	batch_size integer DEFAULT 64, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (batch bigint, node text)
AS 'MODULE_PATHNAME', 'sage_sample_nodes'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_nodes(text, text, bigint, text, integer, timestamptz, bigint)
	IS 'nodes in batches: shuffle or order, each once, or random, with replacement';

CREATE FUNCTION sage_sample_edges(graph text, edge_type text DEFAULT NULL, n bigint DEFAULT NULL, strategy text DEFAULT 'shuffle',
	batch_size integer DEFAULT 64, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (batch bigint, source text, target text, weight double precision, "time" timestamptz)
AS 'MODULE_PATHNAME', 'sage_sample_edges'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_edges(text, text, bigint, text, integer, timestamptz, bigint)
	IS 'edges in batches: shuffle or order, each once, or random, with replacement';

CREATE FUNCTION sage_sample_negatives(graph text, edge_type text, nodes bigint[], k integer DEFAULT 1, strategy text DEFAULT 'random',
	weight_column text DEFAULT NULL, positives text[] DEFAULT NULL, share jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (node text, positive text, negative text, shared text)
AS 'MODULE_PATHNAME', 'sage_sample_negatives'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_negatives(text, text, bigint[], integer, text, text, text[], jsonb, timestamptz, bigint)
	IS 'for each node some that it has no edge to: random, degree or weight; shares of them with a value in common with the positive';

CREATE FUNCTION sage_sample_negatives(graph text, edge_type text, nodes text[], k integer DEFAULT 1, strategy text DEFAULT 'random',
	weight_column text DEFAULT NULL, positives text[] DEFAULT NULL, share jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (node text, positive text, negative text, shared text)
AS 'MODULE_PATHNAME', 'sage_sample_negatives'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_negatives(text, text, text[], integer, text, text, text[], jsonb, timestamptz, bigint)
	IS 'for each node some that it has no edge to: random, degree or weight; shares of them with a value in common with the positive';

CREATE FUNCTION sage_sample_negatives(graph text, edge_type text, nodes uuid[], k integer DEFAULT 1, strategy text DEFAULT 'random',
	weight_column text DEFAULT NULL, positives text[] DEFAULT NULL, share jsonb DEFAULT NULL, at timestamptz DEFAULT NULL, seed bigint DEFAULT 0)
RETURNS TABLE (node text, positive text, negative text, shared text)
AS 'MODULE_PATHNAME', 'sage_sample_negatives'
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000;
COMMENT ON FUNCTION sage_sample_negatives(text, text, uuid[], integer, text, text, text[], jsonb, timestamptz, bigint)
	IS 'for each node some that it has no edge to: random, degree or weight; shares of them with a value in common with the positive';
