-- A database of no encoding, whose bytes are no UTF-8.
CREATE DATABASE sage_no_encoding ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\set here :DBNAME
\c sage_no_encoding
SET client_min_messages = warning;
CREATE EXTENSION sage;
CREATE TABLE n AS SELECT i AS id, i % 2 = 0 AS y, convert_from(decode('636166e9', 'hex'), 'SQL_ASCII') || i % 3 AS drink, 'tea' || i % 3 AS other FROM generate_series(1, 200) i;
ALTER TABLE n ADD PRIMARY KEY (id);
CREATE TABLE e AS SELECT i AS source, 1 + i * 7 % 200 AS target FROM generate_series(1, 200) i;
CREATE INDEX ON e (source, target);
CREATE INDEX ON e (target, source);
SELECT sage_create_graph('all', 'n', 'e'), sage_create_graph('some', 'n', 'e', exclude => '{drink}');
SELECT version FROM sage_train('all', 'all', 'y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
SELECT version FROM sage_train('some', 'some', 'y', options => '{"epochs": 2, "quiet": true, "hidden": 8}');
\c :here
DROP DATABASE sage_no_encoding;
