-- Rows of which there is more than one where one is expected, and rows that
-- differ from one reading to the next.
CREATE SCHEMA ambiguous_rows;
SET search_path = ambiguous_rows, public;

-- a foreign key to a column that is unique no more: each row found is a neighbor
CREATE TABLE country (id int PRIMARY KEY, code text NOT NULL UNIQUE, gdp float8);
CREATE TABLE trade (id int PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE users (id int PRIMARY KEY, code text REFERENCES country (code), trade text REFERENCES trade (code), age float8, y bool, score float8);
INSERT INTO country SELECT i, 'c' || i, i * 1.5 FROM generate_series(1, 20) i;
INSERT INTO trade SELECT i, 't' || i FROM generate_series(1, 5) i;
INSERT INTO users SELECT i, 'c' || (1 + i % 20), 't' || (1 + i % 5), i % 37, i % 3 = 0 FROM generate_series(1, 400) i;
CREATE INDEX ON users (code);
CREATE INDEX ON users (trade);
SELECT sage_create_graph('lookup');
SELECT edge_type FROM sage_add_foreign_keys('lookup', '{country,trade,users}') ORDER BY 1;
SELECT version FROM sage_train('lookup', 'lookup', 'users.y', options => '{"epochs": 2, "hidden": 8, "quiet": true}');
SELECT bool_and(abs(sage_predict_row(u, 'lookup') - sage_predict(id, 'lookup')) < 1e-5) AS same FROM users u WHERE id <= 20;
ALTER TABLE users DROP CONSTRAINT users_code_fkey, DROP CONSTRAINT users_trade_fkey;
ALTER TABLE country DROP CONSTRAINT country_code_key;
ALTER TABLE trade DROP CONSTRAINT trade_code_key;
INSERT INTO country SELECT 100 + i, 'c6', 300 FROM generate_series(1, 3) i;
INSERT INTO trade SELECT 100 + i, 't1' FROM generate_series(1, 2) i;
SELECT count(*), bool_and(abs(sage_predict_row(u, 'lookup') - sage_predict(id, 'lookup')) < 1e-5) AS same FROM users u WHERE id <= 20;
SELECT sage_attach('lookup', 'score');
INSERT INTO users SELECT 1000 + i, 'c6', 't1', i FROM generate_series(1, 5) i;
SELECT count(*), bool_and(abs(score - sage_predict(id, 'lookup')) < 1e-5) AS same FROM users WHERE id > 1000;

-- the same by inheritance, where constraints do not reach the children
CREATE TABLE archive () INHERITS (country);
INSERT INTO archive SELECT 200 + i, 'c' || i, i FROM generate_series(1, 20) i;
SELECT count(*), bool_and(abs(sage_predict_row(u, 'lookup') - sage_predict(id, 'lookup')) < 1e-5) AS same FROM users u WHERE id <= 20;
-- two nodes of one key are an error on every path
\set VERBOSITY terse
INSERT INTO archive SELECT 6, 'c6', 1;
SELECT sage_predict_row(u, 'lookup') FROM users u WHERE code = 'c6' LIMIT 1;
\echo :LAST_ERROR_SQLSTATE
SELECT sage_predict(id, 'lookup') FROM users u WHERE code = 'c6' LIMIT 1;
\echo :LAST_ERROR_SQLSTATE

-- rows that come at the second reading only: what was read first counts
CREATE TABLE people (id int PRIMARY KEY, age float8);
CREATE TABLE follows (source int, target int);
CREATE INDEX ON follows (source, target);
CREATE INDEX ON follows (target, source);
INSERT INTO people SELECT i, i % 37 FROM generate_series(1, 300) i;
INSERT INTO follows SELECT i, 1 + i * 7 % 300 FROM generate_series(1, 300) i;
CREATE SEQUENCE readings;
CREATE VIEW some_people AS SELECT id, age FROM people WHERE id <= 100 OR (SELECT nextval('readings')) > 3;
SELECT sage_create_graph('view', 'some_people', 'follows', key => 'id');
SET statement_timeout = '60s';
SELECT count(*), max(node::int) AS last FROM sage_sample_negatives('view', edge_type => 'follows', nodes => ARRAY(SELECT generate_series(1, 300)::bigint), k => 2);
SELECT count(*), max(node::int) AS last FROM sage_sample_negatives('view', edge_type => 'follows', nodes => ARRAY(SELECT generate_series(1, 300)::bigint), k => 1, positives => ARRAY(SELECT generate_series(1, 300)::text));
RESET statement_timeout;

SELECT sage_detach('lookup', 'score');
SELECT sage_drop_model('lookup');
SELECT sage_drop_graph('lookup'), sage_drop_graph('view');
SET client_min_messages = warning;
DROP SCHEMA ambiguous_rows CASCADE;
