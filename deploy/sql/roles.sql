-- The roles and the database. Run once by a superuser (or CREATEROLE + CREATEDB) on any PostgreSQL 18;
-- running it again changes nothing but the passwords:
--
--   psql -v owner_password=... -v app_password=... -v backup_password=... -v monitor_password=... \
--        -d postgres -f deploy/sql/roles.sql
--   psql -d erp -f deploy/sql/database.sql
--
-- erp_owner   owns the database and migrates it. Web and workers never see its password.
-- erp_app     runs web, workers and tests. Owns nothing and bypasses nothing: row-level security holds
--             for it whatever the code does. There are no default privileges: migrations grant table by
--             table, and never on a partition, which its parent's policy would not cover.
-- erp_backup  dumps all tenants, hence BYPASSRLS; it can only read.
-- erp_monitor reads the views v_* over the server's statistics and no table of ours; without a password
--             nobody logs in as it, and the console's page of the database says that it is not connected.

\set ON_ERROR_STOP on
\if :{?database} \else \set database erp \endif

SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY['erp_owner', 'erp_app', 'erp_backup', 'erp_monitor']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE erp_owner LOGIN NOSUPERUSER CREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
  PASSWORD :'owner_password';
ALTER ROLE erp_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS
  PASSWORD :'app_password';
ALTER ROLE erp_backup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS
  PASSWORD :'backup_password';
ALTER ROLE erp_monitor NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
\if :{?monitor_password}
  ALTER ROLE erp_monitor LOGIN PASSWORD :'monitor_password';
\endif

-- The limits of docs/contracts.md. A service may lower them for itself, a forgotten one still has these.
ALTER ROLE erp_app SET statement_timeout = '5s';
ALTER ROLE erp_app SET lock_timeout = '2s';
ALTER ROLE erp_app SET idle_in_transaction_session_timeout = '10s';
ALTER ROLE erp_app SET transaction_timeout = '15s';

GRANT pg_read_all_data TO erp_backup;
ALTER ROLE erp_backup SET default_transaction_read_only = on;

-- Statistics of other roles' sessions and statements. Who looks must not be in anybody's way.
GRANT pg_read_all_stats TO erp_monitor;
ALTER ROLE erp_monitor SET default_transaction_read_only = on;
ALTER ROLE erp_monitor SET statement_timeout = '3s';
ALTER ROLE erp_monitor SET lock_timeout = '500ms';
ALTER ROLE erp_monitor SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE erp_monitor SET transaction_timeout = '10s';

SELECT format('CREATE DATABASE %I OWNER erp_owner', :'database')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO erp_app, erp_backup, erp_monitor;
