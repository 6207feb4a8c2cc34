SET client_min_messages = warning;
DROP SCHEMA sample_test CASCADE;
