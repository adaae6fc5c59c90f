-- Drafts with their lines, in one statement. The rows of a table come as one JSON value,
-- because forty arrays cost more to send than to insert. What has no rows is left out: an INSERT
-- of nothing costs as much as one of a row, with what its triggers do.
WITH
-- if documents
document AS (
    INSERT INTO accounting_document
        (tenant_id, id, kind, state, contact_id, issued_on, due_on, currency, country, reference,
         narration, net, tax, total, allocated, corrects_id, created_at, version)
    SELECT %(tenant)s, d.id, d.kind, 'draft', d.contact_id, d.issued_on, d.due_on, d.currency,
           d.country, d.reference, d.narration, d.net, d.tax, d.net + d.tax, (d.net + d.tax) * 0,
           d.corrects_id, %(now)s, 1
    FROM json_to_recordset(%(documents)s::json) AS d(
        id uuid, kind text, contact_id uuid, issued_on date, due_on date, currency text,
        country text, reference text, narration text, net numeric, tax numeric, corrects_id uuid)
),
-- end
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
),
-- end
-- if payments
payment AS (
    INSERT INTO accounting_payment
        (tenant_id, id, kind, state, contact_id, account_id, paid_on, currency, amount, allocated,
         reference, narration, created_at, version)
    SELECT %(tenant)s, p.id, p.kind, 'draft', p.contact_id, p.account_id, p.paid_on, p.currency,
           p.amount, p.amount * 0, p.reference, p.narration, %(now)s, 1
    FROM json_to_recordset(%(payments)s::json) AS p(
        id uuid, kind text, contact_id uuid, account_id uuid, paid_on date, currency text,
        amount numeric, reference text, narration text)
),
-- end
-- if journals
journal AS (
    INSERT INTO accounting_journal
        (tenant_id, id, state, effective_on, narration, reference, reverses_id, created_at, version)
    SELECT %(tenant)s, j.id, 'draft', j.effective_on, j.narration, j.reference, j.reverses_id,
           %(now)s, 1
    FROM json_to_recordset(%(journals)s::json) AS j(
        id uuid, effective_on date, narration text, reference text, reverses_id uuid)
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
),
-- end
written AS (SELECT 1)
SELECT FROM written
