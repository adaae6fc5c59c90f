-- These messages, in short: by a cast, which leaves a short text alone where left() counts its letters.
SELECT x.id, x.sender_id, x.body::varchar({preview}), x.deleted_at
FROM messaging_message x
WHERE x.tenant_id = %(tenant)s AND x.id = ANY(%(messages)s::uuid[])
  AND x.id >= {since} AND x.id < {until}
