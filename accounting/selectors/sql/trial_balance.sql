-- Balances at the end of a day: the months before it, and the days of its month. Its cost
-- is the number of months and days that were posted to, whatever the number of lines.
SELECT a.id AS account_id, a.code, a.name, a.type, b.balance
FROM (
    SELECT s.account_id, sum(s.debit - s.credit) AS balance
    FROM (
        SELECT m.account_id, m.debit, m.credit
        FROM accounting_accountmonth m
        WHERE m.tenant_id = %(tenant)s AND m.starts_on < %(month)s
        UNION ALL
        SELECT d.account_id, d.debit, d.credit
        FROM accounting_accountday d
        WHERE d.tenant_id = %(tenant)s AND d.effective_on BETWEEN %(month)s AND %(as_of)s
    ) s
    GROUP BY s.account_id
) b
JOIN accounting_account a ON a.tenant_id = %(tenant)s AND a.id = b.account_id
ORDER BY a.code
