-- A company's plan, and its events of the hours from `since` to before `until`: what is counted, and
-- what waits to be. Whoever counts moves it from one to the other in one transaction.
SELECT q.plan,
       (SELECT coalesce(sum(h.events), 0) FROM activity_usagehour h
        WHERE h.tenant_id = %(tenant)s AND h.starts_at >= %(since)s AND h.starts_at < %(until)s)
     + (SELECT coalesce(sum(a.events), 0) FROM activity_usagearrival a
        WHERE a.tenant_id = %(tenant)s AND a.starts_at >= %(since)s AND a.starts_at < %(until)s)
FROM (SELECT) one LEFT JOIN activity_usagequota q ON q.tenant_id = %(tenant)s
