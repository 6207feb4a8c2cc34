# Samplers give as many rows as are asked for, in little memory.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the memory of a process is read from /proc' unless -r '/proc/self/status';

my $node = PostgreSQL::Test::Cluster->new('sample_memory');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nwork_mem = '1MB'");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION sage;
	CREATE TABLE users (id int PRIMARY KEY);
	CREATE TABLE follows (source int, target int);
	INSERT INTO users SELECT generate_series(1, 1000);
	INSERT INTO follows SELECT i, i % 1000 + 1 FROM generate_series(1, 1000) AS i;
	CREATE INDEX ON follows (source, target);
	CREATE INDEX ON follows (target, source);
	SELECT sage_create_graph('social', 'users', 'follows');
});

# The most memory that a new session has had, in kB, before and after.
my $peak = q{substring(pg_read_file('/proc/' || pg_backend_pid() || '/status') FROM 'VmHWM:\s+(\d+) kB')::int};
for my $call (
	q{sage_sample_nodes('social', n => 3000000, strategy => 'random')},
	q{sage_sample_edges('social', n => 3000000, strategy => 'random')},
	q{sage_sample_neighbors('social', ARRAY(SELECT generate_series(1, 1000))::bigint[], k => 500, strategy => 'replace')})
{
	my ($name) = $call =~ /^(\w+)/;

	is($node->safe_psql('postgres', qq{
		SELECT count(*) > 0 FROM sage_sample_nodes('social');
		SELECT $peak AS before \\gset
		SELECT count(*) > 0 FROM $call;
		SELECT $peak - :before < 100000;
	}), "t\nt\nt", "$name needs little memory for many rows");
}

$node->stop;
done_testing();
