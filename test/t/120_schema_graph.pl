# The graph of a whole schema by one call, and rows of its node types
# embedded, where the folder with the data is there.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = $ENV{SAGE_TEST_DATA} || "$FindBin::RealBin/../../../shared/data";
my $folder = "$data/ldbc_sf01";

plan skip_all => "there is no social network in $data" unless -d $folder;

my $node = PostgreSQL::Test::Cluster->new('schema');
$node->init;
$node->append_conf('postgresql.conf', 'client_min_messages = error');
$node->start;

# Load, in the order in which the tables are made
my @tables = slurp_file("$folder/schema.sql") =~ /^CREATE TABLE (\w+)/mg;
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$folder/schema.sql", '-d', $node->connstr('postgres') ],
	'the tables are made');
foreach my $table (@tables)
{
	my ($columns) = split /\n/, qx(zcat '$folder/$table.csv.gz' | head -n 1);
	my $copy = "COPY $table ($columns) FROM PROGRAM 'zcat $folder/$table.csv.gz' WITH (FORMAT csv, HEADER true)";

	$node->safe_psql('postgres', $copy);
}
$node->safe_psql('postgres', q{VACUUM ANALYZE; CREATE EXTENSION sage; SELECT sage_create_graph('snb')});

my $edge_types = $node->safe_psql('postgres', q{SELECT count(*) FROM sage_add_foreign_keys('snb')});
my $foreign_keys = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_constraint WHERE contype = 'f'});
is($edge_types, $foreign_keys, 'each foreign key is an edge type');
is($node->safe_psql('postgres', 'SELECT count(*) FROM sage.node_types'), scalar(@tables), 'each table is a node type');

# A model of a node type embeds its rows: entities, links with and without
# columns of their own.  The labels are of no use.
foreach my $table (qw(person knows post_tag))
{
	my ($columns) = $node->safe_psql('postgres', "SELECT key_column FROM sage.node_types WHERE node_type = '$table'");
	my $key = $columns =~ /,/ ? "jsonb_build_array($columns)::text" : $columns;
	my $labels = "SELECT $key AS node, hashtext($key\::text) % 2 = 0 AS label FROM $table ORDER BY hashtext($key\::text) LIMIT 200";

	is($node->safe_psql('postgres', qq{
		SELECT FROM sage_train('model of $table', 'snb', node_type => '$table', labels => \$\$$labels\$\$,
			options => '{"epochs": 1, "hidden": 8, "fanout": [4, 4], "quiet": true}');
		SELECT count(*) = count(h) AND min(cardinality(h)) = 8
		FROM (SELECT sage_embed($key, 'model of $table') AS h FROM $table LIMIT 10) e}), 't', "rows of $table are embedded");
}

$node->stop;
done_testing();
