INSERT INTO messaging_messagereaction (tenant_id, id, message_id, user_id, emoji, reacted_at)
SELECT %(tenant)s, r.id, r.message_id, r.user_id, r.emoji, r.reacted_at
FROM unnest(%(ids)s::uuid[], %(messages)s::uuid[], %(users)s::uuid[], %(emoji)s::text[],
            %(at)s::timestamptz[])
    AS r(id, message_id, user_id, emoji, reacted_at)
ON CONFLICT DO NOTHING
