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
GRANT USAGE ON SCHEMA public TO erp_app, erp_backup, erp_monitor;

-- How wide columns are on average, without which an index's bloat cannot be estimated; not what is in them.
GRANT SELECT (starelid, staattnum, stainherit, stanullfrac, stawidth) ON pg_catalog.pg_statistic TO erp_monitor;
GRANT EXECUTE ON FUNCTION pg_stat_statements_reset(oid, oid, bigint, boolean) TO erp_monitor;
-- `migrate` grants what it makes, unless the role is younger than the views.
SELECT format('GRANT SELECT ON %I TO erp_monitor', relname)
  FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'v' AND relname ~ '^v_' \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO erp_monitor', oid::regprocedure)
  FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname ~ '^monitor_' \gexec
