-- Keeping scores.

CREATE FUNCTION sage_score() RETURNS trigger
AS 'MODULE_PATHNAME', 'sage_score'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_score()
	IS 'trigger function (model, score_column): fills the column, before or after; on an edge table it rescores the ends';

CREATE FUNCTION sage_attach(model text, score_column text, mode text DEFAULT 'before') RETURNS void
AS 'MODULE_PATHNAME', 'sage_attach'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_attach(text, text, text)
	IS 'creates the triggers that keep a column of scores up to date, on the node table and its edge tables';

CREATE FUNCTION sage_detach(model text, score_column text) RETURNS void
AS 'MODULE_PATHNAME', 'sage_detach'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_detach(text, text) IS 'drops the triggers that sage_attach made';
