# Trained models survive pg_dump: the restored database scores the same, and
# goes on from where it was.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('models');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE alice; CREATE ROLE bob; CREATE DATABASE one');

# Two owners, several versions, a redeployed one, grants, triggers; keys of
# every kind; categories whose names must be quoted.
$node->safe_psql('one', q{
	CREATE EXTENSION sage;
	CREATE SCHEMA shop;
	GRANT USAGE ON SCHEMA shop TO alice, bob;
	CREATE TABLE shop.users (id int PRIMARY KEY, age int, city text, churned bool, score float8, tags text[], embedding real[]);
	CREATE TABLE shop.follows (source int, target int);
	CREATE TABLE shop."Items ""x""" (sku uuid PRIMARY KEY, price numeric, "Kind" text);
	CREATE TABLE shop.buys (who int REFERENCES shop.users, item uuid REFERENCES shop."Items ""x""", at timestamptz);
	INSERT INTO shop.users SELECT i, i * 7919 % 61, E'c\'"\\\\' || i % 5, i * 31 % 97 < 40, NULL, ARRAY['t' || i % 7, 'ä'], ARRAY[i % 3, i / 100.0]
		FROM generate_series(1, 400) AS i;
	INSERT INTO shop.follows SELECT 1 + i * 7919 % 400, 1 + i * 104729 % 399 FROM generate_series(1, 2000) AS i;
	INSERT INTO shop."Items ""x""" SELECT md5(i::text)::uuid, i % 23, 'K' || i % 3 FROM generate_series(1, 100) AS i;
	INSERT INTO shop.buys SELECT 1 + i * 31 % 400, md5((1 + i * 17 % 100)::text)::uuid, timestamptz '2024-01-01' + i * interval '1 h'
		FROM generate_series(1, 1000) AS i;
	CREATE INDEX ON shop.follows (source, target);
	CREATE INDEX ON shop.follows (target, source);
	CREATE INDEX ON shop.buys (who, item);
	CREATE INDEX ON shop.buys (item, who);
	GRANT SELECT ON ALL TABLES IN SCHEMA shop TO alice, bob;
	SELECT sage_create_graph('social', 'shop.users', 'shop.follows', exclude => '{score}');
	SELECT sage_create_graph('shop');
	SELECT sage_add_nodes('shop', 'shop.users', exclude => '{score}');
	SELECT sage_add_nodes('shop', 'shop."Items ""x"""', node_type => 'items');
	SELECT sage_add_edges('shop', 'shop.buys', time_column => 'at');
	SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 2, "hidden": 8, "quiet": true}');
	SELECT sage_train('churn', 'social', 'churned', options => '{"epochs": 2, "hidden": 6, "quiet": true, "layer_norm": true}');
	SELECT sage_deploy('churn', 1);
	SELECT sage_grant('churn', 'bob');
	SELECT sage_attach('churn', 'score');
	SET ROLE alice;
	SELECT sage_train('price', 'shop', 'items.price', options => '{"epochs": 2, "hidden": 5, "quiet": true, "layers": 3}');
	SELECT sage_train('kind', 'shop', labels => 'SELECT sku AS node, "Kind" AS label FROM shop."Items ""x"""', node_type => 'items',
		options => '{"epochs": 2, "hidden": 5, "quiet": true}');
	SELECT sage_grant('kind', 'public');
});

# Everything that users see, and the scores: one way of scoring, so that one
# machine gives the same bits.
my $all = q{
	SET sage.access = 'resident';
	SELECT model, version, deployed, task, metric, validation, test, baseline, metrics, rows_read, epochs, best_epoch, request, run, bytes
	FROM sage.model_versions ORDER BY model, version;
	SELECT model, graph, owner, granted FROM sage.models ORDER BY model;
	SELECT run, model, owner, state, version FROM sage.runs ORDER BY run;
	SELECT run, baseline, epoch, loss, validation FROM sage.epochs ORDER BY run, baseline, epoch;
	SELECT md5(sage_export('churn')), md5(sage_export('churn', 2)), md5(sage_export('price')), md5(sage_export('kind'));
	SELECT id, sage_predict(id, 'churn') FROM shop.users ORDER BY id;
	SELECT id, sage_embed(id, 'churn') FROM shop.users ORDER BY id LIMIT 5;
	SELECT sku, sage_predict(sku, 'price'), sage_predict_label(sku, 'kind'), sage_predict_proba(sku, 'kind'),
		sage_predict(sku, 'price', at => '2024-01-15') FROM shop."Items ""x""" ORDER BY sku;
};
my $before = $node->safe_psql('one', $all);
like($before, qr/churn\|1\|t\|binary/, 'the models are there');
my $plain = $node->basedir . '/one.sql';
my $custom = $node->basedir . '/one.dump';
my $directory = $node->basedir . '/one.dir';

$node->command_ok([ 'pg_dump', '-f', $plain, '-d', $node->connstr('one') ], 'pg_dump');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $custom, '-d', $node->connstr('one') ], 'pg_dump -Fc');
$node->command_ok([ 'pg_dump', '-Fd', '-j', '2', '-f', $directory, '-d', $node->connstr('one') ], 'pg_dump -Fd');

my %restore = (
	two => [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $plain, '-d' ],
	three => [ 'pg_restore', '-e', $custom, '-d' ],
	four => [ 'pg_restore', '-j', '2', '-e', $directory, '-d' ]);
for my $database (sort keys %restore)
{
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->command_ok([ @{ $restore{$database} }, $node->connstr($database) ], "restored by $restore{$database}[0] to $database");
	is($node->safe_psql($database, $all), $before, "$database shows and scores the same");
}

# It goes on: numbers are not used again, owners own, grants hold, triggers score.
is($node->safe_psql('two', q{
	SELECT version FROM sage_train('churn', 'social', 'churned', options => '{"epochs": 1, "hidden": 4, "quiet": true}');
	SELECT array_length(sage_embed(1, 'churn'), 1);
	SELECT count(*), count(DISTINCT id), count(DISTINCT run) FROM sage.model_version;
	INSERT INTO shop.users (id, age, city) VALUES (1000, 3, 'c1') RETURNING score IS NOT NULL;
}), "3\n4\n5|5|5\nt", 'a restored model is trained again');
is($node->safe_psql('two', q{
	SET ROLE alice;
	SELECT version FROM sage_train('price');
	SELECT sage_deploy('price', 1);
	SELECT sage_drop_model('kind');
}), "2\n\n", 'by its owner, on what it was trained on');
my ($ret, $stdout, $stderr) = $node->psql('three', q{SET ROLE alice; SELECT sage_predict(1, 'churn')});
like($stderr, qr/permission denied for model "churn"/, 'who had no right has none');
is($node->safe_psql('three', q{
	SET ROLE bob;
	SELECT sage_predict(1, 'churn') IS NOT NULL, sage_predict_label(md5('1')::uuid, 'kind') IS NOT NULL}), 't|t', 'who had one has it');
($ret, $stdout, $stderr) = $node->psql('three', q{SET ROLE bob; SELECT sage_drop_model('churn')});
like($stderr, qr/must be owner of model "churn"/, 'but no more than that');

# Roles are dumped by the names they have, and what those own who are missing
# where the dump is restored is restored, too.
$node->safe_psql('one', 'ALTER ROLE alice RENAME TO "Alice B."');
$node->command_ok([ 'pg_dump', '--no-owner', '--no-acl', '-f', $plain, '-d', $node->connstr('one') ], 'pg_dump --no-owner');
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->start;
$other->safe_psql('postgres', 'CREATE ROLE alice; CREATE ROLE "Alice B."; CREATE DATABASE one');
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $plain, '-d', $other->connstr('one') ], 'restored without bob');
is($other->safe_psql('one', 'SELECT model, owner, granted FROM sage.models ORDER BY model'),
	"churn|postgres|{none}\nkind|Alice B.|{public}\nprice|Alice B.|{}", 'all that they had is there');
$other->safe_psql('postgres', 'DROP ROLE "Alice B."');
$other->command_ok([ 'pg_dump', '--no-owner', '--no-acl', '-f', $plain, '-d', $other->connstr('one') ], 'what nobody owns is dumped');
$other->safe_psql('postgres', 'CREATE DATABASE two');
$other->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $plain, '-d', $other->connstr('two') ], 'and restored');
is($other->safe_psql('two', q{
	SELECT sage_reassign_owned('none', 'alice');
	SET ROLE alice; SELECT model, owner FROM sage.models ORDER BY model}), "\nkind|alice\nprice|alice", 'as nobody\'s, until it is given away');
$other->stop;
$node->safe_psql('one', 'ALTER ROLE "Alice B." RENAME TO alice');

# Definitions without rows: a schema-only dump has no models, and says so.
$node->safe_psql('postgres', 'CREATE DATABASE five');
$node->command_ok([ 'pg_dump', '-s', '-f', $plain, '-d', $node->connstr('one') ], 'pg_dump -s');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $plain, '-d', $node->connstr('five') ], 'restored');
($ret, $stdout, $stderr) = $node->psql('five', q{SELECT sage_predict(1, 'churn')});
like($stderr, qr/model "churn" does not exist/, 'no model in a dump without data');

$node->stop;
done_testing();
