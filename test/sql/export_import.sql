-- Models as bytes: out, in again, and what is refused.
CREATE SCHEMA export_import;
SET search_path = export_import, public;
\set SHOW_CONTEXT never
CREATE TABLE users (id int PRIMARY KEY, age int, city text, churned bool);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO users SELECT i, 20 + i * 7 % 40, (ARRAY['Oslo', 'Rome', NULL])[1 + i % 3], i % 7 < 3 FROM generate_series(1, 300) i;
INSERT INTO follows SELECT i, 1 + (i + k * 6) % 300 FROM generate_series(1, 300) i, generate_series(1, 3) k;
SELECT sage_create_graph('export', 'users', 'follows', features => '{age,city}');
SELECT metric FROM sage_train('m', 'export', target => 'churned', options => '{"quiet": true, "epochs": 3, "hidden": 16}');
SELECT metric FROM sage_train('n', 'export', labels => 'SELECT id AS node, age * 1.5 AS label FROM users', options => '{"quiet": true, "epochs": 3, "layers": 1, "layer_norm": true}');

-- there and back: the same scores
CREATE TABLE bytes AS SELECT sage_export('m') AS m, sage_export('m', 1) AS first, sage_export('n') AS n;
SELECT m = first AS deployed_is_first FROM bytes;
SELECT sage_import('copy', 'export', m), sage_import('copy_n', 'export', n) FROM bytes;
SELECT max(abs(sage_predict(id, 'copy') - sage_predict(id, 'm'))) < 1e-6 AS same, max(abs(sage_predict(id, 'copy_n') - sage_predict(id, 'n'))) < 1e-4 AS same_n FROM users;
SELECT model, version, deployed, task, metric, validation, epochs, best_epoch, run, metrics, rows_read, request FROM sage.model_versions WHERE model LIKE 'copy%' ORDER BY model COLLATE "C";
SELECT sage_classes('copy'), sage_classes('copy_n');
-- as a further version of what is there
SELECT sage_import('copy', 'export', m) FROM bytes;
SELECT version, deployed FROM sage.model_versions WHERE model = 'copy' ORDER BY version;
-- it does not say what it was trained on
SELECT * FROM sage_train('copy');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sage_evaluate('copy');
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM sage_evaluate('copy', 'SELECT id AS node, churned AS label FROM users');
SELECT version FROM sage_train('copy', target => 'churned', options => '{"quiet": true, "epochs": 1}');

-- the file is what safetensors says: 8 bytes of length, a JSON header, floats
CREATE FUNCTION header(bytea) RETURNS jsonb LANGUAGE sql AS $$
	SELECT convert_from(substring($1 FROM 9 FOR header_size), 'UTF8')::jsonb
	FROM (SELECT get_byte($1, 0) + 256 * get_byte($1, 1) + 65536 * get_byte($1, 2) AS header_size) AS h $$;
SELECT header(m) -> '__metadata__' ->> 'format' AS format, (SELECT count(*) FROM jsonb_object_keys(header(m)) k WHERE k <> '__metadata__') > 3 AS tensors,
	(SELECT bool_and(value ->> 'dtype' = 'F32' AND jsonb_array_length(value -> 'shape') = 2) FROM jsonb_each(header(m)) WHERE key <> '__metadata__') AS floats,
	(SELECT max((value -> 'data_offsets' ->> 1)::int) FROM jsonb_each(header(m)) WHERE key <> '__metadata__') + 8 + (get_byte(m, 0) + 256 * get_byte(m, 1) + 65536 * get_byte(m, 2)) = octet_length(m) AS to_the_end
	FROM bytes;
CREATE FUNCTION spec(bytea) RETURNS jsonb LANGUAGE sql AS $$ SELECT (header($1) -> '__metadata__' ->> 'sage')::jsonb $$;
SELECT k FROM bytes, jsonb_object_keys(spec(m)) k ORDER BY k COLLATE "C";

-- bytes that are no model
CREATE FUNCTION import(bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
BEGIN
	RETURN 'version ' || sage_import('bad', 'export', $1);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || CASE WHEN detail <> '' THEN ': ' || detail ELSE '' END;
END $$;
SELECT sage_import('bad', 'export', '');
\echo :LAST_ERROR_SQLSTATE
SELECT import('\x00');
SELECT import('hello, world');
SELECT import(decode(repeat('00', 100), 'hex'));
SELECT import(decode(repeat('ff', 100), 'hex'));
SELECT import(convert_to('{"a": 1}', 'UTF8'));
SELECT import('\x0200000000000000' || convert_to('{}', 'UTF8'));
SELECT import('\x0200000000000000' || convert_to('[]', 'UTF8'));
-- cut anywhere
SELECT DISTINCT left(import(substring(m FOR i)), 5) AS state FROM bytes, generate_series(0, 600) i;
SELECT DISTINCT left(import(substring(m FOR octet_length(m) - i)), 5) AS state FROM bytes, generate_series(1, 300) i;
SELECT regexp_replace(import(substring(m FOR octet_length(m) - 4)), 'byte \d+', 'byte N') FROM bytes;
-- longer than it says
SELECT regexp_replace(import(m || '\x00'), 'byte \d+', 'byte N') FROM bytes;
-- a bit flipped anywhere is found
SELECT left(import(set_byte(m, i, get_byte(m, i) # (1 << i % 8))), 5) AS state, count(*) > 0 AS some FROM bytes, generate_series(0, 1999) i GROUP BY 1;
SELECT left(import(set_byte(m, i, get_byte(m, i) # (1 << i % 8))), 5) AS state, count(*) > 0 AS some FROM bytes, generate_series(2000, octet_length(m) - 1, 97) i GROUP BY 1;
SELECT count(*) = count(sage_predict(id, 'm')) AS alive FROM users;
-- weights that are not finite
SELECT regexp_replace(import(overlay(m PLACING '\x0000c07f' FROM octet_length(m) - 3 FOR 4)), 'byte \d+', 'byte N') FROM bytes;
SELECT regexp_replace(import(overlay(m PLACING '\x0000807f' FROM octet_length(m) - 3 FOR 4)), 'byte \d+', 'byte N') FROM bytes;
-- larger than is allowed
SET sage.max_model_size = '1MB';
SELECT regexp_replace(import(m || decode(repeat('00', 1048576), 'hex')), '\d+ bytes', 'N bytes') FROM bytes;
SELECT * FROM sage_train('big', 'export', target => 'churned', options => '{"quiet": true, "epochs": 1, "hidden": 1024}');
\echo :LAST_ERROR_SQLSTATE
RESET sage.max_model_size;

-- the description edited by hand
-- (with a checksum that fits again: it finds damage, not malice)
CREATE FUNCTION number(bigint) RETURNS bytea LANGUAGE sql AS
	$$ SELECT string_agg(substring(int8send($1) FROM i FOR 1), '' ORDER BY i DESC) FROM generate_series(1, 8) i $$;
CREATE FUNCTION counted(text) RETURNS bytea LANGUAGE sql AS
	$$ SELECT number(octet_length(convert_to($1, 'UTF8'))) || convert_to($1, 'UTF8') $$;
CREATE FUNCTION with_spec(bytea, spec text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	data bytea = substring($1 FROM 9 + get_byte($1, 0) + 256 * get_byte($1, 1) + 65536 * get_byte($1, 2));
	checksum bytea;
	tensors text;
	head bytea;
BEGIN
	CREATE TEMP TABLE tensor ON COMMIT DROP AS
		SELECT key AS name, (value -> 'shape' ->> 0)::int AS rows, (value -> 'shape' ->> 1)::int AS cols,
			(value -> 'data_offsets' ->> 0)::int AS from_byte, (value -> 'data_offsets' ->> 1)::int AS to_byte
		FROM jsonb_each(header($1)) WHERE key <> '__metadata__';
	checksum := sha256(number(2) || counted('format') || counted('sage') || counted('sage') || counted(spec) ||
		(SELECT number(count(*)) || string_agg(counted(name) || number(2) || number(rows) || number(cols) ||
			substring(data FROM 1 + from_byte FOR to_byte - from_byte), '' ORDER BY name COLLATE "C") FROM tensor));
	tensors := (SELECT string_agg(format('%s: {"dtype": "F32", "shape": [%s, %s], "data_offsets": [%s, %s]}', to_json(name), rows, cols, from_byte, to_byte), ', '
		ORDER BY from_byte) FROM tensor);
	DROP TABLE tensor;
	head := convert_to(format('{"__metadata__": {"format": "sage", "sage": %s, "sha256": "%s"}, %s}', to_json(spec), encode(checksum, 'hex'), tensors), 'UTF8');
	head := head || convert_to(repeat(' ', (8 - octet_length(head) % 8) % 8), 'UTF8');
	RETURN number(octet_length(head)) || head || data;
END $$;
CREATE FUNCTION edited(bytea, path text[], value jsonb) RETURNS bytea LANGUAGE sql AS $$
	SELECT with_spec($1, (CASE WHEN value IS NULL THEN spec($1) #- path ELSE jsonb_set(spec($1), path, value) END)::text) $$;
SELECT import(with_spec(m, '')) FROM bytes;
SELECT import(with_spec(m, '{')) FROM bytes;
SELECT import(with_spec(m, '[]')) FROM bytes;
SELECT import(with_spec(m, '3')) FROM bytes;
SELECT import(with_spec(m, repeat('[', 100000))) FROM bytes;
SELECT import(edited(m, '{seed}', spec(m) -> 'seed')) FROM bytes;
SELECT import(edited(m, '{hidden}', '17')) FROM bytes;
SELECT import(edited(m, '{hidden}', '0')) FROM bytes;
SELECT import(edited(m, '{hidden}', '1000000000')) FROM bytes;
SELECT import(edited(m, '{hidden}', '"16"')) FROM bytes;
SELECT import(edited(m, '{hidden}', '16.5')) FROM bytes;
SELECT import(edited(m, '{layers}', '1')) FROM bytes;
SELECT import(edited(m, '{layers}', '3')) FROM bytes;
SELECT import(edited(m, '{layers}', '1e400')) FROM bytes;
SELECT import(edited(m, '{format}', '99')) FROM bytes;
SELECT import(edited(m, '{task}', '"multiclass"')) FROM bytes;
SELECT import(edited(m, '{task}', '"regression"')) FROM bytes;
SELECT import(edited(m, '{task}', '"other"')) FROM bytes;
SELECT import(edited(m, '{classes}', '[]')) FROM bytes;
SELECT import(edited(m, '{classes}', '["a", 1]')) FROM bytes;
SELECT import(edited(m, '{classes}', '["a", "b", "c"]')) FROM bytes;
SELECT import(edited(m, '{classes}', '{}')) FROM bytes;
SELECT import(edited(m, '{classes}', '["same", "same"]')) FROM bytes;
SELECT import(edited(m, '{node_type}', '"people"')) FROM bytes;
SELECT import(edited(m, '{relations,0,name}', '"likes"')) FROM bytes;
SELECT import(edited(m, '{relations,0,fanout}', '[5]')) FROM bytes;
SELECT import(edited(m, '{relations,0,fanout}', '[5, -7]')) FROM bytes;
SELECT import(edited(m, '{relations,0,fanout}', '[5, 1e300]')) FROM bytes;
SELECT import(edited(m, '{relations,0,fanout}', '[5, 2.5]')) FROM bytes;
SELECT import(edited(m, '{relations,0,fanout}', '[1000000, 1000000]')) FROM bytes;
SELECT import(edited(m, '{relations}', '[]')) FROM bytes;
SELECT import(edited(m, '{relations}', '[1]')) FROM bytes;
SELECT import(edited(m, '{relations}', (spec(m) -> 'relations') || (spec(m) -> 'relations'))) FROM bytes;
SELECT import(edited(m, '{node_types}', '[]')) FROM bytes;
SELECT import(edited(m, '{node_types}', '[null]')) FROM bytes;
SELECT import(edited(m, '{node_types}', (spec(m) -> 'node_types') || (spec(m) -> 'node_types'))) FROM bytes;
SELECT import(edited(m, '{node_types,0,features}', '{}')) FROM bytes;
SELECT import(edited(m, '{node_types,0,features,columns}', '[]')) FROM bytes;
SELECT import(edited(m, '{node_types,0,features,columns,0,name}', '"nothing"')) FROM bytes;
SELECT import(edited(m, '{node_types,0,features,columns,0,name}', '"age) FROM users; DROP TABLE users; --"')) FROM bytes;
SELECT import(edited(m, '{target_std}', '0')) FROM bytes;
SELECT import(edited(m, '{target_mean}', '1e308')) FROM bytes;
SELECT import(edited(m, '{seed}', '-1')) FROM bytes;
SELECT import(edited(m, '{seed}', 'null')) FROM bytes;
SELECT import(edited(m, '{options}', '3')) FROM bytes;
SELECT k, regexp_replace(import(edited(m, ARRAY[k], NULL)), '^version .*', 'imported') AS without FROM bytes, jsonb_object_keys(spec(m)) k ORDER BY k COLLATE "C";
SELECT k, regexp_replace(import(edited(m, ARRAY[k], '[[[]]]')), '^version .*', 'imported') AS nonsense FROM bytes, jsonb_object_keys(spec(m)) k ORDER BY k COLLATE "C";
SELECT count(*) FROM users;

-- arguments
SELECT sage_import('bad', 'export', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_import(NULL, 'export', m) FROM bytes;
SELECT sage_import('', 'export', m) FROM bytes;
SELECT sage_import(repeat('x', 64), 'export', m) FROM bytes;
SELECT sage_import('bad', NULL, m) FROM bytes;
SELECT sage_import('bad', 'exports', m) FROM bytes;
\echo :LAST_ERROR_SQLSTATE
SELECT sage_export('no');
\echo :LAST_ERROR_SQLSTATE
SELECT sage_export(NULL);
SELECT sage_export('m', 7);
\echo :LAST_ERROR_SQLSTATE
SELECT sage_export('m', 0);

-- into a graph that does not fit
CREATE TABLE people (id int PRIMARY KEY, age int, city text);
SELECT sage_create_graph('people', 'people', 'follows');
SELECT sage_import('bad', 'people', m) FROM bytes;
\echo :LAST_ERROR_SQLSTATE
SELECT sage_drop_graph('people');
SELECT sage_create_graph('people');
SELECT sage_add_nodes('people', 'people', node_type => 'users');
SELECT sage_import('bad', 'people', m) FROM bytes;
SELECT sage_add_edges('people', 'follows', edge_type => 'follows');
-- other tables with the same columns do
SELECT sage_import('elsewhere', 'people', m) FROM bytes;
INSERT INTO people SELECT id, age, city FROM users;
SELECT max(abs(sage_predict(id, 'elsewhere') - sage_predict(id, 'm'))) < 1e-6 AS same FROM people;
ALTER TABLE people ALTER age TYPE text;
SELECT sage_import('bad', 'people', m) FROM bytes;
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE people DROP age;
SELECT sage_import('bad', 'people', m) FROM bytes;
SELECT sage_import('m', 'people', m) FROM bytes;
\echo :LAST_ERROR_SQLSTATE

SELECT model, max(version) FROM sage.model_versions WHERE model <> 'bad' GROUP BY 1 ORDER BY model COLLATE "C";
SELECT sage_drop_model(model) FROM sage.models WHERE graph IN ('export', 'people');
SELECT sage_drop_graph('export');
SELECT sage_drop_graph('people');
SET client_min_messages = warning;
DROP SCHEMA export_import CASCADE;
