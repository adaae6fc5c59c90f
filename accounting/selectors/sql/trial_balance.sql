-- Balances at the end of a day, from the sums per account and day: its cost is the
-- number of days that were posted to, whatever the number of lines.
SELECT a.id AS account_id, a.code, a.name, a.type, b.balance
FROM (
    SELECT d.account_id, sum(d.debit - d.credit) AS balance
    FROM accounting_accountday d
    WHERE d.tenant_id = %(tenant)s AND d.effective_on <= %(as_of)s
    GROUP BY d.account_id
) b
JOIN accounting_account a ON a.tenant_id = %(tenant)s AND a.id = b.account_id
ORDER BY a.code
