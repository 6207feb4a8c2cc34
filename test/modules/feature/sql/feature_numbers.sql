-- Numbers, booleans, durations; integers as categories.
SET search_path = feature_test;
\set VERBOSITY terse

-- every type of number gives the same: mean 3, std 2
CREATE TABLE numbers (id int PRIMARY KEY, a smallint, b int, c bigint, d real, e float8, f numeric, g numeric(8,2));
INSERT INTO numbers SELECT i, x, x, x, x, x, x, x FROM unnest('{1,1,5,5}'::int[]) WITH ORDINALITY AS u (x, i);
SELECT * FROM test_show(test_fit('numbers'));
SELECT * FROM test_rows('numbers');

-- NULL is 0 with an indicator; a boolean; durations in seconds
CREATE TABLE others (id int PRIMARY KEY, a float8, b bool, c interval, d time, e timetz);
INSERT INTO others VALUES (1, 2, true, '1 minute', '00:01', '00:00:01+00'), (2, 4, false, '3 minutes', '00:03', '00:00:03+00'),
	(3, NULL, NULL, NULL, NULL, NULL);
SELECT * FROM test_show(test_fit('others'));
SELECT * FROM test_rows('others');

-- without NULLs in the fit there is no indicator
SELECT unnest(test_encode('others', 'id', test_fit('others', features => '{a,b}', visible => 'id < 3')));
-- the fit sees only the rows it may see; what is far out is clamped
CREATE TABLE far (id int PRIMARY KEY, x float8);
INSERT INTO far VALUES (1, -1), (2, 1), (3, 1e300), (4, -1e300), (5, 7);
SELECT * FROM test_show(test_fit('far', visible => 'id <= 2'));
SELECT unnest(test_encode('far', 'id', test_fit('far', visible => 'id <= 2')));
-- numbers whose squares are too large for a double
SELECT kind, log FROM test_show(test_fit('far'));
SELECT unnest(test_encode('far', 'id', test_fit('far')));

-- constant columns: nothing, or what is left of them
CREATE TABLE constants (id int PRIMARY KEY, a int, b float8, c bool, d text, e int, f text, g numeric);
INSERT INTO constants SELECT i, 1, 2.5, true, 'x', CASE WHEN i > 1 THEN 7 END, CASE WHEN i > 1 THEN 'y' END FROM generate_series(1, 6) AS i;
SELECT * FROM test_show(test_fit('constants'));
SELECT * FROM test_rows('constants');

-- a heavy tail is taken by logarithm: 99 times 0 to 2, once a million
CREATE TABLE tail (id int PRIMARY KEY, x float8, y float8);
INSERT INTO tail SELECT i, CASE WHEN i = 100 THEN 1e6 ELSE i % 3 END, CASE WHEN i = 100 THEN -1e6 ELSE i % 3 END FROM generate_series(1, 100) AS i;
SELECT name, log FROM test_show(test_fit('tail'));
SELECT * FROM test_rows('tail', features => '{x}') LIMIT 3;

-- integers of few values are categories too; 9 is too rare for a slot of its own
CREATE TABLE categories (id int PRIMARY KEY, x int);
INSERT INTO categories SELECT i, (ARRAY[30, 10, 20])[i % 3 + 1] FROM generate_series(1, 18) AS i;
INSERT INTO categories VALUES (19, 9), (20, NULL);
SELECT * FROM test_show(test_fit('categories'));
SELECT i, r FROM test_rows('categories') WITH ORDINALITY AS t (r, i) WHERE i IN (1, 2, 3, 19, 20);
-- without rare values and NULLs in the fit these have no slots
SELECT i, r FROM unnest(test_encode('categories', 'id', test_fit('categories', visible => 'id < 19'))) WITH ORDINALITY AS t (r, i)
	WHERE i IN (1, 2, 3, 19, 20);
-- far apart, many, and too many for a category
CREATE TABLE wide (id int PRIMARY KEY, x bigint, y int, z int);
INSERT INTO wide SELECT i, (i % 3 - 1) * 4e18, i % 5000, i % 4000 FROM generate_series(1, 20000) AS i;
SELECT name, kind, jsonb_array_length(c -> 'values') AS slots FROM jsonb_array_elements(test_fit('wide') -> 'columns') AS c,
	jsonb_to_record(c) AS r (name text, kind text);
SELECT * FROM test_rows('wide', features => '{x}') LIMIT 3;

-- bad values, and where they are
INSERT INTO numbers (id, f) VALUES (8, 'NaN');
INSERT INTO others (id, a) VALUES (9, '-infinity');
\set VERBOSITY default
SELECT test_fit('numbers');
SELECT test_fit('others');
SELECT test_encode('others', 'id', test_fit('others', features => '{a}', visible => 'id < 4'));
\set VERBOSITY terse
-- too large for a double: the server's own error
\set VERBOSITY sqlstate
UPDATE numbers SET f = 1e400 WHERE id = 8;
SELECT test_fit('numbers');

DROP TABLE numbers, others, far, constants, tail, categories, wide;
