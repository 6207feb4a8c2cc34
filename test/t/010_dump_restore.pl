# Graph definitions survive pg_dump and psql into a new database.
#
# To run it with the server that pg_config on PATH belongs to (not as root),
# after make install:
#
#   src=$(dirname $(dirname $(pg_config --pgxs)))
#   PATH=$(pg_config --bindir):$PATH PG_REGRESS=$src/test/regress/pg_regress \
#     prove -I $src/test/perl test/t
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init;
$node->start;

# Two graphs of different owners; names that must be quoted; every column of
# the catalog filled at least once.
$node->safe_psql('postgres', 'CREATE ROLE alice; CREATE DATABASE one;');
$node->safe_psql('one', q{
	CREATE EXTENSION sage;
	CREATE SCHEMA shop;
	CREATE TABLE shop.users (id int PRIMARY KEY, age int, secret text, joined timestamptz);
	CREATE TABLE shop."Items ""x""" (sku uuid PRIMARY KEY, price numeric);
	CREATE TABLE shop.buys ("user" int REFERENCES shop.users, item uuid REFERENCES shop."Items ""x""",
		at timestamptz, amount numeric);
	CREATE TABLE shop.follows (source int REFERENCES shop.users, target int REFERENCES shop.users);
	GRANT USAGE ON SCHEMA shop TO alice;
	GRANT SELECT ON ALL TABLES IN SCHEMA shop TO alice;
	SELECT sage_create_graph('shop "1"');
	SELECT sage_add_nodes('shop "1"', 'shop.users', features => '{age,joined}', exclude => '{secret}', time_column => 'joined');
	SELECT sage_add_nodes('shop "1"', 'shop."Items ""x"""');
	SELECT sage_add_edges('shop "1"', 'shop.buys', time_column => 'at', weight_column => 'amount');
	SELECT sage_add_edges('shop "1"', 'shop.follows', edge_type => 'knows', direction => 'forward');
	CREATE TABLE shop.plots (town text, plot int, title text NOT NULL UNIQUE, PRIMARY KEY (town, plot));
	CREATE TABLE shop.sheds (id int PRIMARY KEY, "in" text, plot int, title text REFERENCES shop.plots (title),
		FOREIGN KEY ("in", plot) REFERENCES shop.plots);
	SELECT sage_create_graph('keys');
	SELECT sage_add_foreign_keys('keys', '{shop.plots,shop.sheds}');
	SET ROLE alice;
	SELECT sage_create_graph('social', 'shop.users', 'shop.follows');
});

my $all = q{
	SELECT * FROM sage.graphs;
	SELECT * FROM sage.node_types;
	SELECT * FROM sage.edge_types;
};
my $before = $node->safe_psql('one', $all);
like($before, qr/social\|alice/, 'the graphs are there');

# A dump of everything, restored by psql
my $file = $node->basedir . '/one.sql';
$node->command_ok([ 'pg_dump', '-f', $file, '-d', $node->connstr('one') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE two');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr('two') ], 'restore by psql');
is($node->safe_psql('two', $all), $before, 'the restored definitions are the same');

is($node->safe_psql('two', q{SELECT count(*) FROM sage_add_foreign_keys('keys', '{shop.plots,shop.sheds}')}), '0',
	'all that a schema made is there');

# The names are resolved in the new database, and the owners still own
$node->safe_psql('two', q{
	CREATE TABLE shop.more (id int PRIMARY KEY);
	SELECT sage_add_nodes('shop "1"', 'shop.more');
});
is($node->safe_psql('two', q{SELECT node_type FROM sage.node_types WHERE graph = 'shop "1"'}),
	qq{users\nItems "x"\nmore}, 'a restored graph can be added to');
my ($ret, $stdout, $stderr) = $node->psql('two', q{SET ROLE alice; SELECT sage_drop_graph('shop "1"')});
like($stderr, qr/must be owner of graph "shop "1""/, 'a restored graph still has its owner');
$node->safe_psql('two', q{SET ROLE alice; SELECT sage_drop_graph('social')});
is($node->safe_psql('two', q{SELECT string_agg(graph, ',' ORDER BY graph COLLATE "C") FROM sage.graphs}), 'keys,shop "1"',
	'who may drop it');

# A custom-format dump restored in parallel: the tables of the catalog are
# filled in no particular order
$file = $node->basedir . '/one.dump';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $file, '-d', $node->connstr('one') ], 'pg_dump -Fc');
$node->safe_psql('postgres', 'CREATE DATABASE three');
$node->command_ok([ 'pg_restore', '-j', '2', '-e', '-d', $node->connstr('three'), $file ], 'pg_restore -j');
is($node->safe_psql('three', $all), $before, 'the definitions are the same after pg_restore, too');

# Rights on the catalog are made anew with the extension
($ret, $stdout, $stderr) = $node->psql('two', 'SET ROLE alice; SELECT * FROM sage.graph');
like($stderr, qr/permission denied/, 'the restored catalog is out of reach');
is($node->safe_psql('two', 'SET ROLE alice; SELECT count(*) FROM sage.graphs'), '2', 'the restored views are not');

# The owner of a database dumps it without being a superuser, and can restore
# it but for the catalog of the extension, which a superuser restores.
$node->safe_psql('postgres', 'CREATE ROLE dumper LOGIN; CREATE ROLE eve LOGIN; CREATE DATABASE hers OWNER dumper; CREATE DATABASE again OWNER dumper');
$node->safe_psql('hers', q{
	CREATE EXTENSION sage;
	SET ROLE dumper;
	CREATE TABLE n AS SELECT i AS id, i % 7 AS a, i % 3 = 0 AS y, NULL::float8 AS score FROM generate_series(1, 60) i;
	ALTER TABLE n ADD PRIMARY KEY (id);
	CREATE TABLE e AS SELECT i AS source, 1 + i * 7 % 60 AS target FROM generate_series(1, 60) i;
	CREATE INDEX ON e (source, target);
	CREATE INDEX ON e (target, source);
	SELECT sage_create_graph('g', 'n', 'e', exclude => '{score}');
	SELECT sage_train('m', 'g', 'y', options => '{"epochs": 1, "hidden": 4, "quiet": true}');
	SELECT sage_attach('m', 'score');
});
$file = $node->basedir . '/hers.dump';
$node->command_ok([ 'pg_dump', '-U', 'dumper', '-Fc', '-f', $file, '-d', $node->connstr('hers') ], 'pg_dump by the owner of the database');
for my $relation (qw(graph node_type edge_type model model_version run epoch graph_stamp version_id run_id))
{
	($ret, $stdout, $stderr) = $node->psql('hers', "SELECT * FROM sage.$relation", extra_params => [ '-U', 'eve' ]);
	like($stderr, qr/permission denied for (table|sequence) $relation/, "$relation is for nobody else");
}
for my $change ("INSERT INTO sage.run (model, graph, state, owned_by) VALUES ('m', 'g', 'queued', 'postgres')",
	"UPDATE sage.model SET owned_by = 'dumper'", 'DELETE FROM sage.graph', "SELECT setval('sage.run_id', 1)")
{
	($ret, $stdout, $stderr) = $node->psql('hers', $change, extra_params => [ '-U', 'dumper' ]);
	like($stderr, qr/permission denied/, "and not to be changed: $change");
}
$node->safe_psql('again', 'CREATE EXTENSION sage');
$node->command_ok([ 'pg_restore', '-U', 'dumper', '-e', '-N', 'sage', '--no-comments', '-d', $node->connstr('again'), $file ],
	'restored by the owner of the database');
$node->command_ok([ 'pg_restore', '-e', '-n', 'sage', '--data-only', '-d', $node->connstr('again'), $file ],
	'and the catalog by a superuser');
my $scores = 'SELECT model, owner, deployed FROM sage.models; SELECT id, sage_predict(id) FROM n ORDER BY id';
is($node->safe_psql('again', $scores, extra_params => [ '-U', 'dumper' ]),
	$node->safe_psql('hers', $scores, extra_params => [ '-U', 'dumper' ]), 'it shows and scores the same');
is($node->safe_psql('again', q{INSERT INTO n VALUES (100, 3) RETURNING score IS NOT NULL}, extra_params => [ '-U', 'dumper' ]), 't',
	'its triggers score');

$node->stop;
done_testing();
