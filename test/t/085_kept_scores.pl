# What a session keeps from statement to statement is never stale: prepared
# transactions, and replay on a standby.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "max_prepared_transactions = 5\nautovacuum = off");
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY, age int, churned bool);
	CREATE TABLE follows (source int, target int);
	INSERT INTO users SELECT i, i * 7919 % 61, (i * 31 % 97) < 40 FROM generate_series(1, 500) AS i;
	INSERT INTO follows SELECT 1 + i * 7919 % 500, 1 + i * 104729 % 499 FROM generate_series(1, 3000) AS i;
	SET client_min_messages = error;
	SELECT sage_create_graph('social', 'users', 'follows');
	SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 3, "hidden": 8, "quiet": true}');
	CREATE TABLE before AS SELECT id, sage_predict(id) AS score FROM users;
});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my $port = $primary->port;
my $host = $primary->host;
my $elsewhere = "psql -X -q -h $host -p $port -d postgres";
my $score = q{SELECT max(abs(sage_predict(id) - score)) < 1e-6 FROM before;};
my $look = q{SELECT model, rows > 0 FROM sage.cache;};

# Scores of the whole table, then neighborhoods of each node.
for my $access ('resident', 'live')
{
	my $scores = $access eq 'resident' ? 't' : 'f';

	# One session; what another one does meanwhile is done through the shell.
	is($primary->safe_psql('postgres', qq{
		SET sage.access = $access;
		$score
		$score
		\\! $elsewhere -c "BEGIN" -c "UPDATE users SET age = age + 500" -c "PREPARE TRANSACTION 'one'"
		$score
		$score
		\\! $elsewhere -c "COMMIT PREPARED 'one'"
		$score
		\\! $elsewhere -c "BEGIN" -c "UPDATE users SET age = age - 500" -c "PREPARE TRANSACTION 'two'"
		$score
		\\! $elsewhere -c "ROLLBACK PREPARED 'two'"
		$score
		BEGIN;
		UPDATE users SET age = age - 500;
		PREPARE TRANSACTION 'three';
		$score
		COMMIT PREPARED 'three';
		$score
		SELECT model, rows > 0 FROM sage.cache;
	}), join("\n", qw(t t t t f f f f t), "churn|$scores"), "prepared transactions, $access");

	$primary->wait_for_catchup($standby, 'replay');
	is($standby->safe_psql('postgres', qq{
		SET sage.access = $access;
		$score
		$score
		$look
		\\! $elsewhere -c "UPDATE users SET age = age + 500"
		\\set lsn `$elsewhere -At -c "SELECT pg_current_wal_flush_lsn()"`
		SELECT set_config('test.lsn', :'lsn', false) = '';
		DO \$\$ BEGIN WHILE pg_last_wal_replay_lsn() < current_setting('test.lsn')::pg_lsn LOOP PERFORM pg_sleep(.02); END LOOP; END \$\$;
		$score
		$score
		$look
	}), join("\n", 't', 't', "churn|$scores", 'f', 'f', 'f', "churn|$scores"), "a standby, $access");

	# a transaction in progress whose subtransactions are too many to be listed
	is($primary->safe_psql('postgres', qq{
		SET sage.access = $access;
		$score
		\\! $elsewhere -c "BEGIN" -c "DO \\\$x\\\$ BEGIN FOR i IN 1 .. 100 LOOP BEGIN UPDATE users SET age = age - 5 WHERE id = i; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END \\\$x\\\$" -c "PREPARE TRANSACTION 'many'"
		$score
		\\! $elsewhere -c "COMMIT PREPARED 'many'"
		$score
		\\! $elsewhere -c "UPDATE users SET age = 500 + id * 7919 % 61"
		$score
	}), join("\n", qw(f f f f)), "many subtransactions, $access");
	$primary->safe_psql('postgres', 'UPDATE users SET age = id * 7919 % 61');
}

$standby->stop;
$primary->stop;
done_testing();
