-- Where something was imported, inboxes ask the thread until its next message.
UPDATE messaging_participant p SET activity_id = NULL
WHERE p.tenant_id = %(tenant)s AND p.thread_id = ANY(%(threads)s::uuid[])
  AND p.activity_id IS NOT NULL
