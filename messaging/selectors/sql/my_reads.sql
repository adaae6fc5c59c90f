-- What somebody has read before a message, the newest message first; nobody reads one twice.
SELECT r.id, r.message_id, r.read_at
FROM messaging_messageread r
WHERE r.tenant_id = %(tenant)s AND r.user_id = %(reader)s AND r.message_id < %(before)s::uuid
  AND r.message_id >= {since} AND r.message_id < {until}
ORDER BY r.message_id DESC
LIMIT {rows}
