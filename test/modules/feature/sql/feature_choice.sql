-- Which columns are features.
SET search_path = feature_test;
\set VERBOSITY terse

CREATE FUNCTION names(state jsonb) RETURNS text LANGUAGE sql AS
	$$ SELECT string_agg(c ->> 'name', ' ' ORDER BY o) FROM jsonb_array_elements(state -> 'columns') WITH ORDINALITY AS e (c, o) $$;
CREATE TABLE people (id int PRIMARY KEY, age int, gone int, "First Name" text, churned bool, boss int, joined date,
	note jsonb, doc bytea, twice int GENERATED ALWAYS AS (age * 2) STORED, leak int GENERATED ALWAYS AS (churned::int + 1) STORED);
ALTER TABLE people DROP COLUMN gone;
ALTER TABLE people ADD COLUMN score float8;
INSERT INTO people (id, age, "First Name", churned, boss, joined, score)
	SELECT i, 20 + i % 2 * 10, 'x' || i % 2, i % 2 = 0, 1, '2020-01-01', i FROM generate_series(1, 8) AS i;

-- all but key, ends, time, target and what is generated from it; a notice names what has no encoder
SELECT names(test_fit('people', target => 'churned', time_column => 'joined', edge => 'boss'));
SELECT names(test_fit('people', exclude => '{note,age,"First Name"}'));
SELECT names(test_fit('people', exclude => '{note,doc,age,"First Name"}'));
-- or those that are named, in that order
SELECT names(test_fit('people', features => '{score,First Name,age}'));
SELECT * FROM test_rows('people', features => '{score,First Name,age,twice}') LIMIT 2;
-- nothing at all
SELECT names(test_fit('people', exclude => '{age,"First Name",churned,boss,joined,note,doc,twice,leak,score}')), count(*) FROM people;

-- what cannot be
SELECT test_fit('people', features => '{scroe}');
\set VERBOSITY default
SELECT test_fit('people', features => '{scroe}');
SELECT test_fit('people', features => '{note}');
SELECT test_fit('people', features => '{score,id}');
\set VERBOSITY terse
SELECT test_fit('people', features => '{score,score}');
SELECT test_fit('people', features => '{boss}', edge => 'boss');
SELECT test_fit('people', features => '{joined}', time_column => 'joined');
SELECT test_fit('people', features => '{churned}', target => 'churned');
SELECT test_fit('people', features => '{leak}', target => 'churned');
SELECT test_fit('people', features => '{score}', exclude => '{score}');
SELECT test_fit('people', features => '{ctid}');
SELECT test_fit('people', features => '{gone}');
SELECT names(test_fit('people', features => '{age}', exclude => '{scroe}'));

-- domains, also of arrays and in arrays
CREATE DOMAIN percent AS numeric CHECK (VALUE <= 100);
CREATE DOMAIN small_percent AS percent CHECK (VALUE <= 10);
CREATE DOMAIN tags AS text[];
CREATE DOMAIN word AS varchar;
CREATE DOMAIN num AS int;
CREATE TABLE domains (id int PRIMARY KEY, a percent, b small_percent, c tags, d word, e percent[], f num[], g word[]);
INSERT INTO domains SELECT i, i % 2, i % 2, ARRAY['t' || i % 2], 'w' || i % 2, ARRAY[i % 2, 1], ARRAY[i % 2], ARRAY['v' || i % 2] FROM generate_series(1, 8) AS i;
SELECT name, kind, rest FROM test_show(test_fit('domains'));
SELECT * FROM test_rows('domains') LIMIT 2;

-- inheritance children, and partitions with other orders and gaps
CREATE TABLE parent (id int PRIMARY KEY, a float8, b text);
CREATE TABLE child (c int, b text, a float8, id int NOT NULL);
ALTER TABLE child DROP COLUMN c;
ALTER TABLE child INHERIT parent;
INSERT INTO parent VALUES (1, 1, 'x');
INSERT INTO child (id, a, b) VALUES (2, 3, 'y');
SELECT * FROM test_rows('parent', features => '{a}');
CREATE TABLE whole (id int, a float8, s int[]) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE part2 (s int[], gap text, id int, a float8);
ALTER TABLE part2 DROP COLUMN gap;
ALTER TABLE whole ATTACH PARTITION part2 FOR VALUES FROM (10) TO (20);
INSERT INTO whole VALUES (1, 1, '{1,2}'), (11, 3, '{2,3}');
SELECT * FROM test_rows('whole');
-- views, with names that need quotes
CREATE VIEW "People's" AS SELECT id AS "the ""Key""", age / 10.0 AS "select", score FROM people;
SELECT * FROM test_rows('"People''s"', 'the "Key"') LIMIT 2;

DROP VIEW "People's";
DROP TABLE people, domains, parent, child, whole;
DROP DOMAIN small_percent, percent, tags, word, num;
DROP FUNCTION names(jsonb);
