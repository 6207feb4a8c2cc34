# A streaming standby scores as its primary does, and trains once promoted.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# Everything is made after the standby was: it all comes through the log.
$primary->safe_psql('postgres', q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY, age int, city text, churned bool);
	CREATE TABLE follows (source int, target int);
	CREATE INDEX ON follows (source, target);
	CREATE INDEX ON follows (target, source);
	INSERT INTO users SELECT i, i * 7919 % 61, 'c' || i % 5, (i * 31 % 97) < 40 FROM generate_series(1, 500) AS i;
	INSERT INTO follows SELECT 1 + i * 7919 % 500, 1 + i * 104729 % 499 FROM generate_series(1, 3000) AS i;
	SELECT sage_create_graph('social', 'users', 'follows');
	SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 3, "hidden": 8, "quiet": true}');
	CREATE ROLE reader;
	GRANT SELECT ON users, follows TO reader;
});

sub caught_up
{
	$primary->wait_for_catchup($standby, 'replay');
}

my $all = q{SELECT id, sage_predict(id, 'churn') FROM users ORDER BY id};
my $each = q{
	SELECT sage_predict(7, 'churn'), sage_predict_label(7, 'churn');
	SELECT sage_predict_row(u, 'churn') FROM users AS u WHERE id = 8;
	SELECT unnest(sage_predict('{1,2,3}'::bigint[], 'churn'));
	SELECT unnest(sage_embed(9, 'churn'));
	SELECT metric, value FROM sage_evaluate('churn');
	SELECT model, deployed FROM sage.models;
	SELECT md5(sage_export('churn'));
};

caught_up();
my $scores = $primary->safe_psql('postgres', $all);
is(scalar(() = $scores =~ /\|0\.\d/g), 500, 'the primary scores');
is($standby->safe_psql('postgres', $all), $scores, 'the standby gives the same scores');
is($standby->safe_psql('postgres', $each), $primary->safe_psql('postgres', $each), 'all functions agree');
for my $access ('live', 'resident')
{
	is($standby->safe_psql('postgres', "SET sage.access = '$access'; $all"), $scores, "the same with sage.access = $access");
}

# To the last bit: a score that the primary stored is the one that the standby gives.
$primary->safe_psql('postgres', q{CREATE TABLE stored AS SELECT id, sage_predict(id, 'churn') AS score FROM users});
caught_up();
for my $access ('live', 'resident')
{
	is($standby->safe_psql('postgres', qq{SET sage.access = '$access';
		SELECT count(*) FILTER (WHERE score IS DISTINCT FROM sage_predict(id, 'churn')), count(*) FROM stored}),
		'0|500', "stored scores are the standby's own with sage.access = $access");
}
is($standby->safe_psql('postgres', q{SELECT score = sage_predict(7, 'churn') FROM stored WHERE id = 7}), 't', 'and by a single call');

# Rows that come through the log are seen by the next statement.
$primary->safe_psql('postgres', q{
	INSERT INTO users VALUES (1000, 5, 'c1');
	INSERT INTO follows SELECT 1000, i FROM generate_series(1, 50) AS i;
});
caught_up();
isnt($standby->safe_psql('postgres', 'SELECT sage_predict(1000, $$churn$$)'), '', 'a new row is scored on the standby');
my $changed = $primary->safe_psql('postgres', $all);
isnt($changed, $scores, 'its edges change other scores');
is($standby->safe_psql('postgres', $all), $changed, 'on the standby too');

# Rights and versions go along.
my ($ret, $stdout, $stderr) = $standby->psql('postgres', "SET ROLE reader; SELECT sage_predict(7, 'churn')");
like($stderr, qr/permission denied for model "churn"/, 'no right on the model, no score');
$primary->safe_psql('postgres', q{
	SELECT sage_grant('churn', 'reader');
	SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 2, "hidden": 6, "quiet": true}');
});
caught_up();
is($standby->safe_psql('postgres', q{SET ROLE reader; SELECT array_length(sage_embed(7, 'churn'), 1)}),
	'6', 'a grant and a new version arrive');

# A standby writes nothing.
for my $write (
	q{SELECT sage_train('churn', 'social', 'churned')}, q{SELECT sage_deploy('churn', 1)},
	q{SELECT sage_drop_model('churn')}, q{SELECT sage_grant('churn', 'public')},
	q{SELECT sage_import('copy', 'social', sage_export('churn'))}, q{SELECT sage_create_graph('other', 'users')},
	q{SELECT sage_drop_graph('social')})
{
	($ret, $stdout, $stderr) = $standby->psql('postgres', $write);
	my ($function) = $write =~ /(sage_\w+)/;
	like($stderr, qr/ERROR:.*(read-only transaction|during recovery)/, "$function is refused on the standby");
}
is($standby->safe_psql('postgres', $all), $primary->safe_psql('postgres', $all), 'and scoring goes on');

# A run in the background is seen there, but does not begin, nor end.
my $run = $primary->safe_psql('postgres', q{SELECT sage_train_async('endless', 'social', 'churned',
	options => '{"epochs": 1000000, "patience": 1000000000, "refit": "never"}')});
ok($primary->poll_query_until('postgres', "SELECT count(*) > 0 FROM sage.epochs WHERE run = $run"), 'a run on the primary');
caught_up();
is($standby->safe_psql('postgres', "SELECT state FROM sage.runs WHERE run = $run; SELECT sage_wait($run, '1.5 s')"),
	"running\nrunning", 'the standby shows its state, and can wait');
is($standby->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'sage%'}), '0', 'nothing starts there');
for my $write (q{SELECT sage_train_async('other', 'social', 'churned')}, "SELECT sage_cancel($run)", q{SELECT sage_resume()})
{
	($ret, $stdout, $stderr) = $standby->psql('postgres', $write);
	my ($function) = $write =~ /(sage_\w+)/;
	like($stderr, qr/ERROR:.*(read-only transaction|during recovery)/, "$function is refused on the standby");
}

# Once promoted it is a primary like any other.
my $before = $standby->safe_psql('postgres', $all);
$primary->stop;
$standby->promote;
is($standby->safe_psql('postgres', "SELECT state FROM sage.runs WHERE run = $run; SELECT sage_resume()"), "interrupted\n1",
	'the run can be taken up by the promoted standby');
ok($standby->poll_query_until('postgres', qq{SELECT reason = 'attempt 2 begins anew, because this server does not have what the one before left'
	FROM sage.runs WHERE run = $run}), 'and says why it begins anew');
is($standby->safe_psql('postgres', "SELECT sage_cancel($run); SELECT sage_wait($run)"), "t\ncanceled", 'it is canceled');
is($standby->safe_psql('postgres', $all), $before, 'promotion changes no score');
is($standby->safe_psql('postgres', q{
	SELECT version FROM sage_train('churn', 'social', 'churned', options => '{"epochs": 1, "hidden": 4, "quiet": true}')}),
	'3', 'the promoted standby trains');
is($standby->safe_psql('postgres', q{SELECT array_length(sage_embed(7, 'churn'), 1)}), '4', 'and scores with what it trained');

$standby->stop;
done_testing();
