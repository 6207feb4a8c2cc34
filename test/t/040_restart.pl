# Models survive a restart and a crash of the server; a training that a crash
# cut short leaves nothing.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('restart');
$node->init;
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY, age int, city text, churned bool, score float8);
	CREATE TABLE follows (source int, target int);
	CREATE INDEX ON follows (source, target);
	CREATE INDEX ON follows (target, source);
	INSERT INTO users SELECT i, i * 7919 % 61, 'c' || i % 5, i * 31 % 97 < 40 FROM generate_series(1, 500) AS i;
	INSERT INTO follows SELECT 1 + i * 7919 % 500, 1 + i * 104729 % 499 FROM generate_series(1, 3000) AS i;
	SELECT sage_create_graph('social', 'users', 'follows', exclude => '{score}');
});

my $options = q{'{"epochs": 2, "hidden": 8, "quiet": true}'};
my $train = qq{SELECT version FROM sage_train('churn', 'social', 'churned', options => $options)};
my $versions = q{SELECT model, version, deployed, bytes FROM sage.model_versions ORDER BY version};
# one way of scoring, so that the same machine gives the same bits
my $scores = q{SET sage.access = 'resident'; SELECT md5(string_agg(id || ' ' || sage_predict(id, 'churn'), ',' ORDER BY id)) FROM users};

is($node->safe_psql('postgres', $train), '1', 'a first version');
my $before = $node->safe_psql('postgres', $scores);
$node->restart;
is($node->safe_psql('postgres', $scores), $before, 'the same scores after a restart');

# What was committed a moment before a crash is there.
is($node->safe_psql('postgres', $train), '2', 'a second version');
$before = $node->safe_psql('postgres', $scores);
my $listed = $node->safe_psql('postgres', $versions);
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', $versions), $listed, 'both versions after a crash');
is($node->safe_psql('postgres', $scores), $before, 'the same scores after a crash');

# What was not committed is not; nor is anything of a training that was running.
my ($out, $err) = ('', '');
my $open = IPC::Run::start(
	[ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', "BEGIN; $train; SELECT pg_sleep(60)" ], '>', \$out, '2>', \$err);
my $running = IPC::Run::start(
	[ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c',
		q{SELECT sage_train('other', 'social', 'churned', options => '{"epochs": 1000000, "patience": 1000000, "quiet": true}')} ],
	'>', \$out, '2>', \$err);
$node->poll_query_until('postgres', q{
	SELECT count(*) = 2 FROM pg_stat_activity
	WHERE pid <> pg_backend_pid() AND (wait_event = 'PgSleep' OR query LIKE '%''other''%' AND now() - query_start > interval '0.3 s')})
  or die 'the sessions did not get to where they should';
$node->stop('immediate');
$open->finish;
$running->finish;
$node->start;
is($node->safe_psql('postgres', $versions), $listed, 'no version that was not committed');
is($node->safe_psql('postgres', q{SELECT count(*) FROM sage.run}), '2', 'no run either');
is($node->safe_psql('postgres', $scores), $before, 'and the same scores');

# A number is never used again, so that no session takes one version for another.
my $last = $node->safe_psql('postgres', 'SELECT max(id) FROM sage.model_version');
is($node->safe_psql('postgres', $train), '3', 'training goes on');
cmp_ok($node->safe_psql('postgres', 'SELECT max(id) FROM sage.model_version'), '>', $last, 'with a number of its own');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id), count(DISTINCT run) FROM sage.model_version'), '3|3|3',
	'that no other version has');

# A prepared transaction survives too, and is then the one or the other.
$before = $node->safe_psql('postgres', $scores);
$node->safe_psql('postgres', "BEGIN; $train; SELECT count(sage_predict(id, 'churn')) FROM users; PREPARE TRANSACTION 'training'");
is($node->safe_psql('postgres', $scores), $before, 'a prepared training is not seen');
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', $scores), $before, 'nor after a crash');
$node->safe_psql('postgres', "COMMIT PREPARED 'training'");
is($node->safe_psql('postgres', 'SELECT max(version) FROM sage.model_versions WHERE deployed'), '4', 'but once it is committed');

# Triggers that keep scores work as before.
$node->safe_psql('postgres', q{SELECT sage_attach('churn', 'score')});
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', q{
	INSERT INTO users VALUES (1000, 7, 'c2') RETURNING score IS NOT NULL}), 't', 'a trigger scores after a crash');

unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|leak/, 'nothing odd in the log');
$node->stop;
done_testing();
