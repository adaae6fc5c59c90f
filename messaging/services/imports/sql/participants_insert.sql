-- Whoever spoke, read or reacted takes part. Those who do already are asked for first, because
-- the table's guard would look at each of them.
INSERT INTO messaging_participant
    (tenant_id, id, thread_id, user_id, role, joined_at, left_at, is_muted)
SELECT %(tenant)s, r.id, r.thread_id, r.user_id, 'member', r.joined_at, %(left)s::timestamptz, false
FROM unnest(%(ids)s::uuid[], %(threads)s::uuid[], %(users)s::uuid[], %(joined)s::timestamptz[])
    AS r(id, thread_id, user_id, joined_at)
WHERE NOT EXISTS (
    SELECT FROM messaging_participant p
    WHERE p.tenant_id = %(tenant)s AND p.thread_id = r.thread_id AND p.user_id = r.user_id)
ON CONFLICT DO NOTHING
