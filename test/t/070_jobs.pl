# Training in the background: the queue, progress, canceling, rights, and what
# happens when the things that a run is about go away.  How to run it is said
# in 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = PostgreSQL::Test::Cluster->new('jobs');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nmax_prepared_transactions = 2\n");
$node->start;

sub setup_database
{
	my ($db) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql($db, q{
		SET client_min_messages = error;
		CREATE EXTENSION sage;
		CREATE TABLE people (id bigint PRIMARY KEY, a real, b real, y boolean);
		CREATE TABLE knows (source bigint, target bigint);
		SELECT setseed(0.5);
		INSERT INTO people SELECT i, random(), random() FROM generate_series(1, 1500) i;
		UPDATE people SET y = a + 0.4 * random() > 0.6;
		INSERT INTO knows SELECT 1 + floor(random() * 1500), 1 + floor(random() * 1500) FROM generate_series(1, 6000);
		GRANT SELECT ON people, knows TO PUBLIC;
		SELECT sage_create_graph('g', 'people', 'knows');
	});
}

# Options of a run that takes a moment, and of one that does not end by itself.
my $short = q{'{"epochs": 3, "refit": "never"}'};
my $long = q{'{"epochs": 100000, "patience": 1000000000, "batch_size": 64, "refit": "never"}'};

sub submit
{
	my ($db, $model, $options, $more) = @_;
	$more //= "target => 'y'";
	return $node->safe_psql($db, "SELECT sage_train_async('$model', 'g', $more, options => $options)");
}

sub state_of
{
	my ($db, $run) = @_;
	return $node->safe_psql($db, "SELECT state FROM sage.runs WHERE run = $run");
}

sub wait_for_phase
{
	my ($db, $run, $phase) = @_;
	return $node->poll_query_until($db, "SELECT count(*) = 1 FROM sage.progress WHERE run = $run AND phase = '$phase'");
}

# What was left to go on from, of all runs of a database.
sub state_files
{
	my ($db) = @_;
	return $node->safe_psql($db, q{SELECT count(*) FROM pg_database d, pg_ls_dir('base/' || d.oid) f
		WHERE d.datname = current_database() AND f LIKE 'pgsql_tmp_sage%'});
}

sub workers
{
	return $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'sage worker'");
}

# Submits a run and cancels it in a phase: takes effect within half a second.
# By the server's clock, and once in five times is enough: a busy machine is
# late now and then, a phase that does not look for the cancel is so always.
sub cancel_in
{
	my ($phase, $submit) = @_;
	my $best = 10;
	for (1 .. 5)
	{
		my $run = $submit->();
		wait_for_phase('one', $run, $phase);
		my ($begin, $canceled, $state, $seconds) = split /\n/, $node->safe_psql('one', qq{
			SELECT clock_timestamp() AS begin \\gset
			SELECT :'begin'; SELECT sage_cancel($run); SELECT sage_wait($run);
			SELECT extract(epoch FROM ended - :'begin') FROM sage.runs WHERE run = $run});
		is("$canceled $state", 't canceled', "run $run is canceled while $phase");
		$best = $seconds if $seconds < $best;
		last if $best < 0.5;
	}
	cmp_ok($best, '<', 0.5, "canceled within half a second while $phase");
}

setup_database('one');
$node->safe_psql('one', q{CREATE ROLE ann; CREATE ROLE bob; CREATE ROLE cid; CREATE ROLE friend; GRANT bob TO friend});

# ----------------------------------------------------------------------------
# A run, from its transaction to a version
# ----------------------------------------------------------------------------

my $run = submit('one', 'm', $short);
is($node->safe_psql('one', "SELECT sage_wait($run)"), 'done', 'a run ends done');
is($node->safe_psql('one', "SELECT state, attempt, version, error IS NULL, started <= ended, result->>'metric' FROM sage.runs WHERE run = $run"),
	'done|1|1|t|t|auroc', 'its row says so');
is($node->safe_psql('one', "SELECT deployed FROM sage.models WHERE model = 'm'"), '1', 'the version is deployed');
is($node->safe_psql('one', "SELECT count(*) FROM sage.epochs WHERE run = $run AND NOT baseline"), '3', 'its epochs are there');
$node->safe_psql('one', qq{SELECT * FROM sage_train('n', 'g', target => 'y', options => ${short}::jsonb || '{"quiet": true}')});
is($node->safe_psql('one', q{SELECT count(DISTINCT weights) FROM sage.model_version WHERE model IN ('m', 'n')
	AND octet_length(weights) = (SELECT octet_length(weights) FROM sage.model_version WHERE model = 'm')}), '1',
	'the weights are those that sage_train makes');

my $count = $node->safe_psql('one', 'SELECT count(*) FROM sage.runs');
$node->psql('one', "BEGIN; SELECT sage_train_async('m', 'g', target => 'y', options => $long); ROLLBACK");
$node->psql('one', "BEGIN; SAVEPOINT s; SELECT sage_train_async('m', 'g', target => 'y', options => $long); ROLLBACK TO s; COMMIT");
sleep 0.3;
is($node->safe_psql('one', 'SELECT count(*) FROM sage.runs'), $count, 'nothing is submitted by a rollback');
is(workers(), '0', 'and nothing starts');
my ($ret, $out, $err) = $node->psql('one',
	"BEGIN; SELECT sage_train_async('m', 'g', target => 'y', options => $long); PREPARE TRANSACTION 'p'");
like($err, qr/cannot PREPARE a transaction that has submitted or canceled a training run/, 'PREPARE TRANSACTION');
($ret, $out, $err) = $node->psql('one', "SELECT sage_wait(sage_train_async('m', 'g', target => 'y', options => $long))");
like($err, qr/cannot wait for run \d+ in the transaction that submitted/, 'waiting before the commit');

# ----------------------------------------------------------------------------
# Progress, and no transaction
# ----------------------------------------------------------------------------

$run = submit('one', 'm', $long);
wait_for_phase('one', $run, 'training');
is($node->safe_psql('postgres', q{SELECT backend_type, application_name LIKE 'sage run %' FROM pg_stat_activity
	WHERE backend_type = 'sage worker'}), 'sage worker|t', 'the worker says what it is');
$node->poll_query_until('one', "SELECT seconds_left IS NOT NULL FROM sage.progress WHERE run = $run");
my ($steps, $monotone, $sensible) = (0, 1, 1);
for (1 .. 4)
{
	my @row = split /\|/, $node->safe_psql('one', qq{SELECT epoch, batch, batches, epochs, loss > 0, metric, validation BETWEEN 0 AND 1,
		rows_per_second > 0, memory > 0, seconds > 0, seconds_left > 0 FROM sage.progress WHERE run = $run});
	my $now = $row[0] * $row[2] + $row[1];
	$monotone = 0 if $now < $steps;
	$steps = $now;
	$sensible = 0 if join('|', @row[3 .. 10]) ne '100000|t|auroc|t|t|t|t|t';
	sleep 0.5;
}
ok($monotone, 'progress does not go back');
ok($sensible, 'and says what is to be known');
is($node->safe_psql('one', "SELECT count(*) > 1 FROM sage.epochs WHERE run = $run"), 't', 'epochs are committed as they end');

$node->safe_psql('one', 'CREATE TABLE junk AS SELECT * FROM people; DELETE FROM people WHERE id > 1400');
ok($node->poll_query_until('one', q{SELECT xact_start IS NULL AND backend_xmin IS NULL AND backend_xid IS NULL
	FROM pg_stat_activity WHERE backend_type = 'sage worker'}), 'no transaction is open, nor a snapshot');
my $removed = 0;
for (1 .. 20)
{
	($ret, $out, $err) = $node->psql('one', 'VACUUM (VERBOSE) people');
	$removed = 1, last if $err =~ /1400 remain, 0 are dead/;
	sleep 0.2;
}
ok($removed, 'VACUUM removes dead rows meanwhile');
$node->safe_psql('one', 'INSERT INTO people SELECT * FROM junk WHERE id > 1400');
is($node->safe_psql('one', "SELECT sage_wait($run, '0.1 s')"), 'running', 'a wait that is too short');

# ----------------------------------------------------------------------------
# Canceling
# ----------------------------------------------------------------------------

is($node->safe_psql('one', "SELECT sage_cancel($run); SELECT sage_wait($run)"), "t\ncanceled", 'it is canceled');
cancel_in('training', sub { submit('one', 'm', $long) });
cancel_in('loading', sub { submit('one', 'm', $short,
	q{labels => $$SELECT id AS node, y AS label FROM people WHERE pg_sleep(0.01) IS NOT NULL$$}) });

# One batch to learn from, and a wide network to evaluate on many more labels
$node->safe_psql('one', q{
	SET client_min_messages = error;
	CREATE TABLE crowd (id bigint PRIMARY KEY, a real, y boolean);
	CREATE TABLE meets (source bigint, target bigint);
	INSERT INTO crowd SELECT i, random(), i % 2 = 0 FROM generate_series(1, 20000) i;
	INSERT INTO meets SELECT i, 1 + i * 7919::bigint % 20000 FROM generate_series(1, 20000) i;
	SELECT sage_create_graph('crowd', 'crowd', 'meets');
});
cancel_in('evaluating', sub { $node->safe_psql('one', q{SELECT sage_train_async('wide', 'crowd', target => 'y',
	options => '{"epochs": 1, "hidden": 1024, "layers": 3, "fanout": 3, "refit": "never", "split": [0.02, 0.02, 0.96]}')}) });

my $holder = $node->background_psql('one');
$holder->query_safe("BEGIN; SELECT sage_deploy('m', 1)");
$run = submit('one', 'm', $short);
wait_for_phase('one', $run, 'storing');
is($node->safe_psql('one', "SELECT sage_cancel($run); SELECT sage_wait($run)"), "t\ncanceled", 'one that waits for a lock, too');
cancel_in('storing', sub { submit('one', 'm', $short) });
$holder->query_safe('ROLLBACK');
is($node->safe_psql('one', "SELECT count(*) FROM sage.model_version WHERE model = 'm'"), '1', 'no version is left of them');
is(state_files('one'), '0', 'no state either');
is($node->safe_psql('one', "SELECT sage_cancel($run)"), 'f', 'what has ended is not canceled');

# A cancel that is rolled back
$run = submit('one', 'm', $long);
wait_for_phase('one', $run, 'training');
$node->safe_psql('one', "BEGIN; SELECT sage_cancel($run); ROLLBACK");
sleep 0.3;
is(state_of('one', $run), 'running', 'a cancel that is rolled back does nothing');
my $queued = submit('one', 'm2', $long);
my $third = submit('one', 'm3', $long);
wait_for_phase('one', $queued, 'training');
is($node->safe_psql('one', "SELECT state, reason FROM sage.runs WHERE run = $third"),
	'queued|waits for its turn: 2 of sage.max_workers = 2 are at work', 'the reason why a run waits');
is($node->safe_psql('one', "SELECT sage_cancel($third); SELECT sage_wait($third)"), "t\ncanceled", 'one that waits is canceled');

# Terminated
$node->safe_psql('one', qq{SELECT pg_terminate_backend(pid) FROM sage.progress WHERE run IN ($run, $queued)});
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT sage_wait($queued)"), "failed\nfailed", 'pg_terminate_backend ends runs');
is($node->safe_psql('one', "SELECT error, sqlstate FROM sage.runs WHERE run = $run"),
	'terminating background worker due to administrator command|57P01', 'and it is recorded');

# ----------------------------------------------------------------------------
# Waiting
# ----------------------------------------------------------------------------

($ret, $out, $err) = $node->psql('one', "SELECT sage_wait($run, '-1 s')");
like($err, qr/timeout must not be negative/, 'a negative timeout');
is($node->safe_psql('one', "SELECT sage_wait($run, '178000000 years')"), 'failed', 'a long one');
$holder = $node->background_psql('one', on_error_stop => 0);
$holder->query_safe("BEGIN; SELECT sage_deploy('m', 1)");
$run = submit('one', 'm', $short);
$holder->query("SELECT sage_wait($run)");
like($holder->{stderr}, qr/run $run waits for a lock of the transaction that waits for the run/, 'a wait that would not end');
$holder->quit;
is($node->safe_psql('one', "SELECT sage_wait($run)"), 'done', 'the run goes on');
($ret, $out, $err) = $node->psql('one', "BEGIN READ ONLY; SELECT sage_train_async('m', 'g', target => 'y')");
like($err, qr/cannot execute sage_train_async\(\) in a read-only transaction/, 'a read-only transaction');

# ----------------------------------------------------------------------------
# What a run has to say
# ----------------------------------------------------------------------------

$node->safe_psql('one', q{
	CREATE TABLE told (id bigint PRIMARY KEY, a real, answer real, y boolean);
	INSERT INTO told SELECT id, a, y::int + a / 10, y FROM people;
	CREATE FUNCTION chatter() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE NOTICE 'from the query'; RAISE NOTICE '%', repeat(U&'\00e4', 100000); RETURN true; END$$;
	CREATE TABLE knows_more AS SELECT * FROM knows UNION ALL SELECT 1, 1;
	SELECT sage_create_graph('told', 'told', 'knows_more');
});
$run = $node->safe_psql('one', qq{SELECT sage_train_async('told', 'told', options => $short,
	labels => 'SELECT id AS node, y AS label FROM told WHERE id > 5 OR chatter()')});
is($node->safe_psql('one', "SELECT sage_wait($run)"), 'done', 'a leaking column does not stop a run');
my $messages = $node->safe_psql('one', "SELECT unnest(messages) FROM sage.runs WHERE run = $run");
like($messages, qr/^WARNING:  column "answer" of table public.told may be the target in other words$/m, 'but is warned of');
like($messages, qr/^HINT:  If it is not known at the time of prediction, leave it out/m, 'with the hint');
like($messages, qr/^NOTICE:  \d+ of 6001 rows of edge type "knows_more" were left out$/m, 'edges that were left out');
is(() = $messages =~ /from the query/g, 1, 'what functions of the labels query say, once');
is($node->safe_psql('one', "SELECT max(octet_length(m)) BETWEEN 8000 AND 8192 FROM sage.runs, unnest(messages) AS m WHERE run = $run"), 't',
	'and not at any length');
like(slurp_file($node->logfile), qr/WARNING:  column "answer"/, 'warnings are in the log');
unlike(slurp_file($node->logfile), qr/NOTICE:  from the query/, 'notices are not');

# Memory: what sage.max_memory allows, here for a set of 60,000 members, and what the system does
$node->safe_psql('one', q{
	SET client_min_messages = error;
	CREATE TABLE wordy AS SELECT id, y, ARRAY(SELECT id * 40 + j FROM generate_series(1, 40) j) AS words FROM people;
	SELECT sage_create_graph('wordy', 'wordy', 'knows', key => 'id');
});
$run = $node->safe_psql('one', qq{SET sage.max_memory = '1MB'; SELECT sage_train_async('wordy', 'wordy', target => 'y', options => $short)});
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT sqlstate, error ~ 'sage.max_memory', hint <> '' FROM sage.runs WHERE run = $run"),
	"failed\n54000|t|t", 'sage.max_memory ends a run, and says so');
$node->stop;
my $data = $node->data_dir;
system_or_bail('sh', '-c', "ulimit -v 1200000; exec pg_ctl -w -s -D '$data' -l '" . $node->logfile . "' start");
$run = $node->safe_psql('one', qq{SELECT sage_train_async('m', 'g', options => $short,
	labels => \$\$SELECT id AS node, y AS label FROM people, (SELECT sum(length(a[1])) AS n FROM
		(SELECT array_agg(repeat('x', 100000000) || i::text) AS a FROM generate_series(1, 9) i) t) s WHERE n > 0\$\$)});
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT sqlstate, error, detail ~ '^Failed on request of size' FROM sage.runs WHERE run = $run"),
	"failed\n53200|out of memory|t", 'so does the end of memory');
system_or_bail('pg_ctl', '-w', '-s', '-D', $data, '-m', 'fast', 'stop');
$node->start;
$run = submit('one', 'm', $short);
is($node->safe_psql('one', "SELECT sage_wait($run)"), 'done', 'the next one is trained');

# ----------------------------------------------------------------------------
# Many runs, rights
# ----------------------------------------------------------------------------

my $most = 0;
for my $i (1 .. 20)
{
	my $role = (qw(ann bob cid))[$i % 3];
	$node->safe_psql('one', "SET ROLE $role; SELECT sage_train_async('$role', 'g', target => 'y', options => $short)");
}
for (1 .. 5000)
{
	my $n = $node->safe_psql('one', q{SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'sage run %'});
	$most = $n if $n > $most;
	last if $node->safe_psql('one', q{SELECT count(*) FROM sage.run WHERE owned_by::text IN ('ann', 'bob', 'cid') AND state = 'done'}) == 20;
	sleep 0.02;
}
is($node->safe_psql('one', q{SELECT count(*) FROM sage.runs WHERE owner IN ('ann', 'bob', 'cid') AND state = 'done'}), '20',
	'20 runs of three roles end');
cmp_ok($most, '<=', 2, 'never more than two at once');
is($node->safe_psql('one', q{SELECT bool_and(started >= before) FROM (SELECT started, lag(started, 2) OVER (ORDER BY run) AS before
	FROM sage.run WHERE owned_by::text IN ('ann', 'bob', 'cid')) r}), 't', 'in order, two at a time');
is($node->safe_psql('one', q{SET ROLE bob; SELECT count(*) FILTER (WHERE owner <> 'bob'), count(*) FROM sage.runs}), '0|7',
	'a role sees its own runs');
is($node->safe_psql('one', q{SET ROLE friend; SELECT count(*) FROM sage.runs}), '7', 'so do its members');
$run = $node->safe_psql('one', "SET ROLE ann; SELECT sage_train_async('ann', 'g', target => 'y', options => $long)");
wait_for_phase('one', $run, 'training');
is($node->safe_psql('one', 'SET ROLE ann; SELECT count(*) FROM sage.progress'), '1', 'progress of an own run');
is($node->safe_psql('one', 'SET ROLE bob; SELECT count(*) FROM sage.progress'), '0', 'not of another one');
($ret, $out, $err) = $node->psql('one', "SET ROLE bob; SELECT sage_cancel($run)");
like($err, qr/permission denied for run $run/, 'nor can it be canceled');
is($node->safe_psql('one', "SET ROLE ann; SELECT sage_cancel($run); SELECT sage_wait($run)"), "t\ncanceled", 'the owner can');

# The worker has the rights of the role, and its rows, and nothing else
$node->safe_psql('one', q{
	CREATE TABLE labeled (id bigint, y boolean, who text);
	INSERT INTO labeled SELECT id, y, CASE WHEN id <= 700 THEN 'ann' ELSE 'x' END FROM people;
	ALTER TABLE labeled ENABLE ROW LEVEL SECURITY;
	CREATE POLICY p ON labeled USING (who = session_user);
	GRANT SELECT ON labeled TO ann;
	CREATE FUNCTION escape() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RESET SESSION AUTHORIZATION; RETURN true; END$$;
	CREATE FUNCTION escape_role() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN SET ROLE cid; RETURN true; END$$;
});
my %labels = (
	rows => q{SELECT id AS node, y AS label FROM labeled},
	escape => q{SELECT id AS node, y AS label FROM labeled WHERE escape()},
	role => q{SELECT id AS node, y AS label FROM labeled WHERE escape_role()});
my $ids = $node->safe_psql('one', "SET ROLE ann; " . join(';', map {
	"SELECT sage_train_async('ann', 'g', labels => '$labels{$_}', options => $short)" } qw(rows escape role)));
my @ids = split /\n/, $ids;
is($node->safe_psql('one', join ';', map { "SELECT sage_wait($_)" } @ids), "done\nfailed\nfailed", 'three labels queries');
is($node->safe_psql('one', qq{SELECT (v.metrics->>'train')::int + (v.metrics->>'validation')::int + (v.metrics->>'test')::int
	FROM sage.model_versions v WHERE run = $ids[0]}), '700', 'row security holds, for the session user too');
is($node->safe_psql('one', "SELECT string_agg(DISTINCT error, ';') FROM sage.runs WHERE run IN ($ids[1], $ids[2])"),
	'cannot set parameter "role" within security-definer function;cannot set parameter "session_authorization" within security-definer function',
	'the session cannot be taken over');
$node->safe_psql('one', q{CREATE ROLE dan; CREATE TABLE closed (id bigint PRIMARY KEY, y boolean)});
$run = $node->safe_psql('one', q{SET ROLE cid; SELECT sage_train_async('cid', 'g', labels => 'SELECT id AS node, y AS label FROM people')});
is($node->safe_psql('one', "SELECT sage_wait($run)"), 'done', 'a query of the role');
$node->safe_psql('one', 'REVOKE SELECT ON people FROM PUBLIC');
$run = $node->safe_psql('one', q{SET ROLE cid; SELECT sage_train_async('cid', 'g', target => 'y')});
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT error, sqlstate FROM sage.runs WHERE run = $run"),
	"failed\npermission denied for table people|42501", 'what the role may not read');
$node->safe_psql('one', 'GRANT SELECT ON people TO PUBLIC');

# ----------------------------------------------------------------------------
# Things that go away
# ----------------------------------------------------------------------------

$run = $node->safe_psql('one', "SET ROLE dan; SELECT sage_train_async('dan', 'g', target => 'y', options => $long)");
wait_for_phase('one', $run, 'training');
$node->safe_psql('one', 'DROP ROLE dan');
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT error FROM sage.runs WHERE run = $run"),
	qq{failed\nthe role that trains was dropped}, 'the role is dropped');

$node->safe_psql('one', q{CREATE TABLE gone (source bigint, target bigint); INSERT INTO gone SELECT * FROM knows;
	SELECT sage_create_graph('g2', 'people', 'gone')});
$run = $node->safe_psql('one', "SELECT sage_train_async('m4', 'g2', target => 'y', options => $long)");
wait_for_phase('one', $run, 'training');
$node->safe_psql('one', 'DROP TABLE gone');
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT sqlstate FROM sage.runs WHERE run = $run"), "failed\n55000",
	'a table is dropped');

$node->safe_psql('one', q{SELECT sage_create_graph('g3', 'people', 'knows')});
$run = $node->safe_psql('one', "SELECT sage_train_async('m5', 'g3', target => 'y', options => $long)");
wait_for_phase('one', $run, 'training');
$node->safe_psql('one', q{SELECT sage_drop_graph('g3'), sage_create_graph('g3', 'people', 'knows')});
is($node->safe_psql('one', "SELECT sage_wait($run); SELECT error, sqlstate FROM sage.runs WHERE run = $run"),
	qq{failed\ngraph "g3" was dropped, and another one made under its name|55000}, 'the graph is dropped and made again');

# what a failed run leaves is dropped by its name, by whom it belongs to
($ret, $out, $err) = $node->psql('one', q{SET ROLE bob; SELECT sage_drop_model('m5')});
like($err, qr/model "m5" does not exist/, 'a failed run of somebody else stays');
is($node->safe_psql('one', q{DO $$ BEGIN PERFORM sage_drop_model('m5'); END $$; SELECT count(*) FROM sage.run WHERE model = 'm5'}), '0',
	'a failed run is dropped by its name');

$run = submit('one', 'm', $long);
wait_for_phase('one', $run, 'training');
$node->safe_psql('one', q{SELECT sage_drop_model('m')});
ok($node->poll_query_until('one', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'sage worker'}),
	'the model is dropped');
is($node->safe_psql('one', "SELECT count(*) FROM sage.run WHERE run = $run"), '0', 'and the run with it');

setup_database('two');
$run = submit('two', 'm', $long);
wait_for_phase('two', $run, 'training');
$node->safe_psql('two', 'DROP EXTENSION sage CASCADE');
ok($node->poll_query_until('two', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'sage worker'}),
	'the extension is dropped');
$node->safe_psql('two', q{SET client_min_messages = error; CREATE EXTENSION sage; SELECT sage_create_graph('g', 'people', 'knows')});
$run = submit('two', 'm', $long);
wait_for_phase('two', $run, 'training');
$node->safe_psql('postgres', 'DROP DATABASE two WITH (FORCE)');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname = 'two'}), '0', 'the database is dropped');

# ----------------------------------------------------------------------------
# Deployed while others score, dropped while it trains
# ----------------------------------------------------------------------------

$run = submit('one', 'm', $short);
$node->safe_psql('one', "SELECT sage_wait($run)");
submit('one', 'm', qq{'{"epochs": 15, "refit": "never", "seed": $_}'}) for 1 .. 12;
my ($statements, $mixed) = (0, 0);
my %seen = ($node->safe_psql('one', q{SELECT sage_predict(7, 'm')}) => 1);
while ($node->safe_psql('one', q{SELECT count(*) FROM sage.runs WHERE model = 'm' AND state IN ('queued', 'running')}))
{
	my ($distinct, $score) = split /\|/,
		$node->safe_psql('one', q{SELECT count(DISTINCT p), min(p) FROM (SELECT sage_predict(id * 0 + 7, 'm') AS p FROM people) s});
	$statements++;
	$mixed++ if $distinct != 1;
	$seen{$score} = 1;
}
$seen{$node->safe_psql('one', q{SELECT sage_predict(7, 'm')})} = 1;
note("$statements statements");
is($mixed, 0, 'no statement scores with two versions');
cmp_ok(scalar(keys %seen), '>', 1, 'but later ones do with new ones');

for (1 .. 8)
{
	submit('one', 'twice', $short);
	sleep rand(0.1);
	($ret, $out, $err) = $node->psql('one', q{SELECT sage_drop_model('twice')});
	like($err, qr/^$|model "twice" does not exist/, 'dropped while it trains');
}
$node->poll_query_until('one', q{SELECT count(*) = 0 FROM sage.runs WHERE state IN ('queued', 'running', 'interrupted')});
is($node->safe_psql('one', q{SELECT count(*) FROM sage.runs WHERE model = 'twice' AND state <> 'done'}), '0', 'no run is left in between');
is($node->safe_psql('one', q{SELECT count(*) FROM sage.epoch WHERE run NOT IN (SELECT run FROM sage.run)}), '0', 'no epoch either');

# ----------------------------------------------------------------------------
# A run leaves nothing behind for the next role's
# ----------------------------------------------------------------------------

$node->safe_psql('one', q{
	ALTER DATABASE one SET sage.max_workers = 1;
	CREATE ROLE leaves; CREATE ROLE looks;
	GRANT CREATE, USAGE ON SCHEMA public TO leaves, looks;
	GRANT TEMPORARY ON DATABASE one TO leaves;
	CREATE SEQUENCE counter; GRANT ALL ON counter TO leaves, looks;
	SET ROLE leaves;
	CREATE FUNCTION leave() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
		PERFORM set_config('app.tenant', 'left', false), set_config('transform_null_equals', 'on', false),
			set_config('default_transaction_read_only', 'on', false), pg_advisory_lock(4711), nextval('counter');
		RETURN true; END $$;
	RESET ROLE; SET ROLE looks;
	CREATE FUNCTION look() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
		RAISE WARNING 'tenant=%, nulls=%, locks=%, read only=%', current_setting('app.tenant', true), current_setting('transform_null_equals'),
			(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid = 4711),
			current_setting('default_transaction_read_only');
		PERFORM currval('counter');
		RETURN true;
		EXCEPTION WHEN object_not_in_prerequisite_state THEN RETURN true; END $$;});
$out = $node->safe_psql('one', q{
	BEGIN;
	SET LOCAL ROLE leaves;
	SELECT sage_train_async('left', 'g', labels => 'SELECT id AS node, y AS label FROM people WHERE id <> 1 OR leave()', options => '{"epochs": 2, "exclude": ["y"]}');
	SET LOCAL ROLE looks;
	SELECT sage_train_async('seen', 'g', labels => 'SELECT id AS node, y AS label FROM people WHERE id <> 1 OR look()', options => '{"epochs": 2, "exclude": ["y"]}');
	COMMIT;});
my ($first, $second) = split /\n/, $out;
is($node->safe_psql('one', "SELECT sage_wait($second)"), 'done', 'the run of another role is not held up');
like($node->safe_psql('one', "SELECT messages::text FROM sage.runs WHERE run = $second"),
	qr/tenant=(<NULL>)?, nulls=off, locks=0, read only=off/, 'and finds nothing of the one before');
like($node->safe_psql('one', "SELECT state FROM sage.runs WHERE run = $first"), qr/^(done|failed)$/, 'whose end is recorded');
$node->safe_psql('one', 'ALTER DATABASE one RESET sage.max_workers');

# ----------------------------------------------------------------------------
# No free process
# ----------------------------------------------------------------------------

setup_database('two');
$node->append_conf('postgresql.conf', 'max_worker_processes = 2');	# one is the logical replication launcher
$node->restart;
$run = submit('two', 'm', $long);
wait_for_phase('two', $run, 'training');
($ret, $out, $err) = $node->psql('one', "SELECT sage_train_async('m', 'g', target => 'y', options => $short)");
like($err, qr/no background worker is free; the run stays queued/, 'max_worker_processes is exhausted');
is($node->safe_psql('one', "SELECT state, reason FROM sage.runs WHERE run = $out"),
	'queued|waits for a free background worker (max_worker_processes)', 'the run waits, and says why');
$node->safe_psql('two', "SELECT sage_cancel($run); SELECT sage_wait($run)");
is($node->safe_psql('one', "SELECT sage_wait($out)"), 'done', 'it begins when a process is free');

unlike(slurp_file($node->logfile), qr/PANIC|was terminated by signal|TRAP/, 'nothing crashed');
$node->stop;
done_testing();
