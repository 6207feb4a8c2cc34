-- Every operation against a reference in double, every backward against
-- central differences, at widths around those that the kernels work in.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/tensor_test' :dlsuffix

CREATE FUNCTION tensor_test_op(name text, cols int) RETURNS bool
	AS :'modfile', 'tensor_test_op' LANGUAGE C STRICT;
CREATE FUNCTION tensor_test_kernel(name text) RETURNS bool
	AS :'modfile', 'tensor_test_kernel' LANGUAGE C STRICT;

-- operations: the widths at which one is wrong
SELECT name, array_agg(cols ORDER BY cols) FILTER (WHERE NOT ok) AS wrong_at, bool_and(ok) AS ok
FROM (SELECT n, name, cols, tensor_test_op(name, cols) AS ok
	FROM unnest('{matmul, matmul_into, sparse_matmul, sparse_matmul_ones, sparse_matmul_into,
			segment_mean, segment_mean_weighted, segment_mean_into, gather_rows, first_rows,
			add, add_bias, relu, dropout, l2_normalize, layer_norm,
			loss_bce, loss_ce, loss_mse, loss_mae, loss_huber}'::text[]) WITH ORDINALITY AS o (name, n),
		unnest('{1, 3, 8, 17, 32, 63, 64, 65, 100}'::int[]) AS cols) AS t
GROUP BY n, name
ORDER BY n;

-- everything else
SELECT name, tensor_test_kernel(name) AS ok
FROM unnest('{gemm_small, gemm_empty, gemm_overwrites, gemm_pieces,
	matmul_rows, matmul_empty, kernel_rows, thread_signals,
	adam, adam_keeps_zero, vector_arithmetic, dropout, relu_keeps_nan, l2_zero_row,
	loss_extremes, probabilities, tape_memory, tape_again, param_block, param_seed, param_cancel}'::text[]) AS name;

DROP FUNCTION tensor_test_op(text, int);
DROP FUNCTION tensor_test_kernel(text);
