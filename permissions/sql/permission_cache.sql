-- What the cache of permissions falls back to while Redis is away: a table of the tenant.
--
-- A value is as good as the stamp it was computed under; every change of who may do
-- what raises the stamp in its own transaction. So a value that was computed before a
-- change and stored after it is never read.

-- The stamp of the transaction's tenant; 0 before the first change.
CREATE OR REPLACE FUNCTION permission_stamp() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce((
        SELECT s.stamp FROM permissions_permissionstamp s
        WHERE s.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid), 0)
$$;

CREATE OR REPLACE FUNCTION get_cached_permission(wanted text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT c.cache_value
    FROM permission_cache c
    WHERE c.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
      AND c.cache_key = wanted
      AND c.expires_at > statement_timestamp()
      AND c.stamp = permission_stamp()
$$;

-- `computed_under` is the stamp as it was before `value` was computed.
CREATE OR REPLACE FUNCTION set_cached_permission(
    wanted text, value jsonb, seconds integer, computed_under bigint DEFAULT permission_stamp())
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    INSERT INTO permission_cache (tenant_id, id, cache_key, cache_value, stamp, expires_at)
    VALUES (
        NULLIF(current_setting('app.tenant_id', true), '')::uuid, uuidv7(), wanted, value,
        computed_under, statement_timestamp() + make_interval(secs => seconds))
    ON CONFLICT (tenant_id, cache_key) DO UPDATE
    SET cache_value = EXCLUDED.cache_value, stamp = EXCLUDED.stamp,
        expires_at = EXCLUDED.expires_at
$$;

-- Of the transaction's tenant; returns how many there were. Beat visits every tenant.
CREATE OR REPLACE FUNCTION cleanup_expired_permission_cache() RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH gone AS (
        DELETE FROM permission_cache
        WHERE tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
          AND expires_at <= statement_timestamp()
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
