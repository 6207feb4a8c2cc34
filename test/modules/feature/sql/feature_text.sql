-- Texts and enums: categories or words.
SET search_path = feature_test;
\set VERBOSITY terse

-- every type of text; slots are ordered by bytes, not by locale
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE texts (id int PRIMARY KEY, a text, b varchar(9), c char(9), d name, e "char", f mood);
INSERT INTO texts SELECT i, w, w, w, w, w, (ARRAY['sad', 'happy'])[i % 2 + 1]::mood
	FROM generate_series(1, 12) AS i, LATERAL (SELECT (ARRAY['b', 'Z', '~'])[i % 3 + 1] AS w) AS l;
SELECT name, kind, other, rest FROM test_show(test_fit('texts', exclude => '{e}'));
SELECT * FROM test_rows('texts', features => '{a,b,c,d,f}') LIMIT 3;
SELECT kind FROM test_show(test_fit('texts', features => '{e}'));
-- unseen values and NULL: "other" and NULL have slots if the fit saw such
SELECT unnest(test_encode('texts', 'id', test_fit('texts', features => '{a,f}', visible => 'id IN (3, 6, 9, 12, 1, 4, 7, 10)'))) LIMIT 3;
INSERT INTO texts (id, a, f) VALUES (13, 'once', 'ok'), (14, NULL, NULL), (15, '', 'ok');
SELECT name, kind, missing, other, rest FROM test_show(test_fit('texts', features => '{a,f}'));
SELECT r FROM test_rows('texts', features => '{a,f}') WITH ORDINALITY AS t (r, i) WHERE i > 12;
-- an enum is a category even where its values are few and rare
CREATE TABLE moods (id int PRIMARY KEY, m mood);
INSERT INTO moods VALUES (1, 'sad'), (2, 'sad'), (3, 'happy');
SELECT kind, other, rest FROM test_show(test_fit('moods'));
SELECT * FROM test_rows('moods');

-- many values: words, in lower case, once a text, of length 1 together
CREATE TABLE notes (id int PRIMARY KEY, t text);
INSERT INTO notes VALUES (1, 'The cat, the dog!'), (2, 'CAT'), (3, 'dog... unseen-elsewhere'), (4, 'a the-cat_dog 42 42'),
	(5, ''), (6, NULL), (7, '42'), (8, 'Größe'), (9, 'größe'), (10, 'größe?');
SELECT kind, missing, rest FROM test_show(test_fit('notes'));
SELECT i, regexp_replace(r, ' \d+(:|\y)', ' w\1', 'g') AS r FROM test_rows('notes') WITH ORDINALITY AS t (r, i);
SELECT (test_encode('notes', 'id', s))[2] = '0 | ' || (SELECT count(*) FROM jsonb_array_elements(s #> '{columns,0,values}') AS v
	WHERE v::bigint < (SELECT min(v::bigint) FROM jsonb_array_elements(test_fit('notes', visible => 'id <= 2') #> '{columns,0,values}') AS v)) AS cat
	FROM test_fit('notes') AS s;
-- beyond the limit of a category values are taken apart on the way
CREATE TABLE many (id int PRIMARY KEY, t text);
INSERT INTO many SELECT i, 'w' || i / 5 || ' tail' FROM generate_series(0, 24999) AS i;
SELECT kind, rest FROM test_show(test_fit('many'));
SELECT kind FROM test_show(test_fit('many', visible => 'id < 20000'));
-- and so is one that is too long for a category
INSERT INTO many VALUES (30000, repeat('x', 2000)), (30001, repeat('x', 2000));
SELECT kind, rest FROM test_show(test_fit('many', visible => 'id < 100 OR id >= 30000'));
-- user names are no features: nothing is seen twice
CREATE TABLE users (id int PRIMARY KEY, name text);
INSERT INTO users SELECT i, 'user' || i FROM generate_series(1, 100) AS i;
SELECT * FROM test_show(test_fit('users'));
SELECT * FROM test_rows('users') LIMIT 1;

DROP TABLE texts, moods, notes, many, users;
DROP TYPE mood;
