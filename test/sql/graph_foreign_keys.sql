-- A schema as a graph: tables are node types, foreign keys are edge types.
CREATE SCHEMA graph_foreign_keys;
CREATE SCHEMA graph_foreign_keys_2;
SET search_path = graph_foreign_keys, public;

-- users, orders, products: one call
CREATE TABLE users (id int PRIMARY KEY, age int, joined timestamptz);
CREATE TABLE products (sku varchar(20) PRIMARY KEY, price numeric);
CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint REFERENCES users, item text REFERENCES products, ordered_at timestamp, paid date);
CREATE TABLE notes (id int PRIMARY KEY, body text);
CREATE INDEX ON orders (buyer, id);
SELECT sage_create_graph('shop');
SELECT * FROM sage_add_foreign_keys('shop');
SELECT node_type, nodes, key_column, key_type, time_column FROM sage.node_types WHERE graph = 'shop';
SELECT edge_type, source_column, source_type, target_column, target_type, direction, relations FROM sage.edge_types WHERE graph = 'shop';
-- again: nothing is new; the schema grows, and only what is new is added
CREATE INDEX ON orders (item, id);
SELECT * FROM sage_add_foreign_keys('shop');
CREATE TABLE reviews (id int PRIMARY KEY, order_id bigint REFERENCES orders, stars int);
CREATE INDEX ON reviews (order_id, id);
SELECT * FROM sage_add_foreign_keys('shop');
-- a table by its name, although nothing links it
SELECT * FROM sage_add_foreign_keys('shop', '{notes}');
SELECT sage_drop_graph('shop');
-- only some tables; the others' foreign keys are told of
SELECT sage_create_graph('shop');
SELECT * FROM sage_add_foreign_keys('shop', '{reviews,orders}');
SELECT sage_drop_graph('shop');
-- node types that exist are kept as they are
SELECT sage_create_graph('shop');
SELECT sage_add_nodes('shop', 'users', node_type => 'customer', features => '{age}');
SELECT * FROM sage_add_foreign_keys('shop', '{orders}');
SELECT node_type, time_column, features FROM sage.node_types WHERE graph = 'shop';
SELECT sage_drop_graph('shop');

-- times: given, and mistaken
SELECT sage_create_graph('shop');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders}', '{"orders": "paid", "users": null}');
SELECT node_type, time_column FROM sage.node_types WHERE graph = 'shop';
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders}', '{"orders": "paid", "users": null}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders}', '{"orders": "ordered_at"}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders}', '{"orders": null}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders}', '{"order": "paid"}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders,reviews}', '{"reviews": "star"}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders,products}', '{"products": "price"}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders,products}', '{"products": 3}');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders,products}', '["products"]');
SELECT * FROM sage_add_foreign_keys('shop', '{users,orders,notes}', '{"graph_foreign_keys.notes": "id"}');
SELECT node_type, time_column FROM sage.node_types WHERE graph = 'shop';
-- and other mistakes
SELECT * FROM sage_add_foreign_keys('shops');
SELECT * FROM sage_add_foreign_keys(NULL);
SELECT * FROM sage_add_foreign_keys('shop', '{}');
SELECT * FROM sage_add_foreign_keys('shop', ARRAY[NULL::regclass]);
SELECT * FROM sage_add_foreign_keys('shop', link_tables => NULL);
SELECT * FROM sage_add_foreign_keys('shop', '{orders_pkey}');
SELECT sage_drop_graph('shop');
-- several columns may be the time, and which are not
CREATE TABLE events (id int PRIMARY KEY, buyer int REFERENCES users, created timestamptz, updated timestamptz);
CREATE TABLE births (id int PRIMARY KEY, buyer int REFERENCES users, born date);
CREATE TABLE visits (id int PRIMARY KEY, buyer int REFERENCES users, day date NOT NULL);
CREATE TABLE clicks (id int PRIMARY KEY, buyer int REFERENCES users, epoch bigint);
SET client_min_messages = notice;
SELECT sage_create_graph('times');
SELECT edge_type FROM sage_add_foreign_keys('times', '{users,events,births,visits,clicks}', '{"clicks": "epoch"}');
SELECT node_type, time_column FROM sage.node_types WHERE graph = 'times';
SELECT sage_drop_graph('times');
DROP TABLE events, births, visits, clicks, notes, reviews;
SET client_min_messages = error;

-- keys of several columns, keys that are not the primary key, tables that refer to themselves and in a circle
CREATE TABLE graph_foreign_keys_2.teams (gone int, "Team" int, season int, city text, boss int, short varchar(3) NOT NULL UNIQUE, PRIMARY KEY ("Team", season));
ALTER TABLE graph_foreign_keys_2.teams DROP COLUMN gone;
CREATE TABLE people (id int PRIMARY KEY, mail text NOT NULL UNIQUE, age float8, manager int REFERENCES people, "Team" bigint, season bigint, favorite text,
	FOREIGN KEY (season, "Team") REFERENCES graph_foreign_keys_2.teams (season, "Team"),
	FOREIGN KEY (favorite) REFERENCES graph_foreign_keys_2.teams (short));
ALTER TABLE graph_foreign_keys_2.teams ADD FOREIGN KEY (boss) REFERENCES people DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE letters (
	sender text REFERENCES people (mail),
	receiver text REFERENCES people (mail),
	day date,
	about text,
	PRIMARY KEY (sender, receiver, day));
CREATE TABLE replies (id uuid PRIMARY KEY, a text, b text, c timestamp, FOREIGN KEY (a, b, c) REFERENCES letters (sender, receiver, day));
CREATE TABLE replies_of_date (id uuid PRIMARY KEY, a text, b text, c date, words int, FOREIGN KEY (a, b, c) REFERENCES letters (sender, receiver, day));
CREATE TABLE badges (person int REFERENCES people, code text NOT NULL UNIQUE, level int);
CREATE TABLE keyless (person int REFERENCES people, what text);
CREATE TABLE numbers (n numeric PRIMARY KEY, person int REFERENCES people);
CREATE TABLE coded (n numeric PRIMARY KEY, code uuid NOT NULL UNIQUE, person int REFERENCES people);
RESET client_min_messages;
SELECT sage_create_graph('org');
SET client_min_messages = notice;
SELECT * FROM sage_add_foreign_keys('org', '{graph_foreign_keys_2.teams,people,letters,replies,replies_of_date,badges,keyless,numbers,coded}');
SELECT node_type, key_column, key_type FROM sage.node_types WHERE graph = 'org';
SELECT edge_type, source_column, target_column FROM sage.edge_types WHERE graph = 'org';
RESET client_min_messages;

-- what a row is linked to, from the tables and from memory
BEGIN;
INSERT INTO graph_foreign_keys_2.teams SELECT i, 1990 + i % 3, 'city ' || i % 4, i, 't' || i FROM generate_series(1, 20) i;
INSERT INTO people SELECT i, 'p' || i, i * 7 % 50, nullif(i / 3, 0), CASE WHEN i % 5 > 0 THEN i % 20 + 1 END,
	CASE WHEN i % 6 > 0 THEN 1990 + (i % 20 + 1) % 3 END, 't' || i % 20 + 1 FROM generate_series(1, 60) i;
COMMIT;
INSERT INTO letters SELECT 'p' || i, 'p' || i * 7 % 60 + 1, '2020-01-01'::date + i % 5, 'about ' || i % 3 FROM generate_series(1, 60) i;
INSERT INTO replies_of_date SELECT gen_random_uuid(), sender, receiver, day, length(about) + substr(sender, 2)::int % 3 FROM letters WHERE day > '2020-01-01';
INSERT INTO badges SELECT i % 60 + 1, 'b' || i, i % 4 FROM generate_series(1, 30) i;
ANALYZE people; ANALYZE letters; ANALYZE replies_of_date; ANALYZE badges; ANALYZE graph_foreign_keys_2.teams;
SELECT validation IS NOT NULL AS trained FROM sage_train('teams', 'org', node_type => 'teams',
	labels => 'SELECT jsonb_build_array("Team", season) AS node, "Team" % 2 = 0 AS label FROM graph_foreign_keys_2.teams', options => '{"epochs": 2, "quiet": true, "fanout": [5, 5]}');
SELECT validation IS NOT NULL AS trained FROM sage_train('letters', 'org', node_type => 'letters',
	labels => $$SELECT replace(jsonb_build_array(sender, receiver, day)::text, ', ', ' ,') AS node, day > '2020-01-02' AS label FROM letters$$, options => '{"epochs": 2, "quiet": true, "fanout": [5, 5]}');
SELECT validation IS NOT NULL AS trained FROM sage_train('people', 'org', node_type => 'people', target => 'age',
	options => '{"epochs": 2, "quiet": true, "fanout": [5, 5]}');
-- a column of a key is no target and no feature
SELECT * FROM sage_train('bad', 'org', node_type => 'teams', target => 'season');
SELECT * FROM sage_train('bad', 'org', node_type => 'teams', labels => 'SELECT 1 AS node, true AS label');
-- one row live against all rows at once, in any spelling
CREATE TABLE scores AS SELECT l.*, sage_embed(jsonb_build_array(sender, receiver, day)::text, 'letters') AS h FROM letters l;
SELECT count(*), count(h) FROM scores;
SELECT max(abs(a - b)) < 1e-5 AS same FROM (
	SELECT unnest(h) a, unnest(sage_embed(replace(jsonb_build_array(sender, receiver, day)::text, ', ', ' ,'), 'letters')) b
	FROM scores WHERE sender IN ('p3', 'p14', 'p27')) d;
CREATE TABLE team_scores AS SELECT t.*, sage_embed(jsonb_build_array("Team", season)::text, 'teams') AS h FROM graph_foreign_keys_2.teams t;
SELECT max(abs(a - b)) < 1e-5 AS same FROM (
	SELECT unnest(h) a, unnest(sage_embed('[7, 1991]', 'teams')) b FROM team_scores WHERE "Team" = 7) d;
CREATE TABLE people_scores AS SELECT id, sage_embed(id, 'people') AS h FROM people;
SELECT max(abs(a - b)) < 1e-5 AS same FROM (SELECT unnest(h) a, unnest(sage_embed(9, 'people')) b FROM people_scores WHERE id = 9) d;
SELECT sage_predict('[7, 2000]', 'teams') IS NULL AS no_such_row, sage_predict('["7", "1991"]', 'teams') IS NULL AS texts;
SELECT sage_predict('[7]', 'teams');
SELECT sage_predict('7, 1991', 'teams');
SELECT sage_predict(7, 'teams');
SELECT sage_predict(ARRAY['[7, 1991]', '[7,1991]', NULL], 'teams') AS p \gset
SELECT (:'p'::float8[])[1] = (:'p'::float8[])[2] AS same, (:'p'::float8[])[3] IS NULL AS none;
-- each link counts: what they lead to changes the score
BEGIN;
SELECT sage_predict(9, 'people') AS before \gset
SAVEPOINT a;
UPDATE graph_foreign_keys_2.teams SET city = 'elsewhere', season = season WHERE short = (SELECT favorite FROM people WHERE id = 9);
UPDATE badges SET level = level + 50 WHERE person = 9;
SELECT sage_predict(9, 'people') <> :before AS differs_by_badge;
ROLLBACK TO a;
INSERT INTO letters VALUES ('p9', 'p10', '2024-01-01', 'about 2');
SELECT sage_predict(9, 'people') <> :before AS differs_by_letter;
ROLLBACK;
-- a row in hand
SELECT abs(sage_predict_row(p, 'people') - sage_predict(id, 'people')) < 1e-5 AS same FROM people p WHERE id IN (9, 10, 11);
SELECT abs(sage_predict_row(t, 'teams') - sage_predict('[7, 1991]', 'teams')) < 1e-5 AS same FROM graph_foreign_keys_2.teams t WHERE "Team" = 7;
SELECT abs(sage_predict_row(l, 'letters') - sage_predict(jsonb_build_array(sender, receiver, day)::text, 'letters')) < 1e-5 AS same FROM letters l WHERE sender = 'p9';
-- kept in a column, also when a row is linked to it by another key
ALTER TABLE graph_foreign_keys_2.teams ADD COLUMN score float8;
ALTER TABLE people ADD COLUMN score float8;
SELECT sage_attach('teams', 'score', 'after');
SELECT sage_attach('people', 'score', 'after');
UPDATE graph_foreign_keys_2.teams SET city = 'here' WHERE "Team" = 7;
SELECT abs(score - sage_predict('[7, 1991]', 'teams')) < 1e-5 AS kept FROM graph_foreign_keys_2.teams WHERE "Team" = 7;
INSERT INTO people (id, mail, age, favorite, "Team", season) VALUES (100, 'p100', 90, 't7', 8, 1992);
SELECT "Team", abs(score - sage_predict(jsonb_build_array("Team", season)::text, 'teams')) < 1e-5 AS kept FROM graph_foreign_keys_2.teams WHERE "Team" IN (7, 8) ORDER BY 1;
INSERT INTO letters VALUES ('p100', 'p9', '2024-01-01', 'about 2');
SELECT id, abs(score - sage_predict(id, 'people')) < 1e-5 AS kept FROM people WHERE id IN (9, 100) ORDER BY 1;
SELECT sage_detach('teams', 'score'), sage_detach('people', 'score');
SELECT sage_drop_model(m) FROM unnest('{teams,letters,people}'::text[]) m;
SELECT sage_drop_graph('org');
DROP TABLE scores, team_scores, people_scores, replies, replies_of_date, letters, badges, keyless, numbers, coded;
SET client_min_messages = error;
DROP TABLE people, graph_foreign_keys_2.teams CASCADE;
RESET client_min_messages;

-- by hand: a key of several columns, and an end of as many
CREATE TABLE seats (hall text, seat int, price float8, PRIMARY KEY (hall, seat));
CREATE TABLE neighbors (hall text, a int, b int, hall_b text, PRIMARY KEY (hall, a, b), FOREIGN KEY (hall, a) REFERENCES seats);
CREATE INDEX ON neighbors (b, hall_b);
SELECT sage_create_graph('hall', nodes => 'seats', edges => 'neighbors', source => 'hall, a', target => 'hall_b, b');
SELECT key_column, key_type FROM sage.node_types WHERE graph = 'hall';
SELECT source_column, target_column FROM sage.edge_types WHERE graph = 'hall';
SELECT sage_drop_graph('hall');
SELECT sage_create_graph('hall', nodes => 'seats', key => 'seat, hal');
SELECT sage_create_graph('hall', nodes => 'seats', key => 'hall, price');
SELECT sage_create_graph('hall', nodes => 'seats', edges => 'neighbors', source => 'a, hall', target => 'hall_b, b');
DROP TABLE neighbors, seats;

-- tables that only link
SET client_min_messages = error;
CREATE TABLE tags (id int PRIMARY KEY, word text);
CREATE TABLE user_tags (user_id int REFERENCES users, tag int REFERENCES tags);
CREATE TABLE friends (a int REFERENCES users, b int REFERENCES users, since timestamp, PRIMARY KEY (a, b));
CREATE TABLE ratings (user_id int REFERENCES users, tag int REFERENCES tags, stars int, PRIMARY KEY (user_id, tag));
CREATE TABLE pairs (a int REFERENCES users, b int REFERENCES users, PRIMARY KEY (a, b));
CREATE TABLE about_pairs (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES pairs);
SELECT sage_create_graph('links');
SELECT * FROM sage_add_foreign_keys('links', '{users,tags,user_tags,friends,ratings,pairs,about_pairs}', link_tables => true);
SELECT node_type FROM sage.node_types WHERE graph = 'links';
SELECT edge_type, source_column, target_column, time_column, direction FROM sage.edge_types WHERE graph = 'links';
SELECT count(*) FROM sage_add_foreign_keys('links', '{users,tags,user_tags,friends,ratings,pairs,about_pairs}', link_tables => true);
SELECT sage_drop_graph('links');
DROP TABLE user_tags, friends, ratings, about_pairs, pairs, tags;

-- partitions and inheritance children are read through their parents; foreign keys not yet valid count
CREATE TABLE sensors (id int, region text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE sensors_n PARTITION OF sensors FOR VALUES IN ('n');
CREATE TABLE sensors_s PARTITION OF sensors FOR VALUES IN ('s');
CREATE TABLE readings (sensor int, region text, at timestamptz, value float8, PRIMARY KEY (sensor, region, at),
	FOREIGN KEY (sensor, region) REFERENCES sensors) PARTITION BY LIST (region);
CREATE TABLE readings_n PARTITION OF readings FOR VALUES IN ('n');
CREATE TABLE base (id int PRIMARY KEY, buyer int);
CREATE TABLE derived (more int) INHERITS (base);
INSERT INTO base VALUES (1, 99999);
ALTER TABLE base ADD FOREIGN KEY (buyer) REFERENCES users NOT VALID;
ALTER TABLE base ADD CONSTRAINT base_again FOREIGN KEY (buyer) REFERENCES users NOT VALID;
ALTER TABLE base ADD CONSTRAINT base_other FOREIGN KEY (buyer) REFERENCES orders NOT VALID;
SELECT sage_create_graph('parts');
SELECT * FROM sage_add_foreign_keys('parts');
SELECT sage_drop_graph('parts');
SELECT sage_create_graph('parts');
SELECT * FROM sage_add_foreign_keys('parts', '{sensors,readings_n}');
-- a time with a zone within a key, whatever the session's zone
INSERT INTO sensors SELECT i, 'n' FROM generate_series(1, 10) i;
INSERT INTO readings SELECT i % 10 + 1, 'n', '2020-01-01 00:00+00'::timestamptz + i * interval '1 hour', i FROM generate_series(1, 40) i;
INSERT INTO readings VALUES (1, 'n', 'infinity', 1);
SELECT validation IS NOT NULL AS trained FROM sage_train('readings', 'parts', node_type => 'readings_n',
	labels => $$SELECT jsonb_build_array(sensor, region, at AT TIME ZONE 'UTC') AS node, value > 20 AS label FROM readings_n WHERE isfinite(at)$$, options => '{"epochs": 2, "quiet": true}');
SET timezone = 'Asia/Tokyo';
SELECT sage_predict(jsonb_build_array(1, 'n', 'infinity'::timestamp)::text, 'readings') IS NOT NULL AS at_infinity,
	sage_predict('[2, "n", "2020-01-01T01:00:00"]', 'readings') IS NOT NULL AS in_utc,
	sage_predict('[2, "n", "2020-01-01T10:00:00"]', 'readings') IS NULL AS in_tokyo;
RESET timezone;
SELECT sage_drop_model('readings'), sage_drop_graph('parts');
DROP TABLE readings, sensors, derived, base;

-- names: of two schemas, of one column with two parents, too long
CREATE TABLE graph_foreign_keys_2.users (id int PRIMARY KEY, twin int REFERENCES graph_foreign_keys.users);
CREATE TABLE long_names_that_go_on_and_on_until_there_is_hardly_any_room (id int PRIMARY KEY, "a column with, a comma" int REFERENCES users, x int, y int,
	CONSTRAINT "two parents" FOREIGN KEY (x) REFERENCES users, CONSTRAINT "two parents, again" FOREIGN KEY (x) REFERENCES graph_foreign_keys_2.users);
CREATE TABLE two (id int PRIMARY KEY, x int REFERENCES users, FOREIGN KEY (x) REFERENCES graph_foreign_keys_2.users);
SELECT sage_create_graph('names');
SELECT * FROM sage_add_foreign_keys('names', '{users,graph_foreign_keys_2.users,long_names_that_go_on_and_on_until_there_is_hardly_any_room,two}');
SELECT node_type, nodes FROM sage.node_types WHERE graph = 'names';
SELECT sage_drop_graph('names');
DROP TABLE two, long_names_that_go_on_and_on_until_there_is_hardly_any_room, graph_foreign_keys_2.users;
RESET client_min_messages;

-- rights: what may not be read is left out, unless it was named
CREATE ROLE sage_fk_user;
GRANT USAGE ON SCHEMA graph_foreign_keys TO sage_fk_user;
GRANT SELECT ON users, orders TO sage_fk_user;
SET ROLE sage_fk_user;
SELECT sage_create_graph('mine');
SELECT edge_type FROM sage_add_foreign_keys('mine');
SELECT edge_type FROM sage_add_foreign_keys('mine', '{products}');
RESET ROLE;
CREATE ROLE sage_fk_other;
GRANT USAGE ON SCHEMA graph_foreign_keys TO sage_fk_other;
SET ROLE sage_fk_other;
SELECT * FROM sage_add_foreign_keys('mine');
RESET ROLE;
SELECT sage_drop_graph('mine');
DROP OWNED BY sage_fk_user, sage_fk_other;
DROP ROLE sage_fk_user, sage_fk_other;

-- nothing there
CREATE SCHEMA graph_foreign_keys_3;
SET search_path = graph_foreign_keys_3, public;
SELECT sage_create_graph('nothing');
SELECT * FROM sage_add_foreign_keys('nothing');
SET search_path = nowhere;
SELECT * FROM public.sage_add_foreign_keys('nothing');
RESET search_path;
SELECT sage_drop_graph('nothing');

SET client_min_messages = error;
DROP SCHEMA graph_foreign_keys, graph_foreign_keys_2, graph_foreign_keys_3 CASCADE;
