-- What was posted to income accounts in the twelve months up to the last one with any,
-- from the sums per account and day: its cost is accounts times days, whatever the
-- number of lines.
WITH income AS (
    SELECT a.id FROM accounting_account a WHERE a.tenant_id = %(tenant)s AND a.type = 'income'
),
last AS (
    SELECT date_trunc('month', max(newest.effective_on)) AS month
    FROM income i
    CROSS JOIN LATERAL (
        SELECT d.effective_on
        FROM accounting_accountday d
        WHERE d.tenant_id = %(tenant)s AND d.account_id = i.id AND d.effective_on <= %(today)s
        ORDER BY d.effective_on DESC
        LIMIT 1
    ) newest
)
SELECT m.month::date, coalesce(sum(d.credit - d.debit), 0) AS amount
FROM last
CROSS JOIN LATERAL generate_series(
    last.month - interval '11 months', last.month, interval '1 month'
) AS m(month)
LEFT JOIN accounting_accountday d
    ON d.tenant_id = %(tenant)s AND d.account_id IN (SELECT id FROM income)
    AND d.effective_on >= m.month::date
    AND d.effective_on < (m.month + interval '1 month')::date
    AND d.effective_on <= %(today)s
GROUP BY m.month
ORDER BY m.month
