INSERT INTO messaging_messageread (tenant_id, id, message_id, user_id, read_at)
SELECT %(tenant)s, r.id, r.message_id, r.user_id, r.read_at
FROM unnest(%(ids)s::uuid[], %(messages)s::uuid[], %(users)s::uuid[], %(at)s::timestamptz[])
    AS r(id, message_id, user_id, read_at)
ON CONFLICT DO NOTHING
