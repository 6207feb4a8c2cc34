# A database of version 0.1.0 is updated: its graphs and models survive, and
# the catalog is that of a new database.
#
# test/upgrade has the install script of 0.1.0 and a dump that 0.1.0 made.  The
# script is put into a copy of the installation, so that nobody else finds it.
#
# How to run it: see 010_dump_restore.pl.
use strict;
use warnings;

use File::Basename;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $test = dirname(__FILE__) . '/..';

# Runs a command and returns what it prints.
sub output_of
{
	my ($stdout, $stderr) = run_command([@_]);
	die "@_: $stderr" if $stdout eq '' && $stderr ne '';
	return $stdout;
}

sub install_copy
{
	my $copy = PostgreSQL::Test::Utils::tempdir;
	my $config = output_of('bash', '-c', 'type -P pg_config');
	my $copied = output_of('bash', '-c', '. "$1"/private_server.sh; install_copy "$2" "$3"', 'bash', $test, $config, $copy);
	my $share = output_of($config, '--sharedir') . '/extension';
	my $copied_share = output_of($copied, '--sharedir') . '/extension';

	system_or_bail('cp', output_of($config, '--pkglibdir') . '/sage.so', output_of($copied, '--pkglibdir'));
	system_or_bail('cp', glob("$share/sage*"), "$test/upgrade/sage--0.1.0.sql", $copied_share);
	append_to_file("$copied_share/sage--0.2.0--9.9.sql", "ALTER TABLE sage.graph ADD COLUMN later integer;\n");
	# the programs may look for libpq relative to themselves
	my $initdb = dirname($config) . '/initdb';
	my ($libpq) = `ldd '$initdb' 2>/dev/null` =~ m{=> (\S+)/libpq};
	$ENV{LD_LIBRARY_PATH} = join(':', $libpq // output_of($config, '--libdir'), $ENV{LD_LIBRARY_PATH} // ());
	return dirname(dirname($copied));
}

my $node = PostgreSQL::Test::Cluster->new('upgrade', install_path => install_copy());
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE sage_alice; CREATE ROLE sage_bob; CREATE ROLE "Sage Carol"');
$node->safe_psql('postgres', 'CREATE DATABASE old; CREATE DATABASE new');
$node->safe_psql('new', 'CREATE EXTENSION sage');
$node->safe_psql('old', q{CREATE EXTENSION sage VERSION '0.1.0'});
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$test/upgrade/models-0.1.0.sql", '-d', $node->connstr('old') ],
	'what 0.1.0 dumped is loaded');
is($node->safe_psql('old', q{SELECT state FROM sage.run WHERE run = 5}), 'cancelled', 'as 0.1.0 wrote it');

# Until the update, the catalog is out of reach of the new library.
for my $call (q{sage_predict(1, 'churn')}, q{sage_drop_graph('social')}, q{sage_export('kind')}, q{sage_train('price')},
	q{* FROM sage.models}, q{* FROM sage.runs}, q{* FROM sage.progress})
{
	my ($ret, $stdout, $stderr) = $node->psql('old', "\\set VERBOSITY verbose\nSELECT $call");
	like($stderr, qr/55000: extension "sage" is of version 0\.1\.0, its library of 0\.2\.0\nHINT:  Run ALTER EXTENSION sage UPDATE/,
		"$call says what is to be done");
}
my ($ret, $stdout, $stderr) = $node->psql('old', 'UPDATE shop.users SET age = age WHERE id = 1');
like($stderr, qr/its library of 0\.2\.0/, 'a trigger does, too');

# One session before and after.
is($node->safe_psql('old', q{
	DO $$ BEGIN PERFORM sage_predict(1, 'churn'); EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END $$;
	ALTER EXTENSION sage UPDATE TO '0.2.0';
	SELECT sage_predict(1, 'churn') IS NOT NULL;
}), 't', 'after the update the same session scores');

# Every object of the extension, with all that can differ.
my $catalog = q{
	WITH member AS (
		SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'sage'),
	class AS (SELECT c.* FROM pg_class c JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid)
	SELECT 'object', pg_describe_object(classid, objid, 0), obj_description(objid, classid::regclass::name),
		(SELECT array_agg(a::text ORDER BY a::text) FROM pg_init_privs p, unnest(p.initprivs) a
		 WHERE p.objoid = objid AND p.classoid = classid AND p.objsubid = 0) FROM member
	UNION ALL SELECT 'function', p.oid::regprocedure::text, pg_get_functiondef(p.oid), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(p.proacl) a)
	FROM pg_proc p JOIN member m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
	UNION ALL SELECT 'relation', oid::regclass::text, concat_ws(' ', relkind, relpersistence, reloptions, relrowsecurity, relforcerowsecurity,
		CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) a) FROM class
	UNION ALL SELECT 'column', c.oid::regclass || '.' || a.attname,
		concat_ws(' ', row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attacl,
			pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)), NULL
	FROM class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
	UNION ALL SELECT 'constraint', conrelid::regclass || ' ' || conname, pg_get_constraintdef(o.oid), NULL
	FROM pg_constraint o JOIN class c ON c.oid = o.conrelid
	UNION ALL SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), NULL FROM pg_index i JOIN class c ON c.oid = i.indrelid
	UNION ALL SELECT 'policy', polrelid::regclass || ' ' || polname, concat_ws(' ', polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid),
		pg_get_expr(polwithcheck, polrelid)), NULL FROM pg_policy p JOIN class c ON c.oid = p.polrelid
	UNION ALL SELECT 'sequence', seqrelid::regclass::text, concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle), NULL
	FROM pg_sequence s JOIN class c ON c.oid = s.seqrelid
	UNION ALL SELECT 'type', t.oid::regtype::text, concat_ws(' ', typtype, typlen, typbyval, typalign, typstorage, typinput, typoutput, typcategory), NULL
	FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	UNION ALL SELECT 'dumped', extconfig[i]::regclass::text, extcondition[i], NULL
	FROM pg_extension, generate_subscripts(extconfig, 1) i WHERE extname = 'sage'
	UNION ALL SELECT 'version', extversion, extnamespace::regnamespace::text, NULL FROM pg_extension WHERE extname = 'sage'
	ORDER BY 1, 2
};
my $fresh = $node->safe_psql('new', $catalog);
cmp_ok(scalar(split(/\n/, $fresh)), '>', 300, 'the comparison sees the catalog');
is($node->safe_psql('old', $catalog), $fresh, 'an updated catalog is that of a new database');

# What 0.1.0 had is there, and scores the same.
is($node->safe_psql('old', q{SELECT graph, node_types, edge_types FROM sage.graphs ORDER BY 1}), "orphan|1|1\nshop|2|1\nsocial|1|1", 'graphs');
is($node->safe_psql('old', q{SELECT model, version, deployed, task, epochs FROM sage.model_versions ORDER BY 1, 2}),
	"churn|1|t|binary|2\nchurn|2|f|binary|3\nkind|1|t|multiclass|2\nlonely|1|t|binary|1\nprice|1|t|regression|2", 'models');
is($node->safe_psql('old', q{SELECT run, model, owner, state FROM sage.runs ORDER BY 1}),
	"1|churn|postgres|done\n2|churn|postgres|done\n3|price|sage_alice|done\n4|kind|sage_alice|done\n5|kind|sage_alice|canceled\n6|lonely|none|done",
	'runs, with their owners');
is($node->safe_psql('old', q{SELECT model, owner, granted FROM sage.models ORDER BY 1}),
	"churn|postgres|{sage_bob,\"Sage Carol\"}\nkind|sage_alice|{public}\nlonely|none|{}\nprice|sage_alice|{}", 'owners and grants of models');
is($node->safe_psql('old', q{SELECT graph, owner FROM sage.graphs ORDER BY 1}), "orphan|none\nshop|Sage Carol\nsocial|postgres", 'and of graphs');
$node->safe_psql('old', 'CREATE ROLE sage_gone');
($ret, $stdout, $stderr) = $node->psql('old', q{SET ROLE sage_gone; SELECT sage_drop_model('lonely')});
like($stderr, qr/must be owner of model "lonely"/, 'what nobody owned is not for a new role of the name');
is($node->safe_psql('old', q{
	SELECT e.model, count(*), bool_and((SELECT max(abs(a - b) / greatest(abs(a), 1)) FROM unnest(e.score, s.score) AS u(a, b)) < 1e-6 AND cardinality(e.score) = cardinality(s.score))
	FROM shop.expected e JOIN (
		SELECT 'churn' AS model, id::text AS key, ARRAY[sage_predict(id, 'churn')] AS score FROM shop.users
		UNION ALL SELECT 'churn kept', id::text, ARRAY[score] FROM shop.users
		UNION ALL SELECT 'price', sku::text, ARRAY[sage_predict(sku, 'price')] FROM shop.items
		UNION ALL SELECT 'kind', sku::text, sage_predict_proba(sku, 'kind')::float8[] FROM shop.items) s USING (model, key)
	GROUP BY 1 ORDER BY 1}), "churn|60|t\nchurn kept|60|t\nkind|20|t\nprice|20|t", 'scores');

# It goes on.
is($node->safe_psql('old', q{
	SELECT version FROM sage_train('churn', options => '{"quiet": true, "epochs": 1}');
	INSERT INTO shop.users (id, age, city) VALUES (1000, 3, 'c1') RETURNING score IS NOT NULL;
	INSERT INTO shop.follows VALUES (1000, 1);
	SET ROLE sage_alice;
	SELECT version FROM sage_train('price', options => '{"quiet": true, "epochs": 1}');
}), "3\nt\n2", 'models are trained again, and triggers score');

# A library that is older than the catalog.
($ret, $stdout, $stderr) = $node->psql('new', q{
	SELECT sage_create_graph('g');
	ALTER EXTENSION sage UPDATE TO '9.9';
	SELECT sage_drop_graph('g');
}, on_error_stop => 0);
like($stderr, qr/extension "sage" is of version 9\.9, its library of 0\.2\.0\nHINT:  Reconnect/, 'a catalog that is too new');

$node->stop;
done_testing();
