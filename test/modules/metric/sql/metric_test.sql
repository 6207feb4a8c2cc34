-- Metrics of small inputs.  The expected numbers were worked out by hand, or
-- (where it says so) are those of scikit-learn.
\getenv abs_builddir PG_ABS_BUILDDIR
\getenv dlsuffix PG_DLSUFFIX
\set modfile :abs_builddir '/metric_test' :dlsuffix

CREATE FUNCTION metric_test(metric text, task text, nclasses int, scores real[], labels real[]) RETURNS float8
	AS :'modfile', 'metric_test' LANGUAGE C STRICT;
CREATE FUNCTION metric_test_about(metric text, task text) RETURNS text
	AS :'modfile', 'metric_test_about' LANGUAGE C STRICT;
CREATE FUNCTION metric_test_names() RETURNS text[] AS :'modfile', 'metric_test_names' LANGUAGE C;
CREATE FUNCTION near(x float8, y float8) RETURNS bool LANGUAGE SQL
	AS 'SELECT x IS NOT DISTINCT FROM y OR coalesce(abs(x - y) < 1e-9, false)';

-- what there is
SELECT metric_test_names();
SELECT metric, metric_test_about(metric, 'binary') AS "binary", metric_test_about(metric, 'multiclass') AS multiclass,
	metric_test_about(metric, 'multilabel') AS multilabel, metric_test_about(metric, 'regression') AS regression
	FROM unnest(metric_test_names()) AS metric;

-- rankings: perfect, reversed, one score for all, half of the pairs tied,
-- and where the positives are 1st and 3rd of four
SELECT "case", near(metric_test('auroc', 'binary', 0, scores, labels), auroc) AS auroc,
	near(metric_test('ap', 'binary', 0, scores, labels), ap) AS ap
	FROM (VALUES
		('perfect', '{.1,.2,.8,.9}'::real[], '{0,0,1,1}'::real[], 1, 1::float8),
		('reversed', '{.9,.8,.2,.1}', '{0,0,1,1}', 0, (1/3. + 2/4.) / 2),
		('constant', '{.5,.5,.5,.5}', '{0,1,0,0}', .5, .25),
		('ties', '{.2,.5,.5,.7}', '{0,0,1,1}', 3.5 / 4, 1/2. + 2/3. / 2),
		('first and third', '{.9,.8,.7,.6}', '{1,0,1,0}', 3 / 4., (1 + 2/3.) / 2),
		('infinite scores', '{-Infinity,Infinity,0,Infinity}', '{0,1,0,1}', 1, 1),
		('zeros of both signs', '{-0,0}', '{0,1}', .5, .5),
		('all positive', '{.1,.2}', '{1,1}', NULL, NULL),
		('all negative', '{.1,.2}', '{0,0}', NULL, NULL),
		('NaN', '{NaN,.2}', '{0,1}', NULL, NULL),
		('no rows', '{}', '{}', NULL, NULL)
	) AS t ("case", scores, labels, auroc, ap);

-- rankings do not depend on the order of the rows
SELECT count(DISTINCT metric_test('auroc', 'binary', 0, scores, labels)) AS auroc,
	count(DISTINCT metric_test('ap', 'binary', 0, scores, labels)) AS ap
	FROM (SELECT array_agg((i % 7)::real ORDER BY i * k % 101) AS scores,
			array_agg((i % 3 = 0)::int::real ORDER BY i * k % 101) AS labels
		FROM generate_series(1, 100) AS i, generate_series(1, 20) AS k GROUP BY k) AS t;

-- thresholds: one half itself is positive; TP 2, FP 1, FN 1, TN 1
SELECT near(metric_test('f1', 'binary', 0, scores, labels), 4 / 6.) AS f1,
	near(metric_test('accuracy', 'binary', 0, scores, labels), 3 / 5.) AS accuracy
	FROM (VALUES ('{.5,.9,.6,.4999,.1}'::real[], '{1,1,0,1,0}'::real[])) AS t (scores, labels);
SELECT metric_test('f1', 'binary', 0, '{.1,.2}', '{0,0}') AS f1_of_nothing,
	metric_test('f1', 'binary', 0, '{.9,.2}', '{0,1}') AS f1_all_wrong;

-- classes: the first of equal scores is predicted, so 0, 1, 0, 2 for 0, 1, 1, 2;
-- a fourth class that never occurs counts as 0
SELECT near(metric_test('accuracy', 'multiclass', 3, scores, labels), 3 / 4.) AS accuracy,
	near(metric_test('macro_f1', 'multiclass', 3, scores, labels), (2/3. + 2/3. + 1) / 3) AS macro_f1
	FROM (VALUES ('{{.5,.3,.2},{.2,.5,.3},{.4,.4,.2},{.1,.2,.7}}'::real[], '{0,1,1,2}'::real[])) AS t (scores, labels);
SELECT near(metric_test('macro_f1', 'multiclass', 4, '{{1,0,0,0},{0,1,0,0},{0,0,1,0}}', '{0,1,2}'), 3 / 4.) AS macro_f1;

-- several labels: pooled TP 2, FP 1, FN 1; by column F1 1, 0 and 2/3
SELECT near(metric_test('f1', 'multilabel', 3, scores, labels), 4 / 6.) AS f1,
	near(metric_test('macro_f1', 'multilabel', 3, scores, labels), (1 + 0 + 2/3.) / 3) AS macro_f1
	FROM (VALUES ('{{.9,.1,.5},{.1,.1,.9}}'::real[], '{{1,0,1},{0,1,0}}'::real[])) AS t (scores, labels)
UNION ALL
SELECT near(metric_test('f1', 'multilabel', 2, '{{.9,.1},{.6,.2}}', '{{1,0},{0,1}}'), 2 / 4.),
	near(metric_test('macro_f1', 'multilabel', 2, '{{.9,.1},{.6,.2}}', '{{1,0},{0,1}}'), (2/3. + 0) / 2);

-- a class without positives is left out of the mean of rankings
SELECT near(metric_test('auroc', 'multilabel', 2, '{{.9,.1},{.6,.2},{.7,.3}}', '{{1,0},{0,0},{1,0}}'), 1) AS auroc,
	metric_test('ap', 'multilabel', 1, '{{.9},{.6}}', '{{0},{0}}') IS NULL AS ap;

-- log loss: certain and wrong is clipped
SELECT near(metric_test('log_loss', 'binary', 0, '{.5,.25}', '{1,0}'), -(ln(.5) + ln(.75)) / 2) AS "binary",
	near(metric_test('log_loss', 'binary', 0, '{0,1}', '{1,1}'), -(ln(1e-7) + ln(1 - 1e-7)) / 2) AS clipped,
	near(metric_test('log_loss', 'multiclass', 3, '{{.5,.25,.25},{.25,.25,.5}}', '{0,1}'), -(ln(.5) + ln(.25)) / 2) AS multiclass,
	near(metric_test('log_loss', 'multilabel', 2, '{{.5,.25},{.75,.5}}', '{{1,0},{0,1}}'),
		-(ln(.5) + ln(.75) + ln(.25) + ln(.5)) / 4) AS multilabel;

-- values: errors -.5, .5, 0, 1; the labels' mean is 2.875
SELECT near(metric_test('mae', 'regression', 0, scores, labels), .5) AS mae,
	near(metric_test('rmse', 'regression', 0, scores, labels), sqrt(1.5 / 4)) AS rmse,
	near(metric_test('r2', 'regression', 0, scores, labels), 1 - 1.5 / 29.1875) AS r2,
	metric_test('r2', 'regression', 0, '{1,2}', '{3,3}') IS NULL AS r2_of_constant,
	metric_test('mae', 'regression', 0, '{}', '{}') IS NULL AS mae_of_nothing,
	metric_test('rmse', 'regression', 0, '{NaN}', '{1}') IS NULL AS rmse_of_nan
	FROM (VALUES ('{2.5,0,2,8}'::real[], '{3,-.5,2,7}'::real[])) AS t (scores, labels);

-- scikit-learn 1.9
SELECT metric, near(metric_test(metric, 'binary', 0, '{.1,.4,.4,.4,.8,.8,.35,.9,.5,.5,.2,.7}', '{0,0,1,1,1,0,0,1,1,0,0,1}'), expected) AS "binary"
	FROM (VALUES ('auroc', 0.7777777777777778), ('ap', 0.736111111111111), ('f1', 0.6666666666666666),
		('accuracy', 0.6666666666666666), ('log_loss', 0.5653004516342253)) AS t (metric, expected);
SELECT metric, near(metric_test(metric, 'multiclass', 3,
		'{.5,.3,.2, .2,.5,.3, .4,.4,.2, .1,.2,.7, .3,.3,.4, .6,.2,.2, .25,.5,.25}', '{0,1,1,2,0,2,1}'), expected) AS multiclass
	FROM (VALUES ('auroc', 0.7666666666666666), ('ap', 0.7142857142857143), ('accuracy', 0.5714285714285714),
		('macro_f1', 0.5666666666666668), ('log_loss', 0.8808311259634153)) AS t (metric, expected);
SELECT metric, near(metric_test(metric, 'multilabel', 3,
		'{.9,.2,.5, .4,.6,.5, .7,.7,.1, .3,.4,.8}', '{1,0,1, 0,1,0, 1,0,0, 0,1,1}'), expected) AS multilabel
	FROM (VALUES ('auroc', 0.7916666666666666), ('ap', 0.8055555555555555), ('f1', 0.7692307692307693),
		('macro_f1', 0.7666666666666666), ('log_loss', 0.49154726110534613)) AS t (metric, expected);

DROP FUNCTION metric_test(text, text, int, real[], real[]), metric_test_about(text, text), metric_test_names(), near(float8, float8);
