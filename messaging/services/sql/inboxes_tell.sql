-- A thread comes up in the inboxes of those who take part, if they are few. It is locked by
-- `message_lock.sql`, so nobody joins meanwhile.
UPDATE messaging_participant p SET activity_id = %(message)s
WHERE p.tenant_id = %(tenant)s AND p.thread_id = %(thread)s AND p.left_at IS NULL
  AND (SELECT count(*) FROM (
           SELECT FROM messaging_participant o
           WHERE o.tenant_id = %(tenant)s AND o.thread_id = %(thread)s AND o.left_at IS NULL
           LIMIT {told} + 1
       ) few) <= {told}
