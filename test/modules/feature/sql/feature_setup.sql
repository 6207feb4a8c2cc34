-- The functions that the other tests call, in a schema of their own.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/feature_test' :dlsuffix

CREATE SCHEMA feature_test;
SET search_path = feature_test;

-- choose the columns of a table, fit them on its rows
CREATE FUNCTION test_fit(tab regclass, key text = 'id', features text[] = NULL, exclude text[] = NULL,
	target text = NULL, time_column text = NULL, edge text = NULL, visible text = NULL) RETURNS jsonb
	AS :'modfile', 'test_fit' LANGUAGE C;
-- the encoded rows, by key: dense numbers | slots of the sparse part[:value, if it is not 1]
CREATE FUNCTION test_encode(tab regclass, key text, state jsonb) RETURNS text[]
	AS :'modfile', 'test_encode' LANGUAGE C STRICT;
-- the state, read and written again
CREATE FUNCTION test_rewrite(tab regclass, key text, state jsonb) RETURNS jsonb
	AS :'modfile', 'test_rewrite' LANGUAGE C STRICT;

-- the state, one line a column, numbers rounded
CREATE FUNCTION test_show(state jsonb)
RETURNS TABLE (name text, kind text, missing bool, other bool, mean numeric, std numeric, log bool, rest text)
LANGUAGE sql AS $$
	SELECT c ->> 'name', c ->> 'kind', (c ->> 'missing')::bool, (c ->> 'other')::bool,
		round((c #>> '{number,mean}')::numeric, 3), round((c #>> '{number,std}')::numeric, 3),
		(c #>> '{number,log}')::bool,
		CASE WHEN c ->> 'kind' = 'text' THEN jsonb_array_length(c -> 'values')::text || ' words'
			WHEN c ->> 'kind' = 'time' THEN concat_ws(' ', CASE WHEN c -> 'year' = 'true' THEN 'year' END,
				CASE WHEN c -> 'week' = 'true' THEN 'week' END, CASE WHEN c -> 'day' = 'true' THEN 'day' END)
			WHEN c ->> 'kind' = 'vector' THEN (SELECT string_agg(round(m::numeric, 2) || '/' || round(s::numeric, 2), ' ' ORDER BY o)
				FROM jsonb_array_elements_text(c -> 'means') WITH ORDINALITY AS a (m, o)
				JOIN jsonb_array_elements_text(c -> 'stds') WITH ORDINALITY AS b (s, o) USING (o))
			ELSE c ->> 'values' END
	FROM jsonb_array_elements(state -> 'columns') WITH ORDINALITY AS e (c, o) ORDER BY o
$$;
-- fit, check that the state survives, and encode
CREATE FUNCTION test_rows(tab regclass, key text = 'id', features text[] = NULL, fit_on regclass = NULL)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	state jsonb = test_fit(coalesce(fit_on, tab), key, features);
BEGIN
	IF test_rewrite(tab, key, state) <> state THEN
		RAISE 'the state has changed';
	END IF;
	RETURN QUERY SELECT unnest(test_encode(tab, key, state));
END
$$;
