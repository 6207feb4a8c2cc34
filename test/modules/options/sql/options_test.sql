-- The reader of "options jsonb": what it takes, and how it refuses the rest.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/options_test' :dlsuffix

CREATE FUNCTION options_test_read(jsonb) RETURNS text AS :'modfile' LANGUAGE C;
CREATE FUNCTION options_test_round_trip(jsonb) RETURNS bool AS :'modfile' LANGUAGE C STRICT;
CREATE FUNCTION options_test_unset() RETURNS bool AS :'modfile' LANGUAGE C;
CREATE FUNCTION options_test_none(jsonb) RETURNS text AS :'modfile' LANGUAGE C STRICT;
CREATE FUNCTION options_test_rows(OUT name text, OUT type text, OUT value text, OUT range text, OUT description text)
	RETURNS SETOF record AS :'modfile' LANGUAGE C;
CREATE FUNCTION options_test_nearest(text, text[]) RETURNS text AS :'modfile' LANGUAGE C STRICT;

-- defaults
SELECT options_test_read(NULL);
SELECT options_test_read('{}') = options_test_read(NULL) AS same;
SELECT options_test_unset();
SELECT options_test_read('{"quiet": null, "epochs": null, "name": null, "deploy": null, "split": null}') =
	options_test_read(NULL) AS same;

-- values
SELECT options_test_read('{"quiet": false, "epochs": 1e3, "layers": -2147483647, "seed": 9223372036854775807,
	"learning_rate": 0, "dropout": 0.95, "scale": -1e-300, "name": "a \"b\"\n", "comment": "", "deploy": "never",
	"metric": "auroc", "split": [1, [2], {"c": 3}], "fanout": {"follows": [15, 10]}}');
SELECT options_test_read(format('{"fanout": %s}', v)::jsonb)::jsonb -> 'fanout' = v::jsonb AS same, v
	FROM unnest('{10,"[10, 10]","{}","[]",true,"\"all\""}'::text[]) AS v;
SELECT (options_test_read('{"epochs": 10.00}')::jsonb -> 'epochs')::text AS epochs;
SELECT options_test_read('{"seed": -9223372036854775807}')::jsonb -> 'seed' AS seed;

-- what is written reads as the same
SELECT bool_and(options_test_round_trip(jsonb_build_object('learning_rate', x, 'scale', -x / 3, 'seed', n)))
	FROM (SELECT n, exp(n::float8) AS x FROM generate_series(-700, 700, 7) AS n) AS t;
SELECT options_test_round_trip('{"scale": 1.7976931348623157e308, "learning_rate": 5e-324, "name": "\u0001\\\"é"}');

-- unknown options
SELECT options_test_read('{"epoch": 1}');
\echo :LAST_ERROR_SQLSTATE
SELECT options_test_read('{"Dropuot": 1}');
SELECT options_test_read('{"lr": 1}');
SELECT options_test_read('{"": 1}');
SELECT options_test_read(jsonb_build_object(repeat('é', 1000), 1));
SELECT options_test_none('{}');
SELECT options_test_none('{"epochs": 1}');

-- not an object
SELECT options_test_read('[]');
\echo :LAST_ERROR_SQLSTATE
SELECT options_test_read('1');
SELECT options_test_read('null');

-- wrong types
SELECT options_test_read('{"quiet": "true"}');
\echo :LAST_ERROR_SQLSTATE
SELECT options_test_read('{"quiet": 1}');
SELECT options_test_read('{"epochs": "10"}');
SELECT options_test_read('{"epochs": true}');
SELECT options_test_read('{"seed": {}}');
SELECT options_test_read('{"learning_rate": "fast"}');
SELECT options_test_read('{"learning_rate": [0.1]}');
SELECT options_test_read('{"name": 1}');
SELECT options_test_read('{"deploy": 1}');
SELECT options_test_read('{"split": {"a": 1}}');
SELECT options_test_read('{"split": 0.8}');

-- numbers
SELECT options_test_read('{"epochs": 2.5}');
\echo :LAST_ERROR_SQLSTATE
SELECT options_test_read('{"epochs": 0}');
\echo :LAST_ERROR_SQLSTATE
SELECT options_test_read('{"epochs": 1001}');
SELECT options_test_read('{"epochs": 1e100}');
SELECT options_test_read('{"epochs": 1e-100}');
SELECT options_test_read('{"layers": 2147483648}');
SELECT options_test_read('{"layers": -2147483648}');
SELECT options_test_read('{"seed": 9223372036854775808}');
SELECT options_test_read('{"seed": -9223372036854775808}');
SELECT options_test_read('{"learning_rate": -0.1}');
SELECT options_test_read('{"dropout": 1}');
SELECT options_test_read('{"scale": 1e400}');

-- choices
SELECT options_test_read('{"deploy": "sometimes"}');
\echo :LAST_ERROR_SQLSTATE
SELECT options_test_read('{"deploy": "alwyas"}');
SELECT options_test_read('{"deploy": "Never"}');
SELECT options_test_read(jsonb_build_object('deploy', repeat('x', 1000)));

-- the view's rows
SELECT * FROM options_test_rows();

-- nearest names
SELECT given, options_test_nearest(given, '{follows, users, created_at, user_id, id}') AS nearest
	FROM unnest('{follow, Users, user, usr, uid, created, creatd_at, CREATED_AT, followers, i, x, "", likes}'::text[]) AS given;
SELECT options_test_nearest('größe', '{grosse, größer, weite}') AS nearest;
SELECT options_test_nearest('a', '{}') IS NULL AS none;
SELECT options_test_nearest(repeat('a', 100000), ARRAY[repeat('a', 100000)]) IS NULL AS none;

DROP FUNCTION options_test_read(jsonb), options_test_round_trip(jsonb), options_test_unset(), options_test_none(jsonb),
	options_test_rows(), options_test_nearest(text, text[]);
