-- A message for somebody who takes part in its thread and sees it; the message is locked, so that
-- its different emoji can be counted afterwards. NO KEY: rows that refer to it may be written.
SELECT m.thread_id, m.deleted_at IS NOT NULL
FROM messaging_message m
JOIN messaging_participant p ON p.tenant_id = m.tenant_id AND p.thread_id = m.thread_id
WHERE m.tenant_id = %(tenant)s AND m.id = %(message)s
  AND p.tenant_id = %(tenant)s AND p.user_id = %(user)s AND p.left_at IS NULL
  AND m.id > coalesce(p.sees_after_id, '00000000-0000-0000-0000-000000000000')
FOR NO KEY UPDATE OF m
