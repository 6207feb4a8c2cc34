# What a training learns on a small made-up graph, where the neighborhood
# knows more than a row: better than features alone, the same again with the
# same seed, and as good on rows that come later.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('learning');
$node->init;
$node->start;

sub query
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', "SET client_min_messages = warning; $sql");
}

# The test metric of a training, and that of its baseline
sub train
{
	my ($model, $target, $options) = @_;

	$options //= '{}';
	return split /\|/, query(qq{
		SELECT test, baseline FROM sage_train('$model', graph => 'people', target => '$target',
			options => '{"split": [0.6, 0.2, 0.2], "quiet": true}'::jsonb || '$options'::jsonb)});
}

# 3,000 people in circles of 50 (500 more will come).  What they do depends on
# the mood of the circle, which one person's signal hardly shows.
query(q{
	CREATE EXTENSION sage;
	CREATE FUNCTION uniform(key bigint, salt int) RETURNS float8 IMMUTABLE LANGUAGE sql
		AS 'SELECT ((hashint8extended(key, salt) & 2147483647) + 0.5) / 2147483648.0';
	CREATE FUNCTION normal(key bigint, salt int) RETURNS float8 IMMUTABLE LANGUAGE sql
		AS 'SELECT sqrt(-2 * ln(uniform(key, salt))) * cos(2 * pi() * uniform(key, -salt))';
	CREATE TABLE everybody AS
		SELECT id, mood + 2.5 * normal(id, 1) AS signal, normal(id, 2) AS noise,
			uniform(id, 3) < 1 / (1 + exp(-3 * mood)) AS leaves,
			CASE WHEN mood < -0.4 THEN 'low' WHEN mood < 0.4 THEN 'middle' ELSE 'high' END AS class,
			100 + 10 * mood + 3 * normal(id, 4) AS spends,
			array_remove(ARRAY[CASE WHEN mood + normal(id, 5) / 2 > 0 THEN 'early' END,
				CASE WHEN mood + normal(id, 6) / 2 < 0.5 THEN 'late' END], NULL) AS habits
		FROM (SELECT id, normal(id % 70, 7) AS mood FROM generate_series(1, 3500) AS id) AS circle;
	CREATE TABLE all_knows AS
		SELECT DISTINCT id AS source, other AS target
		FROM everybody, generate_series(1, 4) AS nth, LATERAL (SELECT
			CASE WHEN uniform(id * 4 + nth, 8) < 0.85 THEN id % 70 + 70 * floor(50 * uniform(id * 4 + nth, 9))::int
			ELSE 1 + floor(3500 * uniform(id * 4 + nth, 10))::int END AS other) AS pick
		WHERE other BETWEEN 1 AND 3500 AND other <> id;
	CREATE TABLE people (LIKE everybody, PRIMARY KEY (id));
	CREATE TABLE knows (source int, target int, PRIMARY KEY (source, target));
	CREATE INDEX ON knows (target, source);
	INSERT INTO people SELECT * FROM everybody WHERE id <= 3000;
	INSERT INTO knows SELECT * FROM all_knows WHERE source <= 3000 AND target <= 3000;
	SELECT sage_create_graph('people', nodes => 'people', edges => 'knows', features => '{signal,noise}');
});

# Every task learns from the neighbors
my ($test, $baseline) = train('leaves', 'leaves');
cmp_ok($test, '>', 0.80, 'binary: AUROC');
cmp_ok($test, '>', $baseline + 0.10, 'binary: better than features alone');
cmp_ok($baseline, '>', 0.55, 'binary: the features alone are not useless');
($test, $baseline) = train('class', 'class');
cmp_ok($test, '>', 0.55, 'multiclass: accuracy');
cmp_ok($test, '>', $baseline + 0.10, 'multiclass: better than features alone');
($test, $baseline) = train('habits', 'habits');
cmp_ok($test, '>', $baseline + 0.10, 'multilabel: AUROC better than features alone');
($test, $baseline) = train('spends', 'spends', '{"metric": "r2"}');
cmp_ok($test, '>', 0.40, 'regression: R2');
cmp_ok($test, '>', $baseline + 0.20, 'regression: better than features alone');
($test, $baseline) = train('spends', 'spends', '{"loss": "mae"}');
cmp_ok($test, '<', 0.9 * $baseline, 'regression: smaller mean error than features alone');

# Few labels: the others are still neighbors
query('ALTER TABLE people ADD COLUMN known bool');
query('UPDATE people SET known = leaves WHERE id % 20 = 0');
train('few', 'known', '{"split": [0.8, 0.2, 0]}');
my $auroc = query(q{
	SELECT value FROM sage_evaluate('few', labels => 'SELECT id AS node, leaves AS label FROM people WHERE known IS NULL')
		WHERE metric = 'auroc'});
cmp_ok($auroc, '>', 0.75, 'with labels for one of twenty');
query('ALTER TABLE people DROP COLUMN known');

# The same data and seed, the same weights
my $weights = q{SELECT md5(weights) FROM sage.model_version WHERE model = 'leaves' ORDER BY version DESC LIMIT 1};
my $change = q{SELECT max(abs(score - sage_predict(id, 'leaves'))) FROM first};
my $first = query($weights);
query(q{CREATE TABLE first AS SELECT id, sage_predict(id, 'leaves') AS score FROM people});
train('leaves', 'leaves');
is(query($weights), $first, 'the same seed gives the same weights');
cmp_ok(query($change), '<', 1e-5, 'and the same scores');
train('leaves', 'leaves', '{"seed": 7}');
cmp_ok(query($change), '>', 1e-3, 'another seed gives other scores');

# The history agrees with the result
is(query(q{
	SELECT bool_and(e.loss > 0 AND e.validation BETWEEN 0 AND 1) AND count(*) = max(v.epochs)
	FROM sage.model_versions v JOIN sage.epochs e USING (run) WHERE v.model = 'leaves' AND v.version = 1 AND NOT e.baseline}),
	't', 'each epoch has its loss and its metric');
is(query(q{
	SELECT (SELECT loss FROM sage.epochs WHERE run = v.run AND NOT baseline AND epoch = v.best_epoch)
		< (SELECT loss FROM sage.epochs WHERE run = v.run AND NOT baseline AND epoch = 1)
	FROM sage.model_versions v WHERE v.model = 'leaves' AND v.version = 1}), 't', 'the loss falls');

# Rows that come later are scored in the transaction that brings them
is(query(q{
	BEGIN;
	INSERT INTO people SELECT id, signal, noise FROM everybody WHERE id > 3000;
	INSERT INTO knows SELECT * FROM all_knows WHERE source > 3000 OR target > 3000;
	CREATE TABLE scores AS SELECT id, sage_predict(id, 'leaves') AS score FROM people WHERE id > 3000;
	COMMIT;
	SELECT count(*) || ' ' || count(score) FROM scores}), '500 500', 'every new row has a score');
cmp_ok(query(q{
	SELECT (sum(rank) FILTER (WHERE leaves) - p * (p + 1) / 2) / (p * n)
	FROM (SELECT leaves, rank() OVER (ORDER BY score) AS rank, count(*) FILTER (WHERE leaves) OVER () AS p,
		count(*) FILTER (WHERE NOT leaves) OVER () AS n FROM scores JOIN everybody USING (id)) AS ranked
	GROUP BY p, n}), '>', 0.80, 'and the scores are good');

# A column that is the target in other words is named
query('ALTER TABLE people ADD COLUMN told int');
query('UPDATE people SET told = leaves::int');
my ($ret, $stdout, $stderr) = $node->psql('postgres', q{
	SELECT sage_create_graph('leaky', nodes => 'people', edges => 'knows', features => '{signal,told}');
	SELECT sage_train('leaky', graph => 'leaky', target => 'leaves', options => '{"epochs": 2, "quiet": true}')});
like($stderr, qr/WARNING:.*column "told"/, 'a leak is named');
unlike($stderr, qr/WARNING:.*column "signal"/, 'and nothing else is');

$node->stop;
done_testing();
