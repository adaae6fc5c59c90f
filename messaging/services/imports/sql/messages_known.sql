-- Ids of the threads' messages within the range that is to be written.
SELECT m.id FROM messaging_message m
WHERE m.tenant_id = %(tenant)s AND m.thread_id = ANY(%(threads)s::uuid[])
  AND m.id BETWEEN %(first)s AND %(last)s
