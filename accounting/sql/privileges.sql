-- What the application's role may not even try. The triggers refuse it as well,
-- to whoever connects with more rights.
REVOKE UPDATE ON accounting_journalline, accounting_documentline FROM erp_app;
REVOKE UPDATE, DELETE ON accounting_allocation FROM erp_app;
REVOKE DELETE ON accounting_accountday, accounting_accountmonth, accounting_series, accounting_account, accounting_tax,
    accounting_contact, accounting_companysettings FROM erp_app;

-- Rows that every posting updates: room on the page keeps the updates off the indexes.
ALTER TABLE accounting_accountday SET (fillfactor = 70);
ALTER TABLE accounting_accountmonth SET (fillfactor = 50);
ALTER TABLE accounting_series SET (fillfactor = 50);
ALTER TABLE accounting_document SET (fillfactor = 80);
ALTER TABLE accounting_journal SET (fillfactor = 80);
