-- A year of changes of one tenant, ten of each record, spread over the months that there are.
INSERT INTO audit_auditlog (id, tenant_id, "table", row_id, action, actor_id, session_id, address,
    request_id, operation, reason, database_user, old, new, mark)
SELECT r.id, r.tenant, r.tab, r.row, r.act, NULL, NULL, NULL, r.request, 'contact.update', 'bench',
    'erp_app', r.old, r.new,
    audit_mark(k.secret, audit_head(r.tab, r.act, 'erp_app', NULL, NULL, NULL, 'contact.update',
        r.request, 'bench'), r.id, r.tenant, r.row, r.old, r.new, NULL)
FROM (
    SELECT uuidv7(-(interval '80 days') * (1 - n::float8 / {rows})) AS id,
        '{tenant}'::uuid AS tenant, 'accounting_contact'::text AS tab,
        (left(replace(uuid7_floor(now() - interval '81 days')::text, '-', ''), 12)
            || right(md5((n % ({rows} / 10))::text), 20))::uuid AS row,
        'update'::text AS act, n::text AS request,
        jsonb_build_object('country', 'DE', 'version', n) AS old,
        jsonb_build_object('country', 'FR', 'version', n + 1) AS new
    FROM generate_series(1, {rows}) AS n
    OFFSET 0
) AS r, audit_key AS k
