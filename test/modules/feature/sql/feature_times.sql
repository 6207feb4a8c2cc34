-- Dates and timestamps: relative and cyclic parts.
SET search_path = feature_test;
SET timezone = 'Asia/Tokyo';
\set VERBOSITY terse

-- over two days there is no whole week to see
CREATE TABLE short (id int PRIMARY KEY, d date);
INSERT INTO short VALUES (1, '2001-01-01'), (2, '2001-01-03');
SELECT name, kind, std, rest FROM test_show(test_fit('short'));
SELECT * FROM test_rows('short');

-- over two years there is everything, but no time of day in a date
CREATE TABLE times (id int PRIMARY KEY, d date, t timestamp, z timestamptz);
INSERT INTO times VALUES (1, '2000-01-01', '2000-01-01 00:00', '2000-01-01 00:00+00'), (2, '2002-01-05', '2002-01-05 06:00', '2002-01-05 06:00+00');
SELECT name, kind, std, rest FROM test_show(test_fit('times'));
SELECT unnest(test_encode('times', 'id', test_fit('times', features => ARRAY[f]))) AS r, f FROM unnest('{d,t,z}'::text[]) AS f;
-- midnight in every row: no time of day
SELECT name, rest FROM test_show(test_fit('times', visible => 'id = 1'));

-- infinity is at the end of the scale, without phase; NULL has its indicator
INSERT INTO times VALUES (3, 'infinity', '-infinity', 'infinity'), (4, NULL, NULL, NULL), (5, '4713-01-01 BC', '294276-01-01', '1900-01-01');
SELECT name, missing, rest FROM test_show(test_fit('times', visible => 'id < 5'));
SELECT unnest(test_encode('times', 'id', test_fit('times', features => ARRAY[f], visible => 'id < 5'))) AS r, f FROM unnest('{d,t,z}'::text[]) AS f;
-- open ends: one time and infinity
CREATE TABLE ends (id int PRIMARY KEY, d date);
INSERT INTO ends VALUES (1, '2020-01-01'), (2, 'infinity');
SELECT * FROM test_rows('ends');
SELECT * FROM test_show(test_fit('ends', visible => 'id = 2'));

RESET timezone;
DROP TABLE short, times, ends;
