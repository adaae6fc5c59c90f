-- The reader in a thread, locked, where the thread is, and whether he may move his cursor to this
-- message. The thread is not locked: its last message and its number were true together.
SELECT p.last_read_id, greatest(p.last_read_id, p.sees_after_id) AS after, t.last_message_id, t.sent,
       %(message)s::uuid IS NULL OR EXISTS (
           SELECT FROM messaging_message m
           WHERE m.tenant_id = %(tenant)s AND m.id = %(message)s::uuid AND m.thread_id = t.id
             AND m.id > greatest(p.sees_after_id, '00000000-0000-0000-0000-000000000000')) AS is_known
FROM messaging_participant p
JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
WHERE p.tenant_id = %(tenant)s AND p.thread_id = %(thread)s AND p.user_id = %(reader)s
  AND p.left_at IS NULL AND t.tenant_id = %(tenant)s
FOR NO KEY UPDATE OF p
