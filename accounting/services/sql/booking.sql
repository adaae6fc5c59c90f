-- Everything that a booking writes, in one statement: drafts, or what is posted at once, or drafts
-- of before that are posted now. The rows of a table come as one JSON value, because forty arrays
-- cost more to send than to insert. What has no rows is left out: an INSERT of nothing costs as
-- much as one of a row, with what its triggers do.
WITH
-- Lines first: the series is locked from taking a number until the commit, so what needs no number
-- is written before. Triggers and foreign keys look at all of it when the statement is over.
-- if document_lines
document_line AS (
    INSERT INTO accounting_documentline
        (tenant_id, id, document_id, position, item_code, description, quantity, unit_price,
         discount_percent, account_id, tax_id, tax_rate, tax_inclusive, net, tax_amount)
    SELECT %(tenant)s, l.id, l.document_id, l.position, l.item_code, l.description, l.quantity,
           l.unit_price, l.discount_percent, l.account_id, l.tax_id, l.tax_rate, l.tax_inclusive,
           l.net, l.tax_amount
    FROM json_to_recordset(%(document_lines)s::json) AS l(
        id uuid, document_id uuid, position smallint, item_code text, description text,
        quantity numeric, unit_price numeric, discount_percent numeric, account_id uuid,
        tax_id uuid, tax_rate numeric, tax_inclusive boolean, net numeric, tax_amount numeric)
    RETURNING 1
),
-- end
-- if journal_lines
journal_line AS (
    INSERT INTO accounting_journalline
        (tenant_id, id, journal_id, position, account_id, contact_id, effective_on, amount, memo)
    SELECT %(tenant)s, l.id, l.journal_id, l.position, l.account_id, l.contact_id, l.effective_on,
           l.amount, l.memo
    FROM json_to_recordset(%(journal_lines)s::json) AS l(
        id uuid, journal_id uuid, position smallint, account_id uuid, contact_id uuid,
        effective_on date, amount numeric, memo text)
    RETURNING 1
),
-- end
lines AS MATERIALIZED (
    SELECT 0
-- if document_lines
        + (SELECT count(*) FROM document_line)
-- end
-- if journal_lines
        + (SELECT count(*) FROM journal_line)
-- end
        AS rows
),
-- if postings
posting AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(postings)s::json) AS p(
        journal_id uuid, series_id uuid, document_id uuid, payment_id uuid, position integer)
),
taken AS (
    -- The trigger that posts moves the series on: it takes exactly these numbers, or refuses.
    SELECT s.id, s.prefix, s.digits, s.next_number AS first_number
    FROM accounting_series s
    WHERE s.tenant_id = %(tenant)s AND s.id = ANY(%(series)s::uuid[])
      AND (SELECT rows FROM lines) >= 0
    ORDER BY s.id
    FOR NO KEY UPDATE
),
numbered AS MATERIALIZED (
    SELECT n.*, n.prefix || lpad(n.sequence::text, greatest(n.digits, length(n.sequence::text)), '0')
               AS number, 'posted' AS state, %(now)s::timestamptz AS posted_at
    FROM (
        SELECT p.*, t.prefix, t.digits,
               (t.first_number
                + row_number() OVER (PARTITION BY p.series_id ORDER BY p.position) - 1)::integer
                   AS sequence
        FROM posting p JOIN taken t ON t.id = p.series_id
    ) n
),
-- end
-- if only_drafts
numbered AS (
    SELECT NULL::uuid AS journal_id, NULL::uuid AS series_id, NULL::uuid AS document_id,
           NULL::uuid AS payment_id, NULL::integer AS sequence, NULL::text AS number,
           NULL::text AS state, NULL::timestamptz AS posted_at
    WHERE false
),
-- end
-- if documents
document AS (
    INSERT INTO accounting_document
        (tenant_id, id, kind, state, contact_id, issued_on, due_on, currency, country, reference,
         narration, net, tax, total, allocated, corrects_id, created_at, version,
         journal_id, series_id, sequence, number, posted_at)
    SELECT %(tenant)s, d.id, d.kind, coalesce(n.state, 'draft'), d.contact_id, d.issued_on,
           d.due_on, d.currency, d.country, d.reference, d.narration, d.net, d.tax, d.net + d.tax,
           (d.net + d.tax) * 0, d.corrects_id, %(now)s, 1,
           n.journal_id, n.series_id, n.sequence, n.number, n.posted_at
    FROM json_to_recordset(%(documents)s::json) AS d(
        id uuid, kind text, contact_id uuid, issued_on date, due_on date, currency text,
        country text, reference text, narration text, net numeric, tax numeric, corrects_id uuid)
    LEFT JOIN numbered n ON n.document_id = d.id
),
-- end
-- if payments
payment AS (
    INSERT INTO accounting_payment
        (tenant_id, id, kind, state, contact_id, account_id, paid_on, currency, amount, allocated,
         reference, narration, created_at, version,
         journal_id, series_id, sequence, number, posted_at)
    SELECT %(tenant)s, p.id, p.kind, coalesce(n.state, 'draft'), p.contact_id, p.account_id,
           p.paid_on, p.currency, p.amount, p.amount * 0, p.reference, p.narration, %(now)s, 1,
           n.journal_id, n.series_id, n.sequence, n.number, n.posted_at
    FROM json_to_recordset(%(payments)s::json) AS p(
        id uuid, kind text, contact_id uuid, account_id uuid, paid_on date, currency text,
        amount numeric, reference text, narration text)
    LEFT JOIN numbered n ON n.payment_id = p.id
),
-- end
-- if journals
journal AS (
    INSERT INTO accounting_journal
        (tenant_id, id, state, effective_on, narration, reference, reverses_id, created_at, version,
         series_id, sequence, number, posted_at)
    SELECT %(tenant)s, j.id, coalesce(n.state, 'draft'), j.effective_on, j.narration, j.reference,
           j.reverses_id, %(now)s, 1, n.series_id, n.sequence, n.number, n.posted_at
    FROM json_to_recordset(%(journals)s::json) AS j(
        id uuid, effective_on date, narration text, reference text, reverses_id uuid)
    LEFT JOIN numbered n ON n.journal_id = j.id
),
-- end
-- Drafts of before. Their ids come as arrays as well: a join with JSON alone is planned blindly
-- and may read every document of the tenant.
-- if draft_documents
posted_document AS (
    UPDATE accounting_document d
    SET state = n.state, journal_id = n.journal_id, series_id = n.series_id,
        sequence = n.sequence, number = n.number, posted_at = n.posted_at, version = d.version + 1
    FROM numbered n
    WHERE d.tenant_id = %(tenant)s AND d.id = ANY(%(draft_documents)s::uuid[])
      AND d.id = n.document_id AND d.state = 'draft'
),
-- end
-- if draft_payments
posted_payment AS (
    UPDATE accounting_payment p
    SET state = n.state, journal_id = n.journal_id, series_id = n.series_id,
        sequence = n.sequence, number = n.number, posted_at = n.posted_at, version = p.version + 1
    FROM numbered n
    WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(draft_payments)s::uuid[])
      AND p.id = n.payment_id AND p.state = 'draft'
),
-- end
-- if draft_journals
posted_journal AS (
    UPDATE accounting_journal j
    SET state = n.state, series_id = n.series_id, sequence = n.sequence, number = n.number,
        posted_at = n.posted_at, version = j.version + 1
    FROM numbered n
    WHERE j.tenant_id = %(tenant)s AND j.id = ANY(%(draft_journals)s::uuid[])
      AND j.id = n.journal_id AND j.state = 'draft'
),
-- end
-- if events
event AS (
    INSERT INTO jobs_outboxevent (id, tenant_id, actor_id, request_id, name, payload, created_at)
    SELECT e.id, %(tenant)s, %(actor)s, %(request_id)s, e.name, e.payload, %(now)s
    FROM json_to_recordset(%(events)s::json) AS e(id uuid, name text, payload jsonb)
),
-- end
written AS (SELECT 1)
SELECT journal_id, sequence, number FROM numbered
