SET client_min_messages = warning;
DROP SCHEMA feature_test CASCADE;
