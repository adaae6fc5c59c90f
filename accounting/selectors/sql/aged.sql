-- What was open at the end of a day, by contact and by how long it was overdue.
-- Allocations made later are added back; what was reversed later was still there.
WITH later AS (
    SELECT document_id, credit_id, payment_id, sum(amount) AS amount
    FROM accounting_allocation
    WHERE tenant_id = %(tenant)s AND effective_on > %(as_of)s
    GROUP BY document_id, credit_id, payment_id
),
demand AS (
    SELECT d.contact_id, d.due_on,
           d.total - d.allocated
           + coalesce((SELECT sum(l.amount) FROM later l WHERE l.document_id = d.id), 0) AS amount
    FROM accounting_document d
    LEFT JOIN accounting_journal r ON r.tenant_id = d.tenant_id AND r.id = d.reversal_id
    WHERE d.tenant_id = %(tenant)s AND d.kind = %(demand)s AND d.issued_on <= %(as_of)s
      AND (d.state = 'posted' OR (d.state = 'reversed' AND r.effective_on > %(as_of)s))
),
unused AS (
    SELECT d.contact_id,
           d.total - d.allocated
           + coalesce((SELECT sum(l.amount) FROM later l WHERE l.credit_id = d.id), 0) AS amount
    FROM accounting_document d
    LEFT JOIN accounting_journal r ON r.tenant_id = d.tenant_id AND r.id = d.reversal_id
    WHERE d.tenant_id = %(tenant)s AND d.kind = %(credit)s AND d.issued_on <= %(as_of)s
      AND (d.state = 'posted' OR (d.state = 'reversed' AND r.effective_on > %(as_of)s))
    UNION ALL
    SELECT p.contact_id,
           p.amount - p.allocated
           + coalesce((SELECT sum(l.amount) FROM later l WHERE l.payment_id = p.id), 0)
    FROM accounting_payment p
    LEFT JOIN accounting_journal r ON r.tenant_id = p.tenant_id AND r.id = p.reversal_id
    WHERE p.tenant_id = %(tenant)s AND p.kind = %(payment)s AND p.paid_on <= %(as_of)s
      AND (p.state = 'posted' OR (p.state = 'reversed' AND r.effective_on > %(as_of)s))
),
open_item AS (
    SELECT contact_id, %(as_of)s - due_on AS overdue_days, amount, false AS is_credit
    FROM demand WHERE amount <> 0
    UNION ALL
    SELECT contact_id, 0, -amount, true FROM unused WHERE amount <> 0
)
SELECT c.id AS contact_id, c.name AS contact_name,
       coalesce(sum(o.amount) FILTER (WHERE NOT is_credit AND overdue_days <= 0), 0),
       coalesce(sum(o.amount) FILTER (WHERE NOT is_credit AND overdue_days BETWEEN 1 AND 30), 0),
       coalesce(sum(o.amount) FILTER (WHERE NOT is_credit AND overdue_days BETWEEN 31 AND 60), 0),
       coalesce(sum(o.amount) FILTER (WHERE NOT is_credit AND overdue_days BETWEEN 61 AND 90), 0),
       coalesce(sum(o.amount) FILTER (WHERE NOT is_credit AND overdue_days > 90), 0),
       coalesce(sum(o.amount) FILTER (WHERE is_credit), 0),
       sum(o.amount)
FROM open_item o
JOIN accounting_contact c ON c.tenant_id = %(tenant)s AND c.id = o.contact_id
GROUP BY c.id, c.name
ORDER BY c.name, c.id
