# The benchmark's graphs are the same each time, and its rows can be measured.
# What is measured is not looked at.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = "$ENV{TESTDIR}/bench/rows.py";
plan skip_all => 'there is no python3 that loads libpq' if system("python3 -c 'import ctypes; ctypes.CDLL(\"libpq.so.5\")' 2>/dev/null");

my $node = PostgreSQL::Test::Cluster->new('bench');
$node->init;
$node->start;
$ENV{PYTHONDONTWRITEBYTECODE} = 1;

# Runs the benchmark with small graphs in a database of its own; what it prints.
sub bench
{
	my ($database, @options) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	my ($out, $err) = run_command([ 'python3', $rows, '--dsn', $node->connstr($database), '--quick', '--size', '400,2500',
		'--large', '500,3000', '--hub', '100', @options ]);
	diag($err) if $out eq '';
	return $out;
}

my $first = bench('one', '--digest');
like($first, qr/^git -?\d+\nplain -?\d+$/, 'graphs have a digest');
is(bench('two', '--digest'), $first, 'the same seed makes the same graphs');
isnt(bench('three', '--digest', '--seed', 2), $first, 'another seed makes others');

my $table = bench('four', '--only', 'whole,score_all,score_large,array,again,memory,hub,unused');
like($table, qr/^SELECT id, sage_predict\(id\): 400 rows, all in  /m, 'the table of the rows');
unlike($table, qr/^(ERROR|\w+ +error)/m, 'no row ends with an error');

done_testing();
