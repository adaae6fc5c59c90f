-- These messages, in short.
SELECT x.id, x.sender_id, left(x.body, {preview}), x.deleted_at
FROM messaging_message x
WHERE x.tenant_id = %(tenant)s AND x.id = ANY(%(messages)s::uuid[])
  AND x.id >= {since} AND x.id < {until}
