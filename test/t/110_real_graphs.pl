# What a training learns on real graphs, where the folder with them is there:
# every figure that test/learning prints must reach its mark.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = $ENV{SAGE_TEST_DATA} || "$FindBin::RealBin/../../../shared/data";
my @graphs = grep { -d "$data/$_" } qw(musae_git musae_facebook cora citeseer fb100_cornell5 rel_f1 dblp imdb);

plan skip_all => "there are no graphs in $data" unless @graphs;

my $node = PostgreSQL::Test::Cluster->new('graphs');
$node->init;
$node->start;

{
	local %ENV = (%ENV, PGHOST => $node->host, PGPORT => $node->port, SAGE_TEST_DATA => $data, SAGE_TEST_SEEDS => 1);
	open my $figures, '-|', "$FindBin::RealBin/../learning", @graphs or die "could not run test/learning: $!";
	while (my $line = <$figures>)
	{
		chomp $line;
		ok($line =~ /\sok\s+\d+ s$/, $line);
	}
	ok(close $figures, 'test/learning is content');
}

$node->stop;
done_testing();
