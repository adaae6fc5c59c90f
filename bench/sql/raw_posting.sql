-- RAW: every row that a posted invoice leaves behind, with its entry in the audit log, each
-- written once, in its last state; the number is taken as late as it can be. One script per tenant.
BEGIN;
INSERT INTO bench.outbox (id, tenant_id, actor_id, request_id, name, payload, created_at)
VALUES (uuidv7(), '{tenant}', '{user}', 'bench', 'document.posted',
        '{{"kind": "invoice", "document_id": "{tenant}"}}', now())
RETURNING id AS document_id, uuidv7() AS journal_id
\gset
INSERT INTO bench.documentline
    (tenant_id, id, document_id, position, item_code, description, quantity, unit_price,
     discount_percent, account_id, tax_id, tax_rate, tax_inclusive, net, tax_amount)
VALUES
    ('{tenant}', uuidv7(), :document_id, 1, 'SKU-0000', 'Item 1 of the usual order', 1, 19.99, 0, '{sales}', '{tax_0}', 20, false, 19.99, 4.00),
    ('{tenant}', uuidv7(), :document_id, 2, 'SKU-0001', 'Item 2 of the usual order', 2, 19.99, 0, '{sales}', '{tax_1}', 5, false, 39.98, 2.00),
    ('{tenant}', uuidv7(), :document_id, 3, 'SKU-0002', 'Item 3 of the usual order', 3, 19.99, 0, '{sales}', '{tax_0}', 20, false, 59.97, 11.99),
    ('{tenant}', uuidv7(), :document_id, 4, 'SKU-0003', 'Item 4 of the usual order', 4, 19.99, 0, '{sales}', '{tax_1}', 5, false, 79.96, 4.00),
    ('{tenant}', uuidv7(), :document_id, 5, 'SKU-0004', 'Item 5 of the usual order', 5, 19.99, 0, '{sales}', '{tax_0}', 20, false, 99.95, 19.99);
INSERT INTO bench.journalline
    (tenant_id, id, journal_id, position, account_id, contact_id, effective_on, amount, memo)
VALUES
    ('{tenant}', uuidv7(), :journal_id, 1, '{receivable}', '{contact}', '{day}', 341.83, ''),
    ('{tenant}', uuidv7(), :journal_id, 2, '{sales}', NULL, '{day}', -299.85, ''),
    ('{tenant}', uuidv7(), :journal_id, 3, '{tax_account}', NULL, '{day}', -41.98, '');
UPDATE bench.series SET next_number = next_number + 1
WHERE tenant_id = '{tenant}' AND id = '{series}'
RETURNING next_number - 1 AS sequence
\gset
INSERT INTO bench.document
    (tenant_id, id, kind, state, contact_id, issued_on, due_on, currency, country, reference,
     narration, net, tax, total, allocated, series_id, sequence, number, journal_id, created_at,
     posted_at, version)
VALUES ('{tenant}', :document_id, 'invoice', 'posted', '{contact}', '{day}', '{due}', 'GBP', 'GB',
        'PO-1', '', 299.85, 41.98, 341.83, 0, '{series}', :sequence, 'INV-2026-00001', :journal_id,
        now(), now(), 2);
INSERT INTO bench.journal
    (tenant_id, id, state, effective_on, narration, reference, series_id, sequence, number,
     created_at, posted_at, version)
VALUES ('{tenant}', :journal_id, 'posted', '{day}', '', 'PO-1', '{series}', :sequence,
        'INV-2026-00001', now(), now(), 2);
INSERT INTO bench.accountday AS day (tenant_id, id, account_id, effective_on, debit, credit)
VALUES ('{tenant}', uuidv7(), '{receivable}', '{day}', 341.83, 0),
       ('{tenant}', uuidv7(), '{sales}', '{day}', 0, 299.85),
       ('{tenant}', uuidv7(), '{tax_account}', '{day}', 0, 41.98)
ON CONFLICT (tenant_id, account_id, effective_on) DO UPDATE
    SET debit = day.debit + EXCLUDED.debit, credit = day.credit + EXCLUDED.credit;
INSERT INTO bench.accountmonth AS month (tenant_id, id, account_id, starts_on, debit, credit)
VALUES ('{tenant}', uuidv7(), '{receivable}', date_trunc('month', date '{day}'), 341.83, 0),
       ('{tenant}', uuidv7(), '{sales}', date_trunc('month', date '{day}'), 0, 299.85),
       ('{tenant}', uuidv7(), '{tax_account}', date_trunc('month', date '{day}'), 0, 41.98)
ON CONFLICT (tenant_id, account_id, starts_on) DO UPDATE
    SET debit = month.debit + EXCLUDED.debit, credit = month.credit + EXCLUDED.credit;
INSERT INTO bench.audit
    (tenant_id, id, "table", row_id, action, actor_id, session_id, address, request_id, operation,
     reason, database_user, new, mark)
VALUES
    ('{tenant}', uuidv7(), 'accounting_documentline', :document_id, 'insert', '{user}', '{user}', '127.0.0.1', '{tenant}',
     'document.create', '', 'erp_app', '{{"columns": ["account_id", "description", "discount_percent", "id", "item_code", "net", "position", "quantity", "tax_amount", "tax_id", "tax_inclusive", "tax_rate", "unit_price"], "rows": [["{sales}", "Item 1 of the usual order", "0", "{tenant}", "SKU-0000", "19.99", "1", "1", "4.00", "{tax_0}", "f", "20", "19.99"], ["{sales}", "Item 1 of the usual order", "0", "{tenant}", "SKU-0000", "19.99", "1", "1", "4.00", "{tax_0}", "f", "20", "19.99"], ["{sales}", "Item 1 of the usual order", "0", "{tenant}", "SKU-0000", "19.99", "1", "1", "4.00", "{tax_0}", "f", "20", "19.99"], ["{sales}", "Item 1 of the usual order", "0", "{tenant}", "SKU-0000", "19.99", "1", "1", "4.00", "{tax_0}", "f", "20", "19.99"], ["{sales}", "Item 1 of the usual order", "0", "{tenant}", "SKU-0000", "19.99", "1", "1", "4.00", "{tax_0}", "f", "20", "19.99"]]}}', sha256('x')),
    ('{tenant}', uuidv7(), 'accounting_journalline', :journal_id, 'insert', '{user}', '{user}', '127.0.0.1', '{tenant}',
     'document.create', '', 'erp_app', '{{"columns": ["account_id", "amount", "contact_id", "effective_on", "id", "memo", "position"], "rows": [["{receivable}", "341.83", "{contact}", "{day}", "{tenant}", "", "1"], ["{receivable}", "341.83", "{contact}", "{day}", "{tenant}", "", "1"], ["{receivable}", "341.83", "{contact}", "{day}", "{tenant}", "", "1"]]}}', sha256('x')),
    ('{tenant}', uuidv7(), 'accounting_document', :document_id, 'insert', '{user}', '{user}', '127.0.0.1', '{tenant}',
     'document.create', '', 'erp_app', '{{"net": "299.85", "tax": "41.98", "kind": "invoice", "state": "posted", "total": "341.83", "due_on": "{due}", "number": "INV-2026-00001", "country": "GB", "version": "1", "currency": "GBP", "issued_on": "{day}", "narration": "", "reference": "PO-1", "contact_id": "{contact}", "journal_id": "{tenant}", "series_id": "{series}", "sequence": "1"}}', sha256('x')),
    ('{tenant}', uuidv7(), 'accounting_journal', :journal_id, 'insert', '{user}', '{user}', '127.0.0.1', '{tenant}',
     'document.create', '', 'erp_app', '{{"state": "posted", "number": "INV-2026-00001", "version": "1", "sequence": "1", "narration": "", "reference": "PO-1", "series_id": "{series}", "effective_on": "{day}"}}', sha256('x'));
COMMIT;
