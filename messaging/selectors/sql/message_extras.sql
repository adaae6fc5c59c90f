-- Reactions by emoji, in the order in which they first came, and mentions of these messages.
(SELECT r.message_id, r.emoji, count(*), bool_or(r.user_id = %(reader)s), NULL::uuid,
        min(r.reacted_at) AS first_at, min(r.id::text) AS first_id
 FROM messaging_messagereaction r
 WHERE r.tenant_id = %(tenant)s AND r.message_id = ANY(%(messages)s::uuid[])
   AND r.message_id >= {since} AND r.message_id < {until}
 GROUP BY r.message_id, r.emoji)
UNION ALL
(SELECT n.message_id, NULL, NULL, NULL, n.user_id, NULL, n.id::text
 FROM messaging_mention n
 WHERE n.tenant_id = %(tenant)s AND n.message_id = ANY(%(messages)s::uuid[])
   AND n.message_id >= {since} AND n.message_id < {until})
ORDER BY first_at, first_id
