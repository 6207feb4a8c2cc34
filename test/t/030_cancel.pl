# Canceling, timeouts and terminated sessions: an answer soon, nothing left
# behind, and the server alive.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use IPC::Run;
use Time::HiRes qw(time sleep);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The aim is a quarter of a second on a machine with nothing else to do.
my $SOON = 1.0;

my $node = PostgreSQL::Test::Cluster->new('cancel');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

# Large enough that every phase of a training takes a while; node 1 is a hub.
$node->safe_psql('postgres', q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY, age int, city text, bio text, churned bool);
	CREATE TABLE follows (source int, target int);
	INSERT INTO users SELECT i, i * 7919 % 61, 'c' || i % 50, 'w' || i % 977 || ' v' || i % 1021, i * 31 % 97 < 40
		FROM generate_series(1, 50000) AS i;
	INSERT INTO follows SELECT 1 + i * 7919::bigint % 50000, 1 + i * 104729::bigint % 49999 FROM generate_series(1, 300000) AS i;
	INSERT INTO follows SELECT 1, i FROM generate_series(2, 50000) AS i;
	CREATE INDEX ON follows (source, target);
	CREATE INDEX ON follows (target, source);
	ANALYZE;
	SELECT sage_create_graph('social', 'users', 'follows');
	SELECT sage_train('churn', 'social', labels => 'SELECT id AS node, churned AS label FROM users WHERE id <= 1000',
		options => '{"epochs": 1, "hidden": 8, "quiet": true}');
});
my $train = q{SELECT sage_train('other', 'social', 'churned',
	options => '{"epochs": 100000, "patience": 100000, "hidden": 32, "quiet": true}')};
my $score = q{SELECT sage_predict(7, 'churn')};

# What must not change: the catalog, and who scores what.
my $state = qq{
	SELECT model, version, deployed FROM sage.model_versions;
	SELECT count(*) FROM sage.run;
	SELECT count(*) FROM sage.epoch;
	SELECT count(*) FROM sage.graph;
	$score;
};
my $before = $node->safe_psql('postgres', $state);
my $postmaster = slurp_file($node->data_dir . '/postmaster.pid');

sub unharmed
{
	my ($name) = @_;

	is($node->safe_psql('postgres', $state), $before, "$name leaves nothing behind");
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
		WHERE c.relname IN ('users', 'follows', 'model', 'graph')}), '0', "$name holds no locks");
}

# Runs a statement in a session of its own; calls the function on the backend
# after some time; returns the seconds that the session took to end, and what
# it said.
sub interrupt
{
	my ($sql, $delay, $function) = @_;
	my ($out, $err) = ('', '');
	my $session = IPC::Run::start(
		[ 'psql', '-X', '-q', '-d', $node->connstr('postgres') . ' application_name=victim', map { ('-c', $_) } split /;/, $sql ],
		'>', \$out, '2>', \$err);
	my $called;

	$node->poll_query_until('postgres',
		q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'victim' AND state = 'active' AND query LIKE '%sage%'})
	  or die "the statement did not start";
	sleep $delay;
	$called = time;
	is($node->safe_psql('postgres', "SELECT count($function(pid)) FROM pg_stat_activity WHERE application_name = 'victim'"),
		'1', 'the statement is running');
	$session->finish;
	return (time - $called, $err);
}

# Canceled, and terminated, in the middle of each kind of work.
my %work = (
	'training' => $train,
	'training on three threads' => qq{SET sage.threads = 3; $train;},
	'live scoring' => q{SET sage.access = 'live'; SELECT count(sage_predict(id, 'churn')) FROM users;},
	# a time of its own for each call: everything is read and scored anew
	'resident scoring' => q{SET sage.access = 'resident';
		SELECT count(sage_predict(i, 'churn', now() + i * interval '1 s')) FROM generate_series(1, 10000) AS i;},
	'evaluating' => q{SELECT count(*) FROM generate_series(1, 10000) AS i,
		LATERAL sage_evaluate('churn', 'SELECT id AS node, churned AS label FROM users WHERE id > ' || i);});

for my $name (sort keys %work)
{
	my ($seconds, $message) = interrupt($work{$name}, 0.5, 'pg_cancel_backend');

	cmp_ok($seconds, '<', $SOON, "$name is canceled soon");
	like($message, qr/canceling statement due to user request/, "$name says why");
	unharmed("canceled $name");
}
for my $name ('live scoring', 'training', 'training on three threads')
{
	my ($seconds, $message) = interrupt($work{$name}, 0.3, 'pg_terminate_backend');

	cmp_ok($seconds, '<', $SOON, "$name is terminated soon");
	like($message, qr/terminating connection due to administrator command/, "terminated $name says why");
	unharmed("terminated $name");
}

# The end of a session with temporary tables frees the memory of its
# transaction first of all; no thread may be at work in there.
my ($seconds, $message) = interrupt(qq{SET sage.threads = 3;
	SELECT sage_train('other', 'social', 'churned', options => '{"epochs": 1, "hidden": 8, "quiet": true}');
	SELECT sage_drop_model('other');
	CREATE TEMPORARY TABLE made_later (); $train;}, 2, 'pg_terminate_backend');
like($message, qr/terminating connection due to administrator command/, 'training beside temporary tables is terminated');

# Timeouts from the first milliseconds on hit every phase of a training: labels,
# fitting, loading, sorting the hub, the first batches, evaluating.
my $worst = 0;
for my $milliseconds (5, 20, 50, 80, 120, 160, 200, 250, 320, 400, 600)
{
	my ($ret, $out, $err) = $node->psql('postgres', qq{
		SET statement_timeout = $milliseconds;
		SELECT clock_timestamp() AS started \\gset
		$train;
		RESET statement_timeout;
		SELECT extract(epoch FROM clock_timestamp() - :'started');
	}, on_error_stop => 0);

	like($err, qr/canceling statement due to statement timeout/, "training stops after $milliseconds ms");
	$worst = $out - $milliseconds / 1000 if $out - $milliseconds / 1000 > $worst;
}
cmp_ok($worst, '<', $SOON, 'never much later');
unharmed('training stopped by a timeout');

# The session goes on, with what it had ready, in a new transaction or in the
# same one.
my ($ret, $out, $err) = $node->psql('postgres', qq{
	$score AS first \\gset
	SET statement_timeout = 200;
	$train;
	SET sage.access = 'live';
	SELECT count(sage_predict(id, 'churn')) FROM users;
	RESET ALL;
	$score = :first;
	SET statement_timeout = 200;
	DO \$\$
	BEGIN
		PERFORM count(sage_predict(id, 'churn', now() + id * interval '1 s')) FROM users;
	EXCEPTION WHEN query_canceled THEN
		IF sage_predict(7, 'churn') IS NULL THEN
			RAISE EXCEPTION 'not scored';
		END IF;
		RAISE NOTICE 'scored again';
	END \$\$;
	RESET ALL;
	$score = :first;
}, on_error_stop => 0);
is($out, "t\nt", 'a session scores after its statements were canceled');
like($err, qr/NOTICE:  scored again/, 'also in the transaction in which it was canceled');

is(slurp_file($node->data_dir . '/postmaster.pid'), $postmaster, 'the server is the one that was started');
unlike(slurp_file($node->logfile), qr/PANIC|terminated by signal|leak/, 'and has nothing to complain of');

$node->stop;
done_testing();
