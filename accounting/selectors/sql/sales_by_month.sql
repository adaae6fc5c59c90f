-- What was posted to income accounts in each month of a period, from the sums per
-- account and day: its cost is accounts times days, whatever the number of lines.
SELECT date_trunc('month', d.effective_on)::date AS month, sum(d.credit - d.debit) AS amount
FROM accounting_accountday d
JOIN accounting_account a ON a.tenant_id = %(tenant)s AND a.id = d.account_id
WHERE d.tenant_id = %(tenant)s AND a.type = 'income'
  AND d.effective_on >= %(starts_on)s AND d.effective_on <= %(ends_on)s
GROUP BY 1
