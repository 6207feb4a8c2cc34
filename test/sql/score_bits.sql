-- A row's score does not depend on its company: by every path, in every batch,
-- with any number of threads, it is the same to the last bit.
CREATE SCHEMA score_bits;
SET search_path = score_bits, public;
SET client_min_messages = warning;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
-- two types: numbers and sets of users, words of posts; user 1 is a hub
CREATE TABLE users (id int PRIMARY KEY, age int, height real, interests int[], sizes real[], churned bool, kind text, spent float8, score float8);
CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users, words text[], length int);
CREATE TABLE follows (source int, target int, weight real);
INSERT INTO users SELECT i, nullif(i * 7919 % 61, 30), 1 + draw('height' || i), ARRAY(SELECT i * k * 31 % 297 FROM generate_series(1, 1 + i % 20) k),
	ARRAY[draw('a' || i), draw('b' || i), draw('c' || i)], draw('churned' || i) < 0.4, 'k' || floor(5 * draw('kind' || i)), 100 * draw('spent' || i)
	FROM generate_series(1, 1500) i;
INSERT INTO posts SELECT i, 1 + i * 104729::bigint % 1499, ARRAY['w' || i % 17, 'v' || i % 40], i % 100 FROM generate_series(1, 2000) i;
INSERT INTO follows SELECT 1 + i * 7919::bigint % 1500, 1 + i * 104729::bigint % 1499, draw('weight' || i) FROM generate_series(1, 8000) i;
INSERT INTO follows SELECT 1, i, i FROM generate_series(2, 400) i;
DELETE FROM follows WHERE source = target;
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
CREATE INDEX ON posts (author, id);
SELECT sage_create_graph('dense', 'users', 'follows', features => '{age,height,sizes}');
SELECT sage_create_graph('sparse', 'users', 'follows', features => '{interests}');
SELECT sage_create_graph('weighted', 'users', 'follows', features => '{age,height,interests,sizes}', weight_column => 'weight');
SELECT sage_create_graph('types');
SELECT sage_add_nodes('types', 'users', features => '{age,height,interests,sizes}');
SELECT sage_add_nodes('types', 'posts', features => '{words,length}');
SELECT sage_add_edges('types', 'follows', source => 'source', target => 'target', weight_column => 'weight');
SELECT sage_add_edges('types', 'posts', edge_type => 'wrote', source => 'author', target => 'id');
CREATE TABLE models (model text, graph text, target text, options jsonb, class text);
INSERT INTO models SELECT *, CASE WHEN target = 'kind' THEN 'k1' END FROM (VALUES
	('dense', 'dense', 'churned', '{}'::jsonb),
	('normalized', 'dense', 'churned', '{"normalize": true, "hidden": 33}'),
	('sparse', 'sparse', 'churned', '{"fanout": [-1, 7]}'),
	('sparse layer_norm', 'sparse', 'spent', '{"layer_norm": true, "hidden": 17}'),
	('weighted', 'weighted', 'churned', '{"layer_norm": true, "normalize": true}'),
	('multiclass', 'weighted', 'kind', '{"hidden": 40}'),
	('two types', 'types', 'churned', '{"fanout": 10}'),
	('three layers', 'types', 'kind', '{"layers": 3, "fanout": 5, "layer_norm": true}')) v(model, graph, target, options);
SELECT count(*) AS trained FROM models, LATERAL sage_train(model, graph, target, node_type => CASE WHEN graph = 'types' THEN 'users' END,
	options => '{"quiet": true, "epochs": 2}' || options);

-- all rows at once, with each path and number of threads; in batches of seven, and in one array
CREATE TABLE scores (path text, model text, id int, score float8, embedding real[]);
CREATE FUNCTION score_all(path text, access text, threads int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	m record;
BEGIN
	PERFORM set_config('sage.access', access, true), set_config('sage.threads', threads::text, true);
	FOR m IN SELECT model, class FROM models LOOP
		INSERT INTO scores SELECT path, m.model, id, sage_predict(id, m.model, class => m.class), sage_embed(id, m.model) FROM users;
	END LOOP;
END $$;
SELECT score_all('resident', 'resident', 1), score_all('resident 2', 'resident', 2), score_all('resident 3', 'resident', 3);
SELECT score_all('live', 'live', 1), score_all('live 3', 'live', 3), score_all('auto', 'auto', 2);
SET sage.access = live;
INSERT INTO scores SELECT 'array', model, a.id, a.score, NULL FROM models,
	LATERAL (SELECT array_agg(id ORDER BY -id) AS ids FROM users) u, unnest(ids, sage_predict(ids, model, class => class)) AS a(id, score);
INSERT INTO scores SELECT 'batches', model, a.id, a.score, NULL FROM models,
	LATERAL (SELECT array_agg(id ORDER BY md5(id::text)) AS ids FROM users GROUP BY id % 211) u, unnest(ids, sage_predict(ids, model, class => class)) AS a(id, score);
INSERT INTO scores SELECT 'row value', model, id, sage_predict_row(u, model, class => class), NULL FROM users u, models WHERE id % 7 = 1;
RESET sage.access;
-- each by a statement of its own; the last ones are kept from the one before
DO $$
DECLARE
	m record;
BEGIN
	FOR m IN SELECT model, class FROM models LOOP
		FOR i IN 1 .. 1500 BY 53 LOOP
			INSERT INTO scores VALUES ('single', m.model, i, sage_predict(i, m.model, class => m.class), sage_embed(i, m.model));
		END LOOP;
	END LOOP;
END $$;
SET sage.access = resident;
SELECT count(sage_predict(id, 'two types')) FROM users;
RESET sage.access;
INSERT INTO scores SELECT 'kept', 'two types', id, sage_predict(id, 'two types'), NULL FROM users;
SELECT s.path, count(DISTINCT s.model) AS models, count(*), count(*) FILTER (WHERE s.score IS DISTINCT FROM r.score) AS other_scores,
	count(*) FILTER (WHERE s.embedding IS DISTINCT FROM r.embedding AND s.embedding IS NOT NULL) AS other_embeddings
	FROM scores s JOIN (SELECT * FROM scores WHERE path = 'resident') r USING (model, id) GROUP BY s.path ORDER BY s.path COLLATE "C";
SELECT model, count(DISTINCT score) > 700 AS differ FROM scores WHERE path = 'resident' GROUP BY model ORDER BY model COLLATE "C";

-- a score that was stored is the one that is asked for
CREATE TABLE stored (how text, model text, changed bigint);
CREATE FUNCTION store(model text, class text, how text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n bigint := 0;
	one bigint;
BEGIN
	IF how = 'all' THEN
		UPDATE users SET score = sage_predict(id, model, class => class);
	ELSE
		FOR i IN 1 .. 1500 BY 29 LOOP
			UPDATE users SET score = sage_predict(id, model, class => class) WHERE id = i;
		END LOOP;
	END IF;
	IF how = 'all' THEN
		FOR i IN 1 .. 1500 BY 29 LOOP
			UPDATE users SET score = 0 WHERE id = i AND score IS DISTINCT FROM sage_predict(id, model, class => class);
			GET DIAGNOSTICS one = ROW_COUNT;
			n := n + one;
		END LOOP;
	END IF;
	UPDATE users SET score = 0 WHERE score IS DISTINCT FROM sage_predict(id, model, class => class) AND (how = 'all' OR id % 29 = 1);
	GET DIAGNOSTICS one = ROW_COUNT;
	INSERT INTO stored VALUES (how, model, n + one);
END $$;
SELECT count(store(model, class, how)) FROM models, unnest('{all,single}'::text[]) how WHERE model <> 'three layers';
SELECT how, count(*) AS models, sum(changed) AS changed FROM stored GROUP BY how ORDER BY how;

SELECT sage_drop_model(model) FROM models;
SELECT sage_drop_graph(g) FROM unnest('{dense,sparse,weighted,types}'::text[]) AS g;
DROP SCHEMA score_bits CASCADE;
