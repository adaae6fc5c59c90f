-- Take numbers, post what they number, announce it: one statement, and the last one,
-- because the series stays locked until the commit. The ids come as arrays as well: a join
-- with JSON alone is planned blindly and may read every document of the tenant.
WITH posting AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(postings)s::json) AS p(
        journal_id uuid, series_id uuid, document_id uuid, payment_id uuid, position integer)
),
taken AS (
    UPDATE accounting_series s
    SET next_number = s.next_number + wanted.numbers
    FROM (SELECT series_id, count(*)::integer AS numbers FROM posting GROUP BY series_id) wanted
    WHERE s.tenant_id = %(tenant)s AND s.id = wanted.series_id
    RETURNING s.id, s.prefix, s.digits, s.next_number - wanted.numbers AS first_number
),
numbered AS MATERIALIZED (
    SELECT n.*, n.prefix || lpad(n.sequence::text, greatest(n.digits, length(n.sequence::text)), '0')
               AS number
    FROM (
        SELECT p.*, t.prefix, t.digits,
               (t.first_number
                + row_number() OVER (PARTITION BY p.series_id ORDER BY p.position) - 1)::integer
                   AS sequence
        FROM posting p JOIN taken t ON t.id = p.series_id
    ) n
),
-- if documents
document AS (
    UPDATE accounting_document d
    SET state = 'posted', journal_id = n.journal_id, series_id = n.series_id,
        sequence = n.sequence, number = n.number, posted_at = %(now)s, version = d.version + 1
    FROM numbered n
    WHERE d.tenant_id = %(tenant)s AND d.id = ANY(%(documents)s::uuid[])
      AND d.id = n.document_id AND d.state = 'draft'
),
-- end
-- if payments
payment AS (
    UPDATE accounting_payment p
    SET state = 'posted', journal_id = n.journal_id, series_id = n.series_id,
        sequence = n.sequence, number = n.number, posted_at = %(now)s, version = p.version + 1
    FROM numbered n
    WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(payments)s::uuid[])
      AND p.id = n.payment_id AND p.state = 'draft'
),
-- end
event AS (
    INSERT INTO jobs_outboxevent (id, tenant_id, actor_id, request_id, name, payload, created_at)
    SELECT e.id, %(tenant)s, %(actor)s, %(request_id)s, e.name, e.payload, %(now)s
    FROM json_to_recordset(%(events)s::json) AS e(id uuid, name text, payload jsonb)
)
UPDATE accounting_journal j
SET state = 'posted', series_id = n.series_id, sequence = n.sequence, number = n.number,
    posted_at = %(now)s, version = j.version + 1
FROM numbered n
WHERE j.tenant_id = %(tenant)s AND j.id = ANY(%(journals)s::uuid[])
  AND j.id = n.journal_id AND j.state = 'draft'
RETURNING j.id, n.sequence, n.number
