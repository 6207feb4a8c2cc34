# With sage.access = auto a row that cannot be read, or too little memory for
# all rows, must not keep other rows from being scored: whether all are read
# depends on the clock.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('badrows');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY, age float8, embedding real[], churned bool);
	CREATE TABLE follows (source int, target int);
	CREATE INDEX ON follows (source, target);
	CREATE INDEX ON follows (target, source);
	INSERT INTO users SELECT i, i * 7919 % 61, ARRAY[i % 3, i % 7], i * 31 % 97 < 40 FROM generate_series(1, 1000) AS i;
	INSERT INTO follows SELECT 1 + i * 7919 % 1000, 1 + i * 104729 % 999 FROM generate_series(1, 5000) AS i;
	ANALYZE;
	SELECT sage_create_graph('social', 'users', 'follows');
	SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 2, "hidden": 8, "quiet": true}');
	CREATE FUNCTION score(ids bigint[]) RETURNS float8[] STABLE LANGUAGE sql AS $$SELECT sage_predict(ids, 'churn')$$;
	-- so many keys at once that reading everything is chosen at once
	CREATE VIEW keys AS SELECT array_agg(i::bigint ORDER BY i) AS ids FROM generate_series(1, 200) AS i;
	CREATE TABLE good AS SELECT id, score FROM keys, unnest(ids, score(ids)) AS t(id, score);
});

# The number of keys whose score is not what it was, and what was said.
sub changed
{
	my ($settings, $keys) = @_;
	my ($ret, $out, $err) = $node->psql('postgres', qq{
		$settings
		SELECT count(*) FROM (SELECT id, now FROM $keys, unnest(ids, score(ids)) AS t(id, now)) AS n
		JOIN good g USING (id) WHERE abs(now - score) > 1e-5 OR now IS NULL}, on_error_stop => 0);

	return ($out, $err);
}

my ($out, $err) = changed('', 'keys');
is($out, '0', 'scores are as they were');
is($err, '', 'and nothing is said');

my %bad = (
	'NaN' => [ q{INSERT INTO users VALUES (5000, 'NaN', '{1,2}')}, qr/contains NaN/ ],
	'a longer array' => [ q{INSERT INTO users VALUES (5000, 1, '{1,2,3}')}, qr/differ in length/ ]);
for my $name (sort keys %bad)
{
	my ($insert, $message) = @{ $bad{$name} };

	$node->safe_psql('postgres', $insert);
	($out, $err) = changed('', 'keys');
	is($out, '0', "$name elsewhere changes no score");
	like($err, qr/WARNING:  could not read all of graph "social".*DETAIL:.*$message/s, 'but a warning tells why it takes longer');
	($out, $err) = changed(q{SET sage.access = 'live';}, 'keys');
	is("$out$err", '0', 'live scoring does not see it');
	($out, $err) = changed(q{SET sage.access = 'resident';}, 'keys');
	like($err, qr/ERROR:.*$message/s, 'resident scoring was asked for, and fails');
	($out, $err) = changed('', '(SELECT ids || 5000::bigint AS ids FROM keys) AS k');
	like($err, qr/ERROR:.*$message/s, 'so does scoring the row itself');

	# the transaction and its session go on
	($out, $err) = changed('BEGIN; SELECT count(sage_predict(id, $$churn$$)) FROM users WHERE id < 1000 \gset
		SAVEPOINT s; SELECT sage_predict(5000, $$churn$$); ROLLBACK TO s;', 'keys');
	is($out, '0', 'a transaction goes on after both');
	$node->safe_psql('postgres', 'DELETE FROM users WHERE id = 5000');
}

# Too little memory for all rows, whatever was estimated.
$node->safe_psql('postgres', q{UPDATE pg_class SET reltuples = 1, relpages = 1000000 WHERE relname IN ('users', 'follows')});
($out, $err) = changed(q{SET sage.max_memory = '2MB';}, 'keys');
is($out, '0', 'too little memory for everything, but enough for some');
($out, $err) = changed(q{SET sage.max_memory = '2MB'; SET sage.access = 'resident';}, 'keys');
like($err, qr/^$|sage.max_memory of 2 MB is exceeded/m, 'resident scoring alone may fail of it');

# An evaluation with times reads everything, too.
$node->safe_psql('postgres', q{INSERT INTO users VALUES (5000, 'NaN', '{1,2}')});
is($node->safe_psql('postgres', q{SELECT count(*) FROM sage_evaluate('churn',
	'SELECT id AS node, churned AS label, now() AS at FROM users WHERE id < 500')}), '5', 'an evaluation with times goes on live');

# What is not about rows is not taken for it.
($out, $err) = changed(q{SET statement_timeout = '1ms'; SELECT pg_sleep(1);}, 'keys');
like($err, qr/canceling statement due to statement timeout/, 'a cancel stays a cancel');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|leak/, 'nothing odd in the log');
$node->stop;
done_testing();
