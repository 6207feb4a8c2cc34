-- sage in a few statements: a social network whose users may cancel.
--
-- test/demo runs this in a server of its own.  To run it in another one, in an
-- empty database:  psql -d DATABASE -f test/demo.sql
\set QUIET on
\set ON_ERROR_STOP on
\pset footer off
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS sage;

-- ----------------------------------------------------------------------------
-- The data: 21,000 users in circles of about 40, who mostly follow others of
-- their circle.  Whether a user cancels depends on the mood of the circle,
-- which is in no column: the hours and tickets of one user hardly show it,
-- those of the neighborhood do.  Every number is a hash, so that the network
-- is the same at every run.
-- ----------------------------------------------------------------------------

-- uniform in (0, 1), and normal
CREATE FUNCTION uniform(key bigint, salt int) RETURNS float8 IMMUTABLE LANGUAGE sql
	AS 'SELECT ((hashint8extended(key, salt) & 2147483647) + 0.5) / 2147483648.0';
CREATE FUNCTION normal(key bigint, salt int) RETURNS float8 IMMUTABLE LANGUAGE sql
	AS 'SELECT sqrt(-2 * ln(uniform(key, salt))) * cos(2 * pi() * uniform(key, -salt))';

CREATE TABLE everybody AS
	SELECT id,
		18 + floor(50 * uniform(id, 1) ^ 1.5)::int AS age,
		(ARRAY['free', 'plus', 'family'])[1 + floor(3 * uniform(id, 2) ^ 1.3)::int] AS plan,
		(ARRAY['DE', 'FR', 'IT', 'PL', 'ES'])[1 + floor(5 * uniform(id, 3))::int] AS country,
		round(exp(1.6 - 0.25 * mood + 0.8 * normal(id, 4))::numeric, 1) AS weekly_hours,
		floor(exp(0.15 * mood + 0.7 * normal(id, 5)))::int AS tickets,
		uniform(id, 6) < 1 / (1 + exp(1.5 - 2.2 * mood)) AS churned
	FROM (SELECT id, normal(id % 525, 7) AS mood FROM generate_series(1, 21000) AS id) AS circles;

-- six others each, four of five times from the same circle
CREATE TABLE all_follows AS
	SELECT DISTINCT id AS follower, followed
	FROM everybody, generate_series(1, 6) AS nth,
		LATERAL (SELECT 1 + floor(21000 * uniform(id * 6 + nth, 8))::int AS anybody) AS a,
		LATERAL (SELECT CASE WHEN uniform(id * 6 + nth, 9) < 0.8
			THEN (id % 525 + 525 * floor(40 * uniform(id * 6 + nth, 10)))::int ELSE anybody END AS followed) AS b
	WHERE followed BETWEEN 1 AND 21000 AND followed <> id;

-- how often a score puts one who cancels above one who stays
CREATE FUNCTION auroc(scores float8[], truth bool[]) RETURNS numeric LANGUAGE sql AS $$
	WITH ranked AS (
		SELECT t, rank() OVER (ORDER BY s) + (count(*) OVER (PARTITION BY s) - 1) / 2.0 AS rank
		FROM unnest(scores, truth) AS pair(s, t)
	), counted AS (
		SELECT sum(rank) FILTER (WHERE t) AS ranks, count(*) FILTER (WHERE t) AS p, count(*) FILTER (WHERE NOT t) AS n
		FROM ranked
	)
	SELECT round((ranks - p * (p + 1) / 2.0) / nullif(p * n, 0), 3) FROM counted
$$;

-- what is known today: the first 20,000 users
CREATE TABLE users (LIKE everybody, PRIMARY KEY (id));
CREATE TABLE follows (
	follower int REFERENCES users,
	followed int REFERENCES users,
	PRIMARY KEY (follower, followed)
);
CREATE INDEX ON follows (followed, follower);
INSERT INTO users SELECT * FROM everybody WHERE id <= 20000;
INSERT INTO follows SELECT * FROM all_follows WHERE follower <= 20000 AND followed <= 20000;
ANALYZE;

-- ----------------------------------------------------------------------------
\echo
\echo Two tables: users, and who follows whom.
\echo
SELECT * FROM users ORDER BY id LIMIT 5;
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM follows) AS follows,
	(SELECT round(100 * avg(churned::int), 1) FROM users) AS percent_churned;

\echo They are a graph; sage learns from it which users cancel.
\echo
SET client_min_messages = info;
\set ECHO queries
SELECT sage_create_graph('social', nodes => 'users', edges => 'follows', source => 'follower', target => 'followed');
SELECT metric, round(test::numeric, 3) AS model, round(baseline::numeric, 3) AS features_only, round(seconds::numeric, 1) AS seconds
FROM sage_train('churn', graph => 'social', target => 'churned');
\set ECHO none

-- the same without neighbors, to be compared on the new users
SET client_min_messages = warning;
DO $$ BEGIN PERFORM sage_train('features_only', graph => 'social', target => 'churned', options => '{"fanout": [0], "quiet": true}'); END $$;

\echo A thousand new users arrive, and follow some.  They are scored in the same
\echo transaction; nothing is trained again.
\echo
\set ECHO queries
BEGIN;
INSERT INTO users SELECT id, age, plan, country, weekly_hours, tickets, NULL FROM everybody WHERE id > 20000;
INSERT INTO follows SELECT * FROM all_follows WHERE follower > 20000 OR followed > 20000;
CREATE TEMPORARY TABLE scores AS
	SELECT id, sage_predict(id, 'churn') AS model, sage_predict(id, 'features_only') AS features_only
	FROM users WHERE id > 20000;
COMMIT;
\set ECHO none

\echo The riskiest and the safest of them, and what became of them:
\echo
(SELECT u.id, u.age, u.plan, u.weekly_hours, u.tickets, round(s.model::numeric, 2) AS model,
	round(s.features_only::numeric, 2) AS features_only, e.churned AS truth
FROM scores s JOIN users u USING (id) JOIN everybody e USING (id) ORDER BY s.model DESC LIMIT 5)
UNION ALL
(SELECT * FROM (
	SELECT u.id, u.age, u.plan, u.weekly_hours, u.tickets, round(s.model::numeric, 2) AS model,
		round(s.features_only::numeric, 2) AS features_only, e.churned AS truth
	FROM scores s JOIN users u USING (id) JOIN everybody e USING (id) ORDER BY s.model LIMIT 5) AS safest
ORDER BY model DESC);

\echo All thousand of them (AUROC: 0.5 is guessing, 1 is perfect):
\echo
SELECT count(*) AS new_users, auroc(array_agg(model), array_agg(churned)) AS model,
	auroc(array_agg(features_only), array_agg(churned)) AS features_only
FROM scores JOIN everybody USING (id);

\echo Everybody, scored in one query:
\echo
\set ECHO queries
\timing on
SELECT count(*) AS users, count(*) FILTER (WHERE sage_predict(id, 'churn') > 0.5) AS at_risk FROM users;
\timing off
\set ECHO none
