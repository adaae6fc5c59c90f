SELECT s.id, s.tenant_id, s.user_id, s.access_expires_at, s.last_seen_at
FROM permissions_usersession s
JOIN permissions_user u ON u.id = s.user_id AND u.is_active
JOIN permissions_membership m
    ON m.user_id = s.user_id AND m.tenant_id = s.tenant_id AND m.is_active
JOIN tenancy_tenant t ON t.id = s.tenant_id AND t.is_active
WHERE s.access_hash = %s AND s.revoked_at IS NULL
