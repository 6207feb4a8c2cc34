-- Training in the background.

CREATE FUNCTION sage_train_async(
	model text,
	graph text DEFAULT NULL,
	target text DEFAULT NULL,
	labels text DEFAULT NULL,
	node_type text DEFAULT NULL,
	task text DEFAULT NULL,
	options jsonb DEFAULT '{}'
) RETURNS bigint
AS 'MODULE_PATHNAME', 'sage_train_async'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_train_async(text, text, text, text, text, text, jsonb)
	IS 'trains a model as sage_train does, in the background, once this transaction has committed: the number of the run';

CREATE FUNCTION sage_cancel(run bigint) RETURNS boolean
AS 'MODULE_PATHNAME', 'sage_cancel'
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_cancel(bigint) IS 'cancels a run, once this transaction has committed: false if it had ended';

CREATE FUNCTION sage_wait(run bigint, timeout interval DEFAULT NULL) RETURNS text
AS 'MODULE_PATHNAME', 'sage_wait'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_wait(bigint, interval) IS 'waits until a run ends, or for the timeout: its state';

CREATE FUNCTION sage_resume() RETURNS integer
AS 'MODULE_PATHNAME', 'sage_resume'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage_resume() IS 'starts workers for runs that wait or were interrupted: how many such runs there are';

CREATE FUNCTION sage.list_progress(OUT run bigint, OUT model text, OUT attempt integer, OUT pid integer, OUT phase text,
	OUT epoch integer, OUT epochs integer, OUT batch bigint, OUT batches bigint, OUT loss double precision,
	OUT metric text, OUT validation double precision, OUT rows_per_second double precision, OUT memory bigint,
	OUT seconds double precision, OUT seconds_left double precision) RETURNS SETOF record
AS 'MODULE_PATHNAME', 'sage_list_progress'
LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION sage.list_progress() IS 'what view sage.progress shows';

CREATE VIEW sage.progress WITH (security_barrier) AS SELECT * FROM sage.list_progress();
COMMENT ON VIEW sage.progress IS 'where your runs in the background stand; to be looked at with \watch';
COMMENT ON COLUMN sage.progress.run IS 'number of the run';
COMMENT ON COLUMN sage.progress.model IS 'model that is trained';
COMMENT ON COLUMN sage.progress.attempt IS 'how many times it was begun';
COMMENT ON COLUMN sage.progress.pid IS 'process that trains';
COMMENT ON COLUMN sage.progress.phase IS 'loading, training, evaluating, refit (once more with all labels), baseline or storing';
COMMENT ON COLUMN sage.progress.epoch IS 'pass over the training labels';
COMMENT ON COLUMN sage.progress.epochs IS 'passes at the most';
COMMENT ON COLUMN sage.progress.batch IS 'steps done in this epoch';
COMMENT ON COLUMN sage.progress.batches IS 'steps of an epoch';
COMMENT ON COLUMN sage.progress.loss IS 'mean training loss of the epoch so far';
COMMENT ON COLUMN sage.progress.metric IS 'metric that the next column is about';
COMMENT ON COLUMN sage.progress.validation IS 'the metric on the validation labels when last looked at';
COMMENT ON COLUMN sage.progress.rows_per_second IS 'labels trained on in a second';
COMMENT ON COLUMN sage.progress.memory IS 'bytes that the training holds';
COMMENT ON COLUMN sage.progress.seconds IS 'since it was begun, without interruptions';
COMMENT ON COLUMN sage.progress.seconds_left IS 'of this phase, at the most';
