-- One company with {invoices} posted invoices over three years, five journal lines
-- each, {accounts} accounts. Triggers sleep (this is a superuser's session), so
-- the sums per account and day are computed here, as the trigger would have, and
-- written in the order in which the days went by.
SET session_replication_role = replica;

CREATE TEMPORARY TABLE ledger_account AS
SELECT uuidv7() AS id, n FROM generate_series(0, {accounts} - 1) n;
INSERT INTO accounting_account
    (tenant_id, id, code, name, type, role, is_group, is_active, version)
SELECT '{tenant}', id, 'L' || lpad(n::text, 4, '0'), 'Ledger account ' || n, 'income', '', false,
       true, 1
FROM ledger_account;
UPDATE ledger_account SET id = '{receivable}' WHERE n = 0;
UPDATE ledger_account SET id = '{tax_account}' WHERE n = 1;

CREATE TEMPORARY TABLE ledger_contact AS
SELECT uuidv7() AS id, n FROM generate_series(1, {contacts}) n;
INSERT INTO accounting_contact
    (tenant_id, id, name, reference, email, address, country, tax_number, is_customer, is_supplier,
     is_active, version)
SELECT '{tenant}', id, 'Customer of the ledger ' || n, 'L' || n, '', '', 'GB', '', true, false,
       true, 1
FROM ledger_contact;

CREATE TEMPORARY TABLE ledger_invoice AS
SELECT raw.n, uuidv7((day - current_date) * interval '1 day') AS id,
       uuidv7((day - current_date) * interval '1 day') AS journal_id, day,
       contact.id AS contact_id,
       ARRAY[a, b, c]::numeric[] AS nets, round((a + b + c) * 0.2, 2) AS tax
FROM (
    SELECT n, current_date - 1 - (random() * 1094)::integer AS day,
           round((1 + random() * 99)::numeric, 2) AS a, round((1 + random() * 99)::numeric, 2) AS b,
           round((1 + random() * 99)::numeric, 2) AS c
    FROM generate_series(1, {invoices}) n
) raw
JOIN ledger_contact contact ON contact.n = 1 + raw.n % {contacts}
ORDER BY day, raw.n;

INSERT INTO accounting_journal
    (tenant_id, id, state, effective_on, narration, reference, series_id, sequence, number,
     created_at, posted_at, version)
SELECT '{tenant}', journal_id, 'posted', day, '', 'PO-' || n, '{series}', n + 1000000,
       'INV-' || n, day, day, 2
FROM ledger_invoice;

INSERT INTO accounting_document
    (tenant_id, id, kind, state, contact_id, issued_on, due_on, currency, country, reference,
     narration, net, tax, total, allocated, series_id, sequence, number, journal_id, created_at,
     posted_at, version)
SELECT '{tenant}', id, 'invoice', 'posted', contact_id, day, day + 30, 'GBP', 'GB', 'PO-' || n, '',
       nets[1] + nets[2] + nets[3], tax, nets[1] + nets[2] + nets[3] + tax, 0, '{series}',
       n + 1000000, 'INV-' || n, journal_id, day, day, 2
FROM ledger_invoice;

-- Sales go to few accounts mostly: the cube of a random number.
INSERT INTO accounting_journalline
    (tenant_id, id, journal_id, position, account_id, contact_id, effective_on, amount, memo)
SELECT '{tenant}', uuidv7((day - current_date) * interval '1 day'), journal_id, l.position, a.id,
       CASE l.position WHEN 1 THEN contact_id END, day, l.amount, ''
FROM ledger_invoice i,
     LATERAL (VALUES
        (1, 0, nets[1] + nets[2] + nets[3] + tax),
        (2, 2 + floor(({accounts} - 2) * power(random(), 3))::integer, -nets[1]),
        (3, 2 + floor(({accounts} - 2) * power(random(), 3))::integer, -nets[2]),
        (4, 2 + floor(({accounts} - 2) * power(random(), 3))::integer, -nets[3]),
        (5, 1, -tax)) AS l(position, n, amount)
     JOIN ledger_account a ON a.n = l.n;

INSERT INTO accounting_accountday (tenant_id, id, account_id, effective_on, debit, credit)
SELECT tenant_id, md5(account_id::text || effective_on::text)::uuid, account_id, effective_on,
       sum(greatest(amount, 0)), sum(greatest(-amount, 0))
FROM accounting_journalline WHERE tenant_id = '{tenant}'
GROUP BY tenant_id, account_id, effective_on
ORDER BY effective_on;

INSERT INTO accounting_accountmonth (tenant_id, id, account_id, starts_on, debit, credit)
SELECT tenant_id, md5(account_id::text || to_char(effective_on, 'YYYY-MM'))::uuid, account_id,
       date_trunc('month', effective_on), sum(debit), sum(credit)
FROM accounting_accountday WHERE tenant_id = '{tenant}'
GROUP BY 1, 2, 3, 4
ORDER BY 4;

DROP TABLE ledger_account, ledger_contact, ledger_invoice;
RESET session_replication_role;
