-- Who a token stands for and what he may do, in one round trip.
--
-- Sessions, users and memberships are global; roles and grants are the tenant's
-- and hidden by row-level security until the tenant is known. So the function
-- finds the session, sets its tenant for this one statement, and reads the grants.
CREATE OR REPLACE FUNCTION permissions_authenticate(token_hash bytea, moment timestamptz)
RETURNS TABLE (session_id uuid, tenant_id uuid, user_id uuid, codes text[])
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found_session record;
    before text := coalesce(current_setting('app.tenant_id', true), '');
BEGIN
    SELECT s.id, s.tenant_id, s.user_id INTO found_session
    FROM permissions_usersession s
    JOIN permissions_user u ON u.id = s.user_id AND u.is_active
    JOIN permissions_membership m
        ON m.user_id = s.user_id AND m.tenant_id = s.tenant_id AND m.is_active
    JOIN tenancy_tenant t ON t.id = s.tenant_id AND t.is_active
    WHERE s.access_hash = token_hash
      AND s.access_expires_at > moment
      AND s.revoked_at IS NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    PERFORM set_config('app.tenant_id', found_session.tenant_id::text, true);
    -- A code that two roles grant comes twice; the caller makes a set of them.
    RETURN QUERY SELECT
        found_session.id, found_session.tenant_id, found_session.user_id,
        ARRAY(
            SELECT g.code::text
            FROM permissions_roleassignment a
            JOIN permissions_grant g
                ON g.tenant_id = a.tenant_id AND g.role_id = a.role_id
            WHERE a.tenant_id = found_session.tenant_id AND a.user_id = found_session.user_id
        );
    -- Called inside a transaction, it must not turn it into another tenant's.
    PERFORM set_config('app.tenant_id', before, true);
END
$$;
