-- A page of the threads that somebody takes part in, by their last message. His places are in the
-- order of their activity, which is less than {slack} older than that: so beyond the last row of a page
-- whatever is nearer than that may belong on it. Those whose activity is not known are asked for.
(SELECT {thread}, t.last_message_id AS activity, {facts}
 FROM messaging_participant p
 JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
 WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
   AND p.left_at IS NULL AND p.activity_id < %(before)s::uuid
   AND t.last_message_id < %(before)s::uuid
   AND p.activity_id >= greatest((
       SELECT uuid7_floor(uuid_extract_timestamp(last.activity_id) - interval '{slack}')
       FROM (
           SELECT e.activity_id FROM messaging_participant e
           WHERE e.tenant_id = %(tenant)s AND e.user_id = %(reader)s AND e.left_at IS NULL
             AND e.activity_id < %(surely_before)s::uuid
           ORDER BY e.activity_id DESC
           OFFSET {rows} - 1 LIMIT 1
       ) last
   ), '00000000-0000-0000-0000-000000000000')
 ORDER BY t.last_message_id DESC
 LIMIT {rows})
UNION ALL
(SELECT {thread}, coalesce(t.last_message_id, t.id) AS activity, {facts}
 FROM messaging_participant p
 JOIN messaging_thread t ON t.tenant_id = p.tenant_id AND t.id = p.thread_id
 WHERE p.tenant_id = %(tenant)s AND t.tenant_id = %(tenant)s AND p.user_id = %(reader)s
   AND p.left_at IS NULL AND p.activity_id IS NULL
   AND coalesce(t.last_message_id, t.id) < %(before)s::uuid
 ORDER BY activity DESC
 LIMIT {rows})
ORDER BY activity DESC
LIMIT {rows}
