-- Lets GIN indexes serve searches under row-level security. Run by a superuser, once per database:
--
--   psql -d erp -f deploy/sql/leakproof.sql
--
-- Under a policy PostgreSQL evaluates a condition before the policy, and so inside an index, only if its
-- function is marked LEAKPROOF: one that cannot reveal a row's content through an error or a side effect.
-- `tsvector @@ tsquery`, `jsonb @> jsonb` and `text ILIKE text` are not marked, so without this file a
-- search reads every message or subject of the tenant (the answers are the same).
--
-- The risk: the mark is our promise, not PostgreSQL's. None of the functions raises an error that depends on the
-- stored value (a malformed argument fails while it is parsed), but they were not audited for it, and
-- time remains a channel, as it does with every index. The mark lives in this database's catalogue, is
-- not dumped, and is taken back with NOT LEAKPROOF.

\set ON_ERROR_STOP on

ALTER FUNCTION pg_catalog.ts_match_vq(tsvector, tsquery) LEAKPROOF;
ALTER FUNCTION pg_catalog.jsonb_contains(jsonb, jsonb) LEAKPROOF;
ALTER FUNCTION pg_catalog.texticlike(text, text) LEAKPROOF;
