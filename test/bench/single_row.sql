\set id random(0, :nodes - 1)
SELECT sage_predict(:id::bigint, 'git_score');
