SELECT sum(i) FROM generate_series(1, 3000) AS i;
