-- A page of a thread, newest first, before the message that is given, with who may see it: no
-- row at all where the reader does not take part, one empty row where there is nothing more.
-- The messages are those of message_month.sql, month by month; `is_whole` where the thread has none
-- before them: it began later, and nothing was imported into it. What one does not see is left out of
-- what was found, not of what is looked for: PostgreSQL takes a bound that it does not know for one
-- that leaves hardly anything, and then reads a month to sort it.
SELECT m.id, m.thread_id, m.sender_id, u.name, m.body, m.reply_to_id, m.attachments,
       m.edited_at, m.deleted_at, t.id >= {since} AND t.counted_from_id IS NULL AS is_whole
FROM messaging_participant p
JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
LEFT JOIN LATERAL (
    SELECT * FROM ({messages}) found
    ORDER BY id DESC
    LIMIT {rows}
) m ON m.id > greatest(p.sees_after_id, '00000000-0000-0000-0000-000000000000')
LEFT JOIN permissions_user u ON u.id = m.sender_id
WHERE p.tenant_id = %(tenant)s AND p.thread_id = %(thread)s AND p.user_id = %(reader)s
  AND p.left_at IS NULL AND t.tenant_id = %(tenant)s AND t.id = %(thread)s
ORDER BY m.id DESC
