-- Everybody who was brought into these threads out of sight is in them now.
UPDATE messaging_participant SET left_at = NULL
WHERE tenant_id = %(tenant)s AND thread_id = ANY(%(threads)s::uuid[]) AND left_at = %(hidden)s
