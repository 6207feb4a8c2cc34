# No signal handler of the server may run on a thread of OpenBLAS or of sage:
# after scoring and training the backend has no other thread, or only threads
# that block every signal the server uses.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the threads of a process are read from /proc' unless -d '/proc/self/task';

my $node = PostgreSQL::Test::Cluster->new('threads');
$node->init;

my $setup = q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY, age int, city text, churned bool);
	CREATE TABLE follows (source int, target int);
	CREATE INDEX ON follows (source, target);
	CREATE INDEX ON follows (target, source);
	INSERT INTO users SELECT i, i * 7919 % 61, 'c' || i % 5, i * 31 % 97 < 40 FROM generate_series(1, 2000) AS i;
	INSERT INTO follows SELECT 1 + i * 7919 % 2000, 1 + i * 104729 % 1999 FROM generate_series(1, 10000) AS i;
	SELECT sage_create_graph('social', 'users', 'follows');
};
my $train = q{SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 2, "hidden": 128, "quiet": true}')};

# The masks of the session's threads, read by the session itself.
my $masks = q{
	SELECT task = pg_backend_pid()::text, substring(pg_read_file('/proc/' || pg_backend_pid() || '/task/' || task || '/status')
		FROM 'SigBlk:\s*(\w+)')
	FROM pg_ls_dir('/proc/' || pg_backend_pid() || '/task') AS task
};

# Signals of the server: HUP, INT, QUIT, USR1, USR2, ALRM, TERM, CHLD, URG
my @signals = (1, 2, 3, 10, 12, 14, 15, 17, 23);

sub check_threads
{
	my ($name, $sql) = @_;
	my @lines = split /\n/, $node->safe_psql('postgres', "DO \$do\$ BEGIN $sql END \$do\$; $masks");
	my @open;
	my $others = 0;

	for my $line (@lines)
	{
		my ($main, $mask) = $line =~ /^([tf])\|(\w+)$/ or next;
		my $bits = hex substr $mask, -8;

		if ($main eq 't')
		{
			is($bits & (1 << 14 | 1 << 9), 0, "$name: the session itself takes signals as before");
			next;
		}
		$others++;
		push @open, grep { !($bits & (1 << ($_ - 1))) } @signals;
	}
	is("@open", '', "$name: signals open in $others other threads");
	return $others;
}

# However the administrator's environment asks for threads.
for my $threads (undef, 1, 4)
{
	local %ENV = %ENV;
	my $name = defined $threads ? "OPENBLAS_NUM_THREADS=$threads" : 'no variable';

	delete $ENV{$_} for qw(OPENBLAS_NUM_THREADS OMP_NUM_THREADS GOTO_NUM_THREADS);
	$ENV{OPENBLAS_NUM_THREADS} = $threads if defined $threads;
	$node->start;
	$node->safe_psql('postgres', $setup . $train) if !defined $threads;

	check_threads("$name, live", q{SET LOCAL sage.access = 'live'; PERFORM sage_predict(id, 'churn') FROM users LIMIT 50;});
	check_threads("$name, resident", q{SET LOCAL sage.access = 'resident'; PERFORM sage_predict(id, 'churn') FROM users;});
	check_threads("$name, training", $train =~ s/^SELECT/PERFORM/r . ';');

	my $helpers = check_threads("$name, three threads", "SET LOCAL sage.threads = 3; " . $train =~ s/^SELECT/PERFORM/r . ';');
	cmp_ok($helpers, '>=', 2, "$name: sage.threads starts threads");
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'}),
		"$name: sessions with threads end");

	# training loads the library, scoring does without
	my $loaded = q{SELECT count(*) FROM regexp_matches(pg_read_file('/proc/' || pg_backend_pid() || '/maps'), 'openblas') AS m};
	is($node->safe_psql('postgres', "SELECT sage_predict(1, 'churn') > 0; $loaded"), "t\n0", "$name: scoring loads no library");
	is($node->safe_psql('postgres', "DO \$do\$ BEGIN " . $train =~ s/^SELECT/PERFORM/r . "; END \$do\$; $loaded"), '1',
		"$name: training loads the library");
	$node->stop;
}

# Preloaded, nothing of it is in the postmaster.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'sage'");
$node->start;
my ($postmaster) = split /\n/, slurp_file($node->data_dir . '/postmaster.pid');
check_threads('preloaded', q{SET LOCAL sage.threads = 3; PERFORM sage_predict(id, 'churn') FROM users;});
unlike(slurp_file("/proc/$postmaster/maps"), qr/openblas/, 'preloaded: the postmaster has no BLAS');
is(scalar(() = glob "/proc/$postmaster/task/*"), 1, 'preloaded: the postmaster has one thread');
$node->stop;

done_testing();
