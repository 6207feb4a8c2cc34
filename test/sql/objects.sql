-- Every object of the extension is described, marked and guarded.
CREATE SCHEMA objects;
SET search_path = objects, public;
CREATE VIEW objects AS
	SELECT d.classid, d.objid, (pg_identify_object(d.classid, d.objid, 0)).type AS type, pg_describe_object(d.classid, d.objid, 0) AS description
	FROM pg_depend d WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'sage');

-- comments: on all that one can see with \d and \df, and on the columns of tables and views
SELECT type, description FROM objects o
	WHERE type NOT IN ('type', 'view column', 'index', 'toast table', 'trigger', 'rule')
		AND obj_description(objid, CASE classid WHEN 'pg_class'::regclass THEN 'pg_class' WHEN 'pg_proc'::regclass THEN 'pg_proc' WHEN 'pg_namespace'::regclass THEN 'pg_namespace' END) IS NULL
	ORDER BY description COLLATE "C";
SELECT a.attrelid::regclass AS relation, a.attname AS column FROM objects o JOIN pg_attribute a ON a.attrelid = o.objid AND o.classid = 'pg_class'::regclass
	WHERE o.type IN ('table', 'view') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(a.attrelid, a.attnum) IS NULL
	ORDER BY a.attrelid::regclass::text COLLATE "C", a.attnum;
SELECT obj_description(oid, 'pg_extension') IS NOT NULL AS extension FROM pg_extension WHERE extname = 'sage';
-- they are short, begin in lower case or with a name, and end without a period
SELECT description, obj_description(objid) AS comment FROM objects WHERE obj_description(objid) ~ '\.$|^[A-Z][a-z]|\n' OR length(obj_description(objid)) > 200 ORDER BY description COLLATE "C";

-- functions: what they may be used in
SELECT p.proname AS function, CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
	CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel, count(*), bool_or(p.prosecdef) AS security_definer, bool_or(p.proisstrict) AS strict
	FROM objects o JOIN pg_proc p ON p.oid = o.objid AND o.classid = 'pg_proc'::regclass
	GROUP BY 1, 2, 3 ORDER BY p.proname COLLATE "C";
-- all arguments have names, none is a reserved word
SELECT p.oid::regprocedure AS function FROM objects o JOIN pg_proc p ON p.oid = o.objid AND o.classid = 'pg_proc'::regclass
	WHERE p.pronargs > 0 AND (p.proargnames IS NULL OR '' = ANY (p.proargnames)) ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT DISTINCT name FROM objects o JOIN pg_proc p ON p.oid = o.objid AND o.classid = 'pg_proc'::regclass, unnest(p.proargnames) name
	WHERE name IN (SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')) ORDER BY 1;
-- functions are named sage_*, the rest is in schema sage
SELECT description FROM objects o WHERE classid = 'pg_proc'::regclass AND description !~ '^function (sage_|sage\.)' ORDER BY 1;
SELECT description FROM objects o JOIN pg_class c ON c.oid = o.objid AND o.classid = 'pg_class'::regclass WHERE c.relnamespace <> 'sage'::regnamespace ORDER BY 1;

-- what everybody may: use the schema, read the views, call the functions; nothing else
SELECT n.nspname AS schema, array_agg(a.privilege_type ORDER BY a.privilege_type COLLATE "C") AS public FROM pg_namespace n, aclexplode(n.nspacl) a WHERE n.nspname = 'sage' AND a.grantee = 0 GROUP BY 1;
SELECT c.relname AS relation, c.relkind AS kind, array_agg(a.privilege_type ORDER BY a.privilege_type COLLATE "C") AS public
	FROM pg_class c, aclexplode(c.relacl) a WHERE c.relnamespace = 'sage'::regnamespace AND a.grantee = 0 GROUP BY 1, 2 ORDER BY c.relname COLLATE "C";
SELECT c.relname AS relation FROM pg_class c, pg_attribute t, aclexplode(t.attacl) a WHERE c.relnamespace = 'sage'::regnamespace AND t.attrelid = c.oid AND a.grantee = 0;
SELECT c.relname AS view FROM pg_class c WHERE c.relnamespace = 'sage'::regnamespace AND c.relkind = 'v' AND c.relname IN ('models', 'model_versions', 'runs', 'epochs', 'progress')
	AND NOT coalesce('security_barrier=true' = ANY (c.reloptions), false);
-- all that holds data is dumped
SELECT c.relname AS relation FROM pg_class c WHERE c.relnamespace = 'sage'::regnamespace AND c.relkind IN ('r', 'S')
	AND c.oid <> ALL (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'sage') ORDER BY 1;
-- settings
LOAD 'sage';
SELECT name, vartype, context, short_desc <> '' AS described, unit FROM pg_settings WHERE name LIKE 'sage.%' ORDER BY name COLLATE "C";
DROP VIEW objects;

-- in another schema, and made anew
CREATE SCHEMA objects_elsewhere;
DROP EXTENSION sage;
SELECT count(*) FROM pg_namespace WHERE nspname = 'sage';
CREATE EXTENSION sage SCHEMA objects_elsewhere;
SELECT n.nspname AS schema, count(*) > 20 AS functions FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.proname LIKE 'sage\_%' GROUP BY 1;
CREATE TABLE nodes (id int PRIMARY KEY, age int, label bool, score float8);
CREATE TABLE edges (source int, target int);
CREATE INDEX ON edges (source, target);
CREATE INDEX ON edges (target, source);
INSERT INTO nodes SELECT i, i * 7 % 20, i % 3 = 0 FROM generate_series(1, 100) i;
INSERT INTO edges SELECT i, 1 + i * 7 % 100 FROM generate_series(1, 100) i;
SELECT objects_elsewhere.sage_create_graph('objects', 'nodes', 'edges', features => '{age}');
SELECT metric FROM objects_elsewhere.sage_train('m', target => 'label', options => '{"quiet": true, "epochs": 1}');
SELECT objects_elsewhere.sage_attach('m', 'score');
INSERT INTO nodes VALUES (101, 3, NULL, NULL) RETURNING score IS NOT NULL AS scored;
SELECT objects_elsewhere.sage_predict(101) BETWEEN 0 AND 1 AS scored;
SELECT objects_elsewhere.sage_detach('m', 'score');
DROP EXTENSION sage;
CREATE EXTENSION sage SCHEMA public;
SELECT count(*) FROM sage.models;
-- a session that knew a model of the former installation does not take it for one of the new
SELECT sage_create_graph('objects', 'nodes', 'edges', features => '{age}');
SELECT metric FROM sage_train('m', labels => 'SELECT id AS node, 1000.5 + id AS label FROM nodes', options => '{"quiet": true, "epochs": 1}');
SELECT sage_predict(101) > 900 AS of_the_new_model;
SELECT sage_drop_model('m');
SELECT sage_drop_graph('objects');
DROP SCHEMA objects_elsewhere;
SET client_min_messages = warning;
DROP SCHEMA objects CASCADE;
