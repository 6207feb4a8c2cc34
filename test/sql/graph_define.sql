-- Graph definitions: what is found out by itself, and what the views show.
CREATE SCHEMA graph_define;
SET search_path = graph_define, public;

-- one table of nodes, one of edges: keys and ends come from the constraints
CREATE TABLE users (id bigint PRIMARY KEY, age int, churned bool, joined timestamptz);
CREATE TABLE follows (
	follower bigint REFERENCES users,
	followee bigint REFERENCES users,
	since timestamptz,
	strength real,
	PRIMARY KEY (follower, followee)
);
CREATE INDEX ON follows (followee, follower);

SELECT sage_create_graph('social', nodes => 'users', edges => 'follows');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
SELECT * FROM sage.node_types;
SELECT * FROM sage.edge_types;

-- the tables are not touched by dropping the graph
SELECT sage_drop_graph('social');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
SELECT * FROM sage.node_types;
SELECT * FROM sage.edge_types;
SELECT count(*) FROM users;

-- everything said by hand, target before source
SELECT sage_create_graph('social', 'users', 'follows', key => 'id', source => 'followee', target => 'follower',
	features => '{age,joined}', exclude => '{churned}', time_column => 'joined', edge_time_column => 'since',
	weight_column => 'strength', direction => 'both');
SELECT * FROM sage.node_types;
SELECT * FROM sage.edge_types;
SELECT sage_drop_graph('social');

-- an empty graph, and several types: an edge table between two types gives two relations
CREATE TABLE items (sku text PRIMARY KEY, price numeric);
CREATE TABLE buys (
	id bigserial PRIMARY KEY,
	item text REFERENCES items,
	buyer bigint REFERENCES users,
	at timestamptz
);
CREATE INDEX ON buys (item, buyer);
CREATE INDEX ON buys (buyer, item);

SELECT sage_create_graph('shop');
SELECT sage_add_nodes('shop', 'users');
SELECT sage_add_nodes('shop', 'items', node_type => 'article');
SELECT sage_add_edges('shop', 'follows');
SELECT sage_add_edges('shop', 'buys');
SELECT sage_add_edges('shop', 'buys', edge_type => 'bought', source => 'buyer', target => 'item', direction => 'forward');
-- the rows of a table that is both: each purchase is linked to its buyer
SELECT sage_add_nodes('shop', 'buys');
SELECT sage_add_edges('shop', 'buys', 'purchase_of', source => 'id', target => 'buyer');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
SELECT * FROM sage.node_types;
SELECT * FROM sage.edge_types;
SELECT sage_drop_graph('shop');

-- names decide where constraints do not
CREATE TABLE pages (id int PRIMARY KEY);
CREATE TABLE n1 (source int, target int, note text);
CREATE TABLE n2 (dst int, src int);
CREATE TABLE n3 (to_page int, at date, from_page int);
CREATE TABLE n4 ("Target" int, "SOURCE" int);
-- two foreign keys: names first, then the order of the columns
CREATE TABLE n5 (to_page int REFERENCES pages, from_page int REFERENCES pages);
CREATE TABLE n6 (target int REFERENCES pages, page int REFERENCES pages);
CREATE TABLE n7 (b int REFERENCES pages, a int REFERENCES pages, source int);
-- more foreign keys than ends
CREATE TABLE n8 (made_by int REFERENCES pages, dst int REFERENCES pages, src int REFERENCES pages);
-- one end by its constraint, the other by its name
CREATE TABLE n9 (page int REFERENCES pages, target int);
CREATE TABLE n10 (page int REFERENCES pages, source int);
-- one end given, the other found
CREATE TABLE n11 (a int, b int REFERENCES pages, c int);
CREATE TABLE n12 (a int REFERENCES pages, b int REFERENCES pages);

SET client_min_messages = error;	-- indexes are another test's
SELECT sage_create_graph('web', nodes => 'pages');
DO $$
BEGIN
	FOR i IN 1..10 LOOP
		PERFORM sage_add_edges('web', ('n' || i)::regclass);
	END LOOP;
END $$;
SELECT sage_add_edges('web', 'n11', source => 'a');
SELECT sage_add_edges('web', 'n11', edge_type => 'n11_rev', target => 'c');
SELECT sage_add_edges('web', 'n12', source => 'b');
RESET client_min_messages;
SELECT edge_type, source_column, target_column FROM sage.edge_types;
SELECT sage_drop_graph('web');

-- directions and the relations that follow
SET client_min_messages = error;
SELECT sage_create_graph('g', 'pages', 'n1', direction => NULL);
SELECT sage_add_edges('g', 'n1', 'forward_edges', direction => 'forward');
SELECT sage_add_edges('g', 'n1', 'both_edges', direction => 'both');
SELECT sage_add_edges('g', 'n1', 'undirected_edges', direction => 'undirected');
RESET client_min_messages;
SELECT edge_type, direction, relations FROM sage.edge_types;
SELECT sage_drop_graph('g');

-- one table twice
SELECT sage_create_graph('g', 'pages');
SELECT sage_add_nodes('g', 'pages', node_type => 'again');
SELECT sage_add_edges('g', 'n5', source_type => 'pages', target_type => 'again');
SELECT edge_type, source_column, source_type, target_column, target_type, relations FROM sage.edge_types;
SELECT sage_drop_graph('g');

-- types without a time are always visible, which is said once for each
CREATE TABLE visits (source int, target int, at timestamp);
CREATE INDEX ON visits (source, target);
CREATE INDEX ON visits (target, source);
SELECT sage_create_graph('g', 'pages', 'visits');
SELECT sage_drop_graph('g');
SELECT sage_create_graph('g', 'pages', 'visits', edge_time_column => 'at');
SELECT sage_add_nodes('g', 'users', time_column => 'joined');
SELECT sage_add_nodes('g', 'items');
SELECT sage_add_edges('g', 'follows', time_column => 'since');
SELECT sage_add_edges('g', 'visits', 'visits_timeless', source_type => 'pages', target_type => 'pages');
SELECT sage_drop_graph('g');
SELECT sage_create_graph('g', 'pages');
SELECT sage_add_nodes('g', 'items');
SELECT sage_add_nodes('g', 'users', time_column => 'joined');
SELECT sage_drop_graph('g');

-- types of time and weight columns
CREATE TABLE times (
	source int, target int,
	a timestamptz, b timestamp, c date, d int, e bigint,
	v smallint, w int, x bigint, y numeric(5,2), z double precision
);
CREATE INDEX ON times (source, target);
CREATE INDEX ON times (target, source);
SET client_min_messages = warning;
SELECT sage_create_graph('g', 'pages');
SELECT sage_add_edges('g', 'times', 't' || t || w, time_column => t, weight_column => w)
	FROM unnest('{a,b,c,d,e}'::text[], '{v,w,x,y,z}'::text[]) AS u(t, w);
SELECT edge_type, time_column, weight_column FROM sage.edge_types;
SELECT sage_drop_graph('g');
RESET client_min_messages;

-- several steps in one statement, and a rollback
SELECT sage_create_graph('g'), sage_add_nodes('g', 'users'), sage_add_edges('g', 'follows');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
BEGIN;
SELECT sage_add_nodes('g', 'items');
SELECT sage_drop_graph('g');
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
ROLLBACK;
SELECT graph, owner = current_user AS mine, node_types, edge_types FROM sage.graphs;
SELECT sage_drop_graph('g');

SET client_min_messages = warning;
DROP SCHEMA graph_define CASCADE;
