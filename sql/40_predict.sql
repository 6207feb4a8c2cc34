-- Scoring.

CREATE FUNCTION sage_predict(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict(bigint, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one';

CREATE FUNCTION sage_predict(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict(text, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one';

CREATE FUNCTION sage_predict(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict(uuid, text, timestamptz, text) IS 'the score of a node: a probability, or the predicted value; without model: sage.default_model, else your only own one';

CREATE FUNCTION sage_predict(nodes bigint[], model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'sage_predict_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict(bigint[], text, timestamptz, text) IS 'the score of each node: a probability, or the predicted value';

CREATE FUNCTION sage_predict(nodes text[], model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'sage_predict_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict(text[], text, timestamptz, text) IS 'the score of each node: a probability, or the predicted value';

CREATE FUNCTION sage_predict(nodes uuid[], model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'sage_predict_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict(uuid[], text, timestamptz, text) IS 'the score of each node: a probability, or the predicted value';

CREATE FUNCTION sage_predict_label(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_predict_label_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_label(bigint, text, timestamptz) IS 'the predicted class of a node';

CREATE FUNCTION sage_predict_label(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_predict_label_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_label(text, text, timestamptz) IS 'the predicted class of a node';

CREATE FUNCTION sage_predict_label(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_predict_label_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_label(uuid, text, timestamptz) IS 'the predicted class of a node';

CREATE FUNCTION sage_predict_label(nodes bigint[], model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_predict_label_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict_label(bigint[], text, timestamptz) IS 'the predicted class of each node';

CREATE FUNCTION sage_predict_label(nodes text[], model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_predict_label_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict_label(text[], text, timestamptz) IS 'the predicted class of each node';

CREATE FUNCTION sage_predict_label(nodes uuid[], model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS text[]
AS 'MODULE_PATHNAME', 'sage_predict_label_array'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION sage_predict_label(uuid[], text, timestamptz) IS 'the predicted class of each node';

CREATE FUNCTION sage_predict_proba(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_predict_proba_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_proba(bigint, text, timestamptz) IS 'the probabilities of all classes, in the order of sage_classes';

CREATE FUNCTION sage_predict_proba(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_predict_proba_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_proba(text, text, timestamptz) IS 'the probabilities of all classes, in the order of sage_classes';

CREATE FUNCTION sage_predict_proba(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_predict_proba_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_proba(uuid, text, timestamptz) IS 'the probabilities of all classes, in the order of sage_classes';

CREATE FUNCTION sage_embed(node bigint, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_embed_int'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_embed(bigint, text, timestamptz) IS 'the embedding of a node: its last hidden state';

CREATE FUNCTION sage_embed(node text, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_embed_text'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_embed(text, text, timestamptz) IS 'the embedding of a node: its last hidden state';

CREATE FUNCTION sage_embed(node uuid, model text DEFAULT NULL, at timestamptz DEFAULT NULL) RETURNS real[]
AS 'MODULE_PATHNAME', 'sage_embed_uuid'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_embed(uuid, text, timestamptz) IS 'the embedding of a node: its last hidden state';

CREATE FUNCTION sage_predict_row(node_row record, model text DEFAULT NULL, at timestamptz DEFAULT NULL, class text DEFAULT NULL) RETURNS double precision
AS 'MODULE_PATHNAME', 'sage_predict_row'
LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000;
COMMENT ON FUNCTION sage_predict_row(record, text, timestamptz, text)
	IS 'the score of a row value that need not be in the table, with the edges that name its key and those that its foreign keys are';

CREATE FUNCTION sage_evaluate(model text DEFAULT NULL, labels text DEFAULT NULL)
RETURNS TABLE (metric text, value double precision)
AS 'MODULE_PATHNAME', 'sage_evaluate'
LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage_evaluate(text, text)
	IS 'all metrics of a model, on the labels of a query or on those that it was trained on';

CREATE FUNCTION sage.list_cache(OUT model text, OUT rows bigint, OUT bytes bigint, OUT reads bigint, OUT reuses bigint)
AS 'MODULE_PATHNAME', 'sage_list_cache'
LANGUAGE C VOLATILE PARALLEL RESTRICTED;
COMMENT ON FUNCTION sage.list_cache() IS 'for view sage.cache';

CREATE VIEW sage.cache AS SELECT model, rows, bytes, reads, reuses FROM sage.list_cache();
COMMENT ON VIEW sage.cache IS 'what this session keeps for its next statements: scores of a whole table, or neighborhoods of nodes that were scored one by one';
COMMENT ON COLUMN sage.cache.model IS 'model that it is kept for; null: nothing is';
COMMENT ON COLUMN sage.cache.rows IS 'rows whose scores are kept; 0: none are, but neighborhoods';
COMMENT ON COLUMN sage.cache.bytes IS 'memory that it takes';
COMMENT ON COLUMN sage.cache.reads IS 'how many times a graph was read and scored as a whole in this session';
COMMENT ON COLUMN sage.cache.reuses IS 'how many times that was not necessary, because nothing had changed and scores were kept';
