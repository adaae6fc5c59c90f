-- Which of these tenants have something new between two positions. Global.
SELECT DISTINCT e.tenant_id FROM jobs_outboxevent e
WHERE e.position > %(after)s AND e.position <= %(until)s
  AND e.name = ANY(%(names)s) AND e.tenant_id = ANY(%(tenants)s::uuid[])
