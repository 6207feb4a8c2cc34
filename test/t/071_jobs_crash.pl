# A run in the background survives kill -9, immediate shutdowns and restarts,
# and ends with the weights of a run that nothing happened to.  How to run it is
# said in 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $options = q{'{"epochs": 50, "patience": 1000000, "batch_size": 12, "hidden": 64}'};
my $train = "SELECT sage_train_async('%s', 'g', target => 'y', options => $options)";
my $files = q{SELECT count(*) FROM pg_ls_dir('base') d, pg_ls_dir('base/' || d) f WHERE f LIKE 'pgsql_tmp_sage%'};
my $weights = "SELECT md5(weights) FROM sage.model_version WHERE model = '%s' ORDER BY version DESC LIMIT 1";

my $span;						# how long an undisturbed run takes

sub start_node
{
	my ($name, $preload) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init;
	$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\n");
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'sage'\n") if $preload;
	$node->start;
	$node->safe_psql('postgres', q{
		SET client_min_messages = error;
		CREATE EXTENSION sage;
		CREATE TABLE people (id bigint PRIMARY KEY, a real, b real, y boolean);
		CREATE TABLE knows (source bigint, target bigint);
		SELECT setseed(0.5);
		INSERT INTO people SELECT i, random(), random() FROM generate_series(1, 2500) i;
		UPDATE people SET y = a + 0.8 * random() > 0.9;
		INSERT INTO knows SELECT 1 + floor(random() * 2500), 1 + floor(random() * 2500) FROM generate_series(1, 10000);
		SELECT sage_create_graph('g', 'people', 'knows');
	});
	return $node;
}

# What a query says once the server answers.
sub ask
{
	my ($node, $sql) = @_;
	my ($ret, $out, $err);
	for (1 .. 200)
	{
		($ret, $out, $err) = $node->psql('postgres', $sql);
		return $out if defined $ret && $ret == 0;
		sleep 0.1;
	}
	die "no answer to $sql: $err";
}

# The worker that trains, once an epoch has been committed.
sub trainer
{
	my ($node, $run, $phase) = @_;
	my $in = defined $phase ? "phase = '$phase'" : "phase <> 'loading'";
	my $baseline = defined $phase && $phase eq 'baseline' ? 'AND baseline' : '';
	my ($pid, $state) = ('', '');

	# one session for all looks: a phase may be short
	until (defined(eval { $node->safe_psql('postgres', 'SELECT 1') })) { sleep 0.1 }
	my $session = $node->background_psql('postgres');
	while ($pid eq '' && $state !~ /done|failed|canceled/)
	{
		$state = $session->query_safe("SELECT state FROM sage.run WHERE run = $run");
		$pid = $session->query_safe("SELECT pid FROM sage.progress WHERE run = $run AND $in
			AND EXISTS (SELECT FROM sage.epochs WHERE run = $run $baseline)");
		sleep 0.01;
	}
	$session->quit;
	die "run $run does not train" if $pid eq '';
	return $pid;
}

# Kills the worker in a phase, and has the run go on.
sub kill_in
{
	my ($node, $run, $phase) = @_;
	my $pid = trainer($node, $run, $phase);
	sleep $span / 25 if $phase eq 'refit';	# its epochs have no rows; there are 50, in a third of the time
	kill 'KILL', $pid;
	ok(wait_for_state($node, $run, 'interrupted'), "killed in phase $phase");
	ask($node, 'SELECT sage_resume()');
	is(ask($node, "SELECT sage_wait($run)"), 'done', 'it ends');
	my $of = $phase eq 'training' ? '' : " of the $phase";
	like(ask($node, "SELECT reason FROM sage.runs WHERE run = $run"),
		qr/^attempt 2 goes on after epoch \d+(?:$of)?, where the one before was interrupted$/, 'and says from where');
}

sub wait_for_state
{
	my ($node, $run, $state) = @_;
	for (1 .. 600)
	{
		return 1 if ask($node, "SELECT state FROM sage.runs WHERE run = $run") eq $state;
		sleep 0.1;
	}
	return 0;
}

# ----------------------------------------------------------------------------
# Without preloading
# ----------------------------------------------------------------------------

my $node = start_node('crash', 0);
my $begin = time;
my $run = $node->safe_psql('postgres', sprintf($train, 'calm'));
is($node->safe_psql('postgres', "SELECT sage_wait($run)"), 'done', 'an undisturbed run');
my $calm = $node->safe_psql('postgres', sprintf($weights, 'calm'));
$span = time - $begin;
note("it takes $span seconds");

$run = $node->safe_psql('postgres', sprintf($train, 'killed'));
for my $kill (1 .. 3)
{
	my $pid = trainer($node, $run);
	sleep rand($span / 5);
	my $epoch = ask($node, "SELECT max(epoch) FROM sage.epochs WHERE run = $run AND NOT baseline");
	kill 'KILL', $pid;
	ok(wait_for_state($node, $run, 'interrupted'), "killed $kill times: interrupted");
	is(ask($node, 'SELECT sage_resume()'), '1', 'it is resumed');
	trainer($node, $run);
	my $reason = ask($node, "SELECT reason FROM sage.runs WHERE run = $run");
	like($reason, qr/^attempt \d goes on after epoch \d+( of the (refit|baseline))?, where the one before was interrupted$/,
		'and says from where');
	cmp_ok($reason =~ /after epoch (\d+),/ ? $1 : 50, '>=', $epoch, 'no epoch that was seen is lost');
}
is(ask($node, "SELECT sage_wait($run)"), 'done', 'it ends');
is($node->safe_psql('postgres', "SELECT attempt FROM sage.runs WHERE run = $run"), '4', 'in the fourth attempt');
is($node->safe_psql('postgres', sprintf($weights, 'killed')), $calm, 'with the weights of the undisturbed run');
is($node->safe_psql('postgres', "SELECT count(*), min(epoch), max(epoch) FROM sage.epochs WHERE run = $run AND NOT baseline"),
	'50|1|50', 'and each epoch once');

# In the other phases; and when it began with the weights of an earlier version
for my $phase (qw(refit baseline))
{
	$run = $node->safe_psql('postgres', sprintf($train, "in_$phase"));
	kill_in($node, $run, $phase);
	is($node->safe_psql('postgres', sprintf($weights, "in_$phase")), $calm, 'with the weights of the undisturbed run');
}
(my $warm = $options) =~ s/\{/{"continue_from": 1, /;
my $again = "SELECT sage_train_async('calm', options => $warm)";
$run = $node->safe_psql('postgres', $again);
is($node->safe_psql('postgres', "SELECT sage_wait($run)"), 'done', 'an undisturbed run that continues');
my $continued = $node->safe_psql('postgres', sprintf($weights, 'calm'));
isnt($continued, $calm, 'ends with other weights');
$run = $node->safe_psql('postgres', $again);
kill_in($node, $run, 'training');
is($node->safe_psql('postgres', sprintf($weights, 'calm')), $continued, 'with the same weights');

# When the postmaster is gone a worker must go, or no other can start
$run = $node->safe_psql('postgres', sprintf($train, 'orphan'));
my $orphan = trainer($node, $run);
$node->kill9;
for (1 .. 1000)
{
	last if !kill(0, $orphan);
	sleep 0.1;
}
ok(!kill(0, $orphan), 'a worker does not outlive its postmaster');
$node->start;
is($node->safe_psql('postgres', "SELECT sage_wait($run)"), 'done', 'the run ends under the next one');
is($node->safe_psql('postgres', sprintf($weights, 'orphan')), $calm, 'with the same weights');

# An immediate shutdown, and data that changes
$run = $node->safe_psql('postgres', sprintf($train, 'changed'));
trainer($node, $run);
$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM sage.epochs WHERE run = $run");
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', "SELECT state, reason FROM sage.runs WHERE run = $run"),
	'interrupted|its process is gone; it goes on with the next worker, or with sage_resume()', 'found after an immediate shutdown');
$node->safe_psql('postgres', 'UPDATE people SET b = 1 - b WHERE id = 7');
is($node->safe_psql('postgres', "SELECT sage_wait($run)"), 'done', 'waiting for it resumes it');
is($node->safe_psql('postgres', "SELECT attempt, reason FROM sage.runs WHERE run = $run"),
	'2|attempt 2 begins anew, because the data has changed since the one before', 'other data is trained on anew');

# A limited number of attempts
$node->append_conf('postgresql.conf', 'sage.max_attempts = 1');
$node->reload;
$run = $node->safe_psql('postgres', sprintf($train, 'limited'));
kill 'KILL', trainer($node, $run);
ok(wait_for_state($node, $run, 'interrupted'), 'killed once more');
is(ask($node, "SELECT sage_wait($run)"), 'failed', 'sage.max_attempts');
is($node->safe_psql('postgres', "SELECT error, sqlstate FROM sage.runs WHERE run = $run"),
	'run was interrupted 1 times|57P02', 'and it is recorded');

# What is left of a run that is dropped while nobody works on it is removed by the next worker
$run = $node->safe_psql('postgres', sprintf($train, 'killed'));
kill 'KILL', trainer($node, $run);
ok(wait_for_state($node, $run, 'interrupted'), 'killed');
isnt($node->safe_psql('postgres', $files), '0', 'there is something to go on from');
$node->safe_psql('postgres', "SELECT sage_drop_model('killed')");

# One that is interrupted can be canceled
$run = $node->safe_psql('postgres', sprintf($train, 'given_up'));
trainer($node, $run);
$node->stop('fast');
$node->start;
# (whether the worker still gets to write down why depends on how fast it is)
is($node->safe_psql('postgres', "SELECT state FROM sage.runs WHERE run = $run"), 'interrupted',
	'a fast shutdown leaves it to be resumed');
is($node->safe_psql('postgres', "SELECT sage_cancel($run); SELECT sage_wait($run)"), "t\ncanceled", 'unless it is canceled');
is($node->safe_psql('postgres', $files), '0', 'no state is left');
$node->stop;

# ----------------------------------------------------------------------------
# With preloading: nobody has to ask
# ----------------------------------------------------------------------------

$node = start_node('preload', 1);
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'sage launcher'}), '1',
	'there is a launcher');
$run = $node->safe_psql('postgres', sprintf($train, 'killed'));
kill 'KILL', trainer($node, $run);
$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM sage.runs WHERE run = $run AND attempt = 2") or
	sleep 1;
trainer($node, $run);
$node->stop('immediate');
$node->start;
ok(wait_for_state($node, $run, 'done'), 'killed and shut down, it ends done');
is($node->safe_psql('postgres', "SELECT attempt FROM sage.runs WHERE run = $run"), '3', 'in the third attempt');
is($node->safe_psql('postgres', sprintf($weights, 'killed')), $calm, 'with the same weights');

# A queued run and one that trains, and a clean restart
$node->append_conf('postgresql.conf', 'sage.max_workers = 1');
$node->reload;
my $first = $node->safe_psql('postgres', sprintf($train, 'first'));
my $second = $node->safe_psql('postgres', sprintf($train, 'second'));
trainer($node, $first);
is(ask($node, "SELECT state FROM sage.runs WHERE run = $second"), 'queued', 'one trains and one waits');
$node->restart;
ok(wait_for_state($node, $first, 'done') && wait_for_state($node, $second, 'done'), 'a restart resumes both');
is($node->safe_psql('postgres', sprintf($weights, 'first')), $calm, 'with the same weights');

my $launcher = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'sage launcher'});
$node->safe_psql('postgres', "SELECT pg_terminate_backend($launcher)");
ok($node->poll_query_until('postgres', qq{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'sage launcher' AND pid <> $launcher}),
	'a launcher that was terminated is started again');
$node->stop;

# ----------------------------------------------------------------------------
# Resuming takes no more memory than the run had
# ----------------------------------------------------------------------------

$node = start_node('small', 1);
$run = $node->safe_psql('postgres', q{
	SET client_min_messages = error;
	CREATE TABLE wide (id int PRIMARY KEY, v real[], y bool);
	CREATE TABLE near (source int, target int);
	INSERT INTO wide SELECT i, (SELECT array_agg(((i * j) % 17)::real) FROM generate_series(1, 1000) j), i % 3 = 0 FROM generate_series(1, 1500) i;
	INSERT INTO near SELECT i, 1 + (i * 7) % 1500 FROM generate_series(1, 1500) i;
	SELECT sage_create_graph('wide', 'wide', 'near') \g /dev/null
	SET sage.max_memory = '96MB';
	SELECT sage_train_async('wide', 'wide', 'y', options => '{"epochs": 5000, "hidden": 512, "patience": 1000000, "batch_size": 64, "fanout": [1, 1]}')});
$node->poll_query_until('postgres', "SELECT count(*) >= 4 FROM sage.epoch WHERE run = $run");
kill 'KILL', trainer($node, $run);
my $reached = ask($node, "SELECT max(epoch) FROM sage.epoch WHERE run = $run");
ok($node->poll_query_until('postgres', "SELECT (attempt = 2 AND (SELECT max(epoch) FROM sage.epoch WHERE run = $run) > $reached + 1) OR state = 'failed' FROM sage.runs WHERE run = $run"),
	'a run under a small sage.max_memory is taken up');
is($node->safe_psql('postgres', "SELECT state, error FROM sage.runs WHERE run = $run"), 'running|', 'and trains on');
$node->safe_psql('postgres', "SELECT sage_cancel($run); SELECT sage_wait($run)");
$node->stop;

done_testing();
