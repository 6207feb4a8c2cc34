-- However many threads compute, the weights and the scores are the same.
CREATE SCHEMA threads;
SET search_path = threads, public;
CREATE FUNCTION draw(text) RETURNS float8 IMMUTABLE LANGUAGE sql AS
	$$ SELECT ('x' || substr(md5($1), 1, 8))::bit(32)::bigint / 4294967296.0::float8 $$;
-- user 1 is a hub; batches are large enough to be shared
CREATE TABLE users (id int PRIMARY KEY, age int, interests int[], sizes real[], seen timestamptz, churned bool);
CREATE TABLE follows (source int, target int, weight real);
INSERT INTO users SELECT i, nullif(i * 7919 % 61, 30), ARRAY(SELECT i * k * 31 % 997 FROM generate_series(1, 20) k),
	ARRAY[i % 3, i % 5, i % 7], timestamptz '2024-01-01' + i * interval '1 hour', draw('churned' || i) < 0.4
	FROM generate_series(1, 3000) i;
INSERT INTO follows SELECT 1 + i * 7919::bigint % 3000, 1 + i * 104729::bigint % 2999, 1 + i % 5 FROM generate_series(1, 12000) i;
INSERT INTO follows SELECT 1, i, 1 FROM generate_series(2, 1000) i;
DELETE FROM follows WHERE source = target;
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
SELECT sage_create_graph('social', 'users', 'follows', features => '{age,interests,sizes}');
SELECT sage_create_graph('weighted', 'users', 'follows', features => '{age,interests,sizes}', weight_column => 'weight');
SELECT sage_create_graph('timed', 'users', 'follows', features => '{age,interests,sizes}', time_column => 'seen');

CREATE TABLE made (what text, threads int, digest text);
CREATE FUNCTION train(what text, graph text, options jsonb, labels text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	FOREACH n IN ARRAY '{1,2,3,8,1}'::int[] LOOP
		PERFORM set_config('sage.threads', n::text, true);
		PERFORM sage_train(graph, graph, CASE WHEN labels IS NULL THEN 'churned' END, labels,
						   options => '{"quiet": true, "epochs": 3, "patience": 1000}' || options);
		INSERT INTO made VALUES (what, n, md5(sage_export(graph)));
	END LOOP;
END $$;
SELECT train('defaults', 'social', '{}');
SELECT train('wide', 'social', '{"hidden": 200, "layer_norm": true, "batch_size": 1024}');
SELECT train('normalized', 'social', '{"normalize": true, "input_dropout": 0.5, "fanout": [-1, 3]}');
SELECT train('deep', 'social', '{"layers": 3, "fanout": 5, "hidden": 48}');
SELECT train('weighted', 'weighted', '{"dropout": 0}');
SELECT train('timed', 'timed', '{}', 'SELECT id AS node, churned AS label, seen AS at FROM users');
SELECT what, count(*), count(DISTINCT digest) = 1 AS same FROM made GROUP BY what ORDER BY what;

-- scoring everything from memory
SET sage.access = 'resident';
CREATE TABLE scores AS SELECT id, sage_predict(id, 'social') AS one FROM users;
SET sage.threads = 3;
SELECT count(*), bool_and(s.one = sage_predict(id, 'social')) AS same FROM scores AS s;
RESET sage.access;
RESET sage.threads;

-- what the setting takes
SET sage.threads = 0;
SET sage.threads = 65;
SHOW sage.threads;

SELECT sage_drop_model(g), sage_drop_graph(g) FROM unnest('{social,weighted,timed}'::text[]) AS g;
SET client_min_messages = warning;
DROP SCHEMA threads CASCADE;
