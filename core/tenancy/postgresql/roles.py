"""Which roles row-level security does not bind."""

#: True for a superuser, a role with BYPASSRLS, an owner of tables, or a member of any of those.
ROLE_QUERY = """
    SELECT rolsuper OR rolbypassrls
        OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = r.oid)
        OR EXISTS (
            SELECT 1 FROM pg_roles o
            WHERE o.rolname <> current_user
              AND (o.rolsuper OR o.rolbypassrls
                   OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = o.oid))
              AND pg_has_role(current_user, o.oid, 'MEMBER'))
    FROM pg_roles r WHERE rolname = current_user
"""
