-- One message for whoever may read it, and whether he is told what it said before.
SELECT m.id, m.thread_id, m.sender_id, u.name, m.body, m.reply_to_id, m.attachments,
       m.edited_at, m.deleted_at,
       m.edited_at IS NOT NULL AND m.deleted_at IS NULL
       OR m.deleted_at IS NOT NULL AND p.role = 'owner'
FROM messaging_message m
JOIN messaging_participant p ON p.tenant_id = m.tenant_id AND p.thread_id = m.thread_id
LEFT JOIN permissions_user u ON u.id = m.sender_id
WHERE m.tenant_id = %(tenant)s AND m.id = %(message)s AND m.id >= {since} AND m.id < {until}
  AND p.tenant_id = %(tenant)s AND p.user_id = %(reader)s AND p.left_at IS NULL
  AND m.id > greatest(p.sees_after_id, '00000000-0000-0000-0000-000000000000')
