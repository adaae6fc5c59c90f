-- What each database needs from a superuser, once. Idempotent. The server must have been started with
-- shared_preload_libraries = 'pg_stat_statements'.
--
--   psql -d erp -f deploy/sql/database.sql
--
-- On a bare machine it is also run in template1, so that databases made from it (the tests') have it too.

\set ON_ERROR_STOP on

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- Who owns the schema may create in it, and nobody else. (template1 keeps pg_database_owner, which is
-- whoever owns the copy.)
SELECT 'ALTER SCHEMA public OWNER TO erp_owner' WHERE current_database() <> 'template1' \gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO erp_app, erp_backup;
