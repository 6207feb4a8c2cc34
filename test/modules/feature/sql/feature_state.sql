-- The stored state: exact, checked, and bound to the table as it is now.
SET search_path = feature_test;
\set VERBOSITY terse

CREATE TABLE t (id int PRIMARY KEY, x float8, c text, s int[], v real[], d date, same int, n int);
INSERT INTO t SELECT i, sin(i), 'a "quoted" \ ' || chr(9) || i % 3, ARRAY[i % 4], ARRAY[cos(i), i / 7.0], '2020-01-01'::date + i * 100, 5, i % 4 FROM generate_series(1, 16) AS i;
CREATE TABLE kept AS SELECT test_fit('t') AS state, test_encode('t', 'id', test_fit('t')) AS rows;
SELECT test_rewrite('t', 'id', state) = state AS same, test_encode('t', 'id', state) = rows AS same_rows FROM kept;
-- the same rows in another order give the same state
CREATE TABLE turned (LIKE t);
INSERT INTO turned SELECT * FROM t ORDER BY id * 7 % 17;
SELECT test_fit('turned') = state AS same FROM kept;
-- wider types of the same class may be read
ALTER TABLE t ALTER s TYPE bigint[], ALTER n TYPE bigint, ALTER c TYPE varchar, ALTER x TYPE numeric USING x::numeric;
SELECT test_encode('t', 'id', state) = rows AS same_rows FROM kept;
-- nothing is lost with a column that said nothing
ALTER TABLE t DROP COLUMN same;
SELECT test_encode('t', 'id', state) = rows AS same_rows FROM kept;

-- dropped, renamed or retyped since
\set VERBOSITY default
BEGIN;
ALTER TABLE t DROP COLUMN x;
SELECT test_encode('t', 'id', state) FROM kept;
ROLLBACK;
BEGIN;
ALTER TABLE t ALTER n TYPE text;
SELECT test_encode('t', 'id', state) FROM kept;
ROLLBACK;
\set VERBOSITY terse
BEGIN;
ALTER TABLE t ALTER d TYPE jsonb USING NULL;
SELECT test_encode('t', 'id', state) FROM kept;
ROLLBACK;

-- a state that was edited
CREATE FUNCTION edited(path text[], value jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	what text;
BEGIN
	PERFORM test_rewrite('t', 'id', CASE WHEN value IS NULL THEN state #- path ELSE jsonb_set(state, path, value) END) FROM kept;
	RETURN 'accepted';
EXCEPTION WHEN data_corrupted THEN
	GET STACKED DIAGNOSTICS what = PG_EXCEPTION_DETAIL;
	RETURN SQLERRM || ': ' || what;
END
$$;
SELECT path, value, edited(path::text[], value::jsonb) FROM (VALUES
	('{columns}', NULL), ('{columns}', '{}'), ('{columns}', '7'), ('{columns,0}', '1'), ('{columns,0}', '[]'),
	('{columns,0,name}', NULL), ('{columns,0,name}', '"c"'), ('{columns,0,name}', '3'),
	('{columns,0,class}', '"vector"'), ('{columns,0,class}', '"none"'), ('{columns,0,kind}', '"set"'), ('{columns,0,kind}', 'null'),
	('{columns,0,missing}', '1'), ('{columns,0,number,std}', '0'), ('{columns,0,number,std}', '-1'), ('{columns,0,number,mean}', '1e999'),
	('{columns,0,number,mean}', '"1"'), ('{columns,0,number,log}', NULL), ('{columns,0,number}', '[]'), ('{columns,0,number}', NULL),
	('{columns,1,values}', NULL), ('{columns,1,values}', '["b","a"]'), ('{columns,1,values}', '["a","a"]'), ('{columns,1,values}', '[1]'),
	('{columns,1,number}', '{"mean":1,"std":1,"log":false}'), ('{columns,1,other}', '"no"'),
	('{columns,2,values}', '[1,1]'), ('{columns,2,values}', '[1.5]'), ('{columns,2,values}', '[9223372036854775808]'),
	('{columns,2,values}', '[1,[2]]'), ('{columns,2,values}', '[]'), ('{columns,3,stds}', '[1]'), ('{columns,3,stds}', '[1,-1]'),
	('{columns,3,means}', '[1,null]'), ('{columns,4,week}', '0'), ('{columns,4,unknown}', '0')) AS e (path, value);

DROP TABLE t, turned, kept;
DROP FUNCTION edited(text[], jsonb);
