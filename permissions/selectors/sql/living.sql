-- Which of these logins are valid at a moment, and what each of their users may do.
-- The joins are those of `session.sql`; what is held is asked for once per user and tenant.
WITH living AS MATERIALIZED (
    SELECT s.access_hash, s.tenant_id, s.user_id
    FROM permissions_usersession s
    JOIN permissions_user u ON u.id = s.user_id AND u.is_active
    JOIN permissions_membership m
        ON m.user_id = s.user_id AND m.tenant_id = s.tenant_id AND m.is_active
    JOIN tenancy_tenant t ON t.id = s.tenant_id AND t.is_active
    WHERE s.access_hash = ANY(%(hashes)s) AND s.revoked_at IS NULL
      AND s.access_expires_at > %(moment)s
),
callers AS MATERIALIZED (SELECT DISTINCT tenant_id, user_id FROM living),
held AS MATERIALIZED (
    SELECT tenant_id, user_id, permissions_held(tenant_id, user_id, false, 0)::text AS codes
    FROM callers
)
SELECT l.access_hash, h.codes FROM living l JOIN held h USING (tenant_id, user_id)
