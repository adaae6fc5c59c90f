-- The tables of a posting without what guards them: the same columns, keys and
-- indexes, but no row-level security, no triggers, no foreign keys, no checks.
-- Made from the product's own tables, so they follow every migration.
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.document (LIKE accounting_document INCLUDING INDEXES);
CREATE TABLE bench.documentline (LIKE accounting_documentline INCLUDING INDEXES);
CREATE TABLE bench.journal (LIKE accounting_journal INCLUDING INDEXES);
CREATE TABLE bench.journalline (LIKE accounting_journalline INCLUDING INDEXES);
CREATE TABLE bench.outbox (LIKE jobs_outboxevent INCLUDING INDEXES INCLUDING IDENTITY);
CREATE TABLE bench.audit (LIKE audit_auditlog INCLUDING INDEXES);
CREATE TABLE bench.accountday (LIKE accounting_accountday INCLUDING INDEXES) WITH (fillfactor = 70);
CREATE TABLE bench.accountmonth (LIKE accounting_accountmonth INCLUDING INDEXES)
    WITH (fillfactor = 50);
CREATE TABLE bench.series (LIKE accounting_series INCLUDING INDEXES) WITH (fillfactor = 50);
INSERT INTO bench.series SELECT * FROM accounting_series;
GRANT USAGE ON SCHEMA bench TO erp_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA bench TO erp_app;
