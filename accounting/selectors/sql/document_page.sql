-- A page of documents of one kind, newest first, after the place that is given ('infinity'
-- for the first page). Values come as text, exactly as JSON shows them: money keeps its
-- decimals, and nothing is parsed only to be printed again.
-- The limit is written in: with a parameter PostgreSQL prices the generic plan for a tenth
-- of all rows and plans each page anew.
-- Shape and order are those of `document_list`, which a test compares row by row.
SELECT d.id::text, d.kind,
       CASE WHEN d.state <> 'posted' THEN d.state
            WHEN d.allocated = d.total THEN 'paid'
            WHEN d.allocated <> 0 THEN 'part_paid'
            ELSE 'posted' END,
       d.number, d.contact_id::text, c.name, d.issued_on::text, d.due_on::text, d.currency,
       d.country, d.reference, d.narration, d.net::text, d.tax::text, d.total::text,
       d.allocated::text,
       (CASE WHEN d.state = 'posted' THEN d.total - d.allocated ELSE d.total * 0 END)::text,
       d.corrects_id::text,
       to_char(d.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       to_char(d.posted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
       d.version
FROM accounting_document d
JOIN accounting_contact c ON c.tenant_id = d.tenant_id AND c.id = d.contact_id
WHERE d.tenant_id = %(tenant)s AND d.kind = %(kind)s
  AND (d.issued_on, d.id) < (%(issued_on)s::date, %(id)s::uuid)
ORDER BY d.issued_on DESC, d.id DESC
LIMIT {rows}
