-- What a booking needs to know about its company, in one round trip: the settings,
-- the accounts with a role or named, the taxes and contacts named, the series of a kind.
SELECT json_build_object(
    'settings', (
        SELECT to_json(s) FROM accounting_companysettings s
        WHERE s.tenant_id = %(tenant)s),
    'accounts', (
        SELECT json_agg(json_build_array(a.id, a.role, a.code, a.is_group, a.is_active))
        FROM accounting_account a
        WHERE a.tenant_id = %(tenant)s
          AND (a.id = ANY(%(accounts)s::uuid[])
               OR a.role <> ''
               OR a.id IN (SELECT t.account_id FROM accounting_tax t
                           WHERE t.tenant_id = %(tenant)s AND t.id = ANY(%(taxes)s::uuid[])))),
    'taxes', (
        SELECT json_agg(json_build_array(
            t.id, t.code, t.rate::text, t.is_inclusive, t.account_id,
            t.valid_from, t.valid_until, t.is_active))
        FROM accounting_tax t
        WHERE t.tenant_id = %(tenant)s AND t.id = ANY(%(taxes)s::uuid[])),
    'contacts', (
        SELECT json_agg(json_build_array(
            c.id, c.name, c.country, c.payment_terms_days, c.is_active))
        FROM accounting_contact c
        WHERE c.tenant_id = %(tenant)s AND c.id = ANY(%(contacts)s::uuid[])),
    'series', (
        SELECT json_agg(json_build_array(s.fiscal_year, s.id))
        FROM accounting_series s
        WHERE s.tenant_id = %(tenant)s AND s.kind = %(kind)s)
)::text
