-- What a user may do in a tenant, in one round trip: the codes that his active roles
-- grant, and the modules that the platform assigned to him.
CREATE OR REPLACE FUNCTION permissions_held_computed(person uuid) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_build_object(
        'codes', ARRAY(
            SELECT DISTINCT g.code::text
            FROM permissions_roleassignment a
            JOIN permissions_role r
                ON r.tenant_id = a.tenant_id AND r.id = a.role_id AND r.is_active
            JOIN permissions_grant g ON g.tenant_id = a.tenant_id AND g.role_id = a.role_id
            WHERE a.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
              AND a.user_id = person),
        'modules', ARRAY(
            SELECT x.module::text FROM permissions_moduleassignment x
            WHERE x.tenant_id = NULLIF(current_setting('app.tenant_id', true), '')::uuid
              AND x.user_id = person))
$$;

-- The same for a caller whose tenant is known from his session, but whose transaction
-- has not begun: grants are hidden by row-level security until the tenant is set, for
-- this one statement. Whether he may enter at all, and as what, is asked each time;
-- `remembered` takes the rest through permission_cache, for `seconds`.
CREATE OR REPLACE FUNCTION permissions_held(
    tenant uuid, person uuid, remembered boolean, seconds integer)
RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    before text := coalesce(current_setting('app.tenant_id', true), '');
    wanted text := 'held:' || person;
    computed_under bigint;
    entry jsonb;
    held jsonb;
BEGIN
    IF before <> '' AND before <> tenant::text THEN
        RAISE EXCEPTION 'The open transaction belongs to another tenant.';
    END IF;
    SELECT jsonb_build_object(
        'is_super_admin', m.is_super_admin, 'is_platform_admin', u.is_platform_admin)
    INTO entry
    FROM permissions_membership m
    JOIN permissions_user u ON u.id = m.user_id AND u.is_active
    JOIN tenancy_tenant t ON t.id = m.tenant_id AND t.is_active
    WHERE m.tenant_id = tenant AND m.user_id = person AND m.is_active;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM set_config('app.tenant_id', tenant::text, true);
    IF remembered THEN
        held := get_cached_permission(wanted);
        IF held IS NULL THEN
            computed_under := permission_stamp();
            held := permissions_held_computed(person);
            IF current_setting('transaction_read_only') = 'off' THEN
                PERFORM set_cached_permission(wanted, held, seconds, computed_under);
            END IF;
        END IF;
    ELSE
        held := permissions_held_computed(person);
    END IF;
    PERFORM set_config('app.tenant_id', before, true);
    RETURN held || entry;
END
$$;
