-- Vectors and sets.
SET search_path = feature_test;
\set VERBOSITY terse

-- every type of vector; an element that does not vary is 0
CREATE TABLE vectors (id int PRIMARY KEY, a real[], b float8[], c numeric[], d numeric(6,2)[]);
INSERT INTO vectors SELECT i, v, v, v, v FROM (VALUES (1, '{1,10,7}'::real[]), (2, '{3,30,7}'), (3, '{2,NULL,7}'), (4, NULL)) AS t (i, v);
SELECT name, kind, missing, rest FROM test_show(test_fit('vectors'));
SELECT * FROM test_rows('vectors');
SELECT * FROM test_rows('vectors', features => '{b}');
-- long ones are stored out of line
CREATE TABLE long (id int PRIMARY KEY, v real[]);
INSERT INTO long SELECT i, (SELECT array_agg(i * 2.0 - 3 + 0 * j) FROM generate_series(1, 3000) AS j) FROM generate_series(1, 2) AS i;
SELECT length(r), left(r, 9) FROM test_rows('long') AS r;
-- any type that can be cast to real[], as pgvector's are
CREATE TYPE triple AS (x real, y real, z real);
CREATE FUNCTION triple_to_array(triple) RETURNS real[] LANGUAGE sql AS 'SELECT ARRAY[$1.x, $1.y, $1.z]';
CREATE CAST (triple AS real[]) WITH FUNCTION triple_to_array(triple);
CREATE TABLE casts (id int PRIMARY KEY, v triple);
INSERT INTO casts VALUES (1, '(1,2,3)'), (2, '(3,4,5)');
SELECT * FROM test_rows('casts');

-- every type of set; slots by value
CREATE TYPE color AS ENUM ('red', 'green');
CREATE TABLE sets (id int PRIMARY KEY, a int[], b smallint[], c bigint[], d int2vector, e text[], f varchar[], g color[]);
INSERT INTO sets SELECT i, a, a, a, b, t, t, g FROM (VALUES
	(1, '{5,3}'::int[], '5 3'::int2vector, '{y,x}'::text[], '{green,red}'::color[]),
	(2, '{3,NULL,3,9}', '3 3 9', '{x,NULL,x,zz}', '{red}'),
	(3, '{}', '', '{}', '{}')) AS v (i, a, b, t, g);
SELECT name, kind, missing, rest FROM test_show(test_fit('sets'));
SELECT * FROM test_rows('sets');
SELECT * FROM test_rows('sets', features => '{a}');
-- unseen members are dropped; NULL is nothing, or an indicator
INSERT INTO sets (id, a, e) VALUES (4, '{1000000,9,-5}', '{new,y}'), (5, NULL, NULL);
SELECT unnest(test_encode('sets', 'id', test_fit('sets', features => '{a,e}', visible => 'id < 4')));
SELECT * FROM test_rows('sets', features => '{a}');
-- several dimensions make one set
UPDATE sets SET a = '{{3,5},{9,3}}' WHERE id = 4;
SELECT (test_encode('sets', 'id', test_fit('sets', features => '{a}')))[4];
-- ids that lie far apart; more than there is room for: the most frequent ones, then the smallest
CREATE TABLE spread (id int PRIMARY KEY, s int[]);
INSERT INTO spread SELECT i, ARRAY[i * 1000 - 5000000, 7, 8, 9] FROM generate_series(1, 10000) AS i;
SELECT (SELECT count(*) FROM jsonb_array_elements(s #> '{columns,0,values}')), (test_encode('spread', 'id', s))[10000] FROM test_fit('spread') AS s;
TRUNCATE spread;
INSERT INTO spread SELECT i, array_agg(100 * i + j) || 2000000000 FROM generate_series(1, 1000) AS i, generate_series(1, 100) AS j GROUP BY i;
SELECT count(*), min(v::int), max(v::int), max(v::int) FILTER (WHERE v::int < 2000000000) FROM jsonb_array_elements(test_fit('spread') #> '{columns,0,values}') AS v;
-- the memory for counting is bounded: what is frequent survives
TRUNCATE spread;
INSERT INTO spread SELECT i, array_agg(1000 + i * 300 + j) || '{1,2,3}' FROM generate_series(0, 3999) AS i, generate_series(1, 300) AS j GROUP BY i;
SELECT count(*), min(v::int), count(*) FILTER (WHERE v::int < 4) AS frequent FROM jsonb_array_elements(test_fit('spread') #> '{columns,0,values}') AS v;

-- bad values
\set VERBOSITY default
INSERT INTO vectors (id, a) VALUES (5, '{1,2}');
SELECT test_fit('vectors');
SELECT test_encode('vectors', 'id', test_fit('vectors', visible => 'id < 5'));
\set VERBOSITY terse
UPDATE vectors SET a = '{{1,2,3}}' WHERE id = 5;
SELECT test_fit('vectors');
UPDATE vectors SET a = '{1,NULL,NaN}' WHERE id = 5;
SELECT test_fit('vectors');
UPDATE vectors SET a = '{1,2,infinity}' WHERE id = 5;
SELECT test_fit('vectors');
UPDATE vectors SET a = NULL, b = '{1,1e200,7}' WHERE id = 5;
SELECT test_fit('vectors');
UPDATE sets SET c = '{3000000000}' WHERE id = 5;
SELECT test_fit('sets');
UPDATE sets SET c = '{-2147483648,2147483647}' WHERE id = 5;
SELECT rest FROM test_show(test_fit('sets', features => '{c}'));

DROP TABLE vectors, long, casts, sets, spread;
DROP TYPE triple CASCADE;
DROP TYPE color;
