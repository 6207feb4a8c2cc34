-- From 0.1.0 to 0.2.0.  What this leaves is what the install script of 0.2.0
-- makes: test/t/015_upgrade.pl compares the two.

\echo Use "ALTER EXTENSION sage UPDATE" to load this file. \quit

COMMENT ON SCHEMA sage IS 'catalog and views of extension sage';

-- A run that was stopped is "canceled", as PostgreSQL writes it.
ALTER TABLE sage.run DROP CONSTRAINT run_state_check;
UPDATE sage.run SET state = 'canceled' WHERE state = 'cancelled';
ALTER TABLE sage.run ADD CONSTRAINT run_state_check
	CHECK (state IN ('queued', 'running', 'done', 'failed', 'canceled'));
COMMENT ON COLUMN sage.run.state IS 'queued, running, done, failed or canceled; running without a process is interrupted';
COMMENT ON COLUMN sage.runs.state IS 'queued, running, interrupted, done, failed or canceled';
