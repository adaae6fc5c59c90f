-- How many rows blocks cover is known from the length of their marks, which is known without
-- reading them: ids and marks are large, and stored apart.

CREATE OR REPLACE FUNCTION audit_extent(of_tenant uuid, OUT blocks bigint, OUT covered bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(max(sequence), 0), coalesce(sum(length(marks) / 32), 0)
    FROM audit_auditblock WHERE tenant_id = of_tenant
$$;

CREATE OR REPLACE FUNCTION audit_head_of(of_tenant uuid, of_sequence bigint)
RETURNS TABLE (sequence bigint, digest bytea, covered bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT b.sequence, b.digest, (SELECT sum(length(c.marks) / 32)::bigint FROM audit_auditblock c
        WHERE c.tenant_id = of_tenant AND c.sequence <= b.sequence)
    FROM audit_auditblock b
    WHERE b.tenant_id = of_tenant AND (of_sequence IS NULL OR b.sequence = of_sequence)
    ORDER BY b.sequence DESC LIMIT 1
$$;
