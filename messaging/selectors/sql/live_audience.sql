-- Who of %(users)s takes or took part in these threads; guests only where it is external.
-- A statement of its own: joined to the events, one wrong guess of the planner took seconds.
SELECT p.thread_id, p.user_id, p.left_at, p.sees_after_id
FROM messaging_participant p
WHERE p.tenant_id = %(tenant)s AND p.thread_id = ANY(%(threads)s::uuid[])
  AND p.user_id = ANY(%(users)s::uuid[])
  AND (p.role <> 'guest' OR EXISTS (
      SELECT FROM messaging_thread t
      WHERE t.tenant_id = %(tenant)s AND t.id = p.thread_id AND t.visibility = 'external'))
