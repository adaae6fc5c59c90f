-- Documents and payments: a draft may change, a posted one only in what later facts say of it.
-- This file says how things are; migrations run it again after it was changed.

-- Of a posted document only `allocated` changes (which must be the sum of the allocations), the
-- reversal, and the version, which rises: version 1 is what nobody has changed.
CREATE OR REPLACE FUNCTION accounting_document_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    settled numeric;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('draft', 'posted') OR NEW.allocated <> 0 OR NEW.version <> 1 THEN
            RAISE EXCEPTION 'a document is new, with nothing settled'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_document_born_open';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'draft' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        IF NEW.allocated <> 0 OR NEW.state NOT IN ('draft', 'posted') THEN
            RAISE EXCEPTION 'a draft settles nothing'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_document_born_open';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR NEW.version <= OLD.version OR
       (to_jsonb(NEW) - '{state,allocated,reversal_id,version}'::text[])
       <> (to_jsonb(OLD) - '{state,allocated,reversal_id,version}'::text[]) OR
       (NEW.state <> OLD.state AND NOT (OLD.state = 'posted' AND NEW.state = 'reversed')) OR
       (OLD.reversal_id IS NOT NULL AND NEW.reversal_id IS DISTINCT FROM OLD.reversal_id) THEN
        RAISE EXCEPTION 'document % is posted and cannot be changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'accounting_document_immutable';
    END IF;
    IF NEW.allocated <> OLD.allocated THEN
        SELECT coalesce(sum(amount), 0) INTO settled
        FROM accounting_allocation
        WHERE tenant_id = NEW.tenant_id AND (document_id = NEW.id OR credit_id = NEW.id);
        IF settled <> NEW.allocated THEN
            RAISE EXCEPTION 'document %: % allocated, but allocations sum to %',
                    OLD.number, NEW.allocated, settled
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_document_immutable';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER accounting_document_guard
BEFORE INSERT OR UPDATE OR DELETE ON accounting_document
FOR EACH ROW EXECUTE FUNCTION accounting_document_guard();

-- What is posted is what its lines add up to. Looked at when the statement is over, so that a
-- document and its lines may come with one.
CREATE OR REPLACE FUNCTION accounting_document_posted() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    posting record;
    faulty record;
BEGIN
    FOR posting IN
        SELECT tenant_id, array_agg(id) AS ids FROM changed
        WHERE state = 'posted' GROUP BY tenant_id
    LOOP
        SELECT d.id, d.net, d.tax, coalesce(sum(l.net), 0) AS line_net,
            coalesce(sum(l.tax_amount), 0) AS line_tax INTO faulty
        FROM accounting_document d
        LEFT JOIN accounting_documentline l ON l.tenant_id = d.tenant_id AND l.document_id = d.id
        WHERE d.tenant_id = posting.tenant_id AND d.id = ANY (posting.ids)
        GROUP BY d.id, d.net, d.tax
        HAVING coalesce(sum(l.net), 0) <> d.net OR coalesce(sum(l.tax_amount), 0) <> d.tax
        LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'document %: lines give % and % tax, the document % and % tax',
                    faulty.id, faulty.line_net, faulty.line_tax, faulty.net, faulty.tax
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_document_adds_up';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER accounting_document_born
AFTER INSERT ON accounting_document
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_document_posted();

CREATE OR REPLACE TRIGGER accounting_document_posted
AFTER UPDATE ON accounting_document
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_document_posted();

CREATE OR REPLACE FUNCTION accounting_payment_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    settled numeric;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('draft', 'posted') OR NEW.allocated <> 0 THEN
            RAISE EXCEPTION 'a payment is new, with nothing settled'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_payment_born_open';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state = 'draft' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        IF NEW.allocated <> 0 OR NEW.state NOT IN ('draft', 'posted') THEN
            RAISE EXCEPTION 'a draft settles nothing'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_payment_born_open';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR
       (to_jsonb(NEW) - '{state,allocated,reversal_id,version}'::text[])
       <> (to_jsonb(OLD) - '{state,allocated,reversal_id,version}'::text[]) OR
       (NEW.state <> OLD.state AND NOT (OLD.state = 'posted' AND NEW.state = 'reversed')) OR
       (OLD.reversal_id IS NOT NULL AND NEW.reversal_id IS DISTINCT FROM OLD.reversal_id) THEN
        RAISE EXCEPTION 'payment % is posted and cannot be changed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'accounting_payment_immutable';
    END IF;
    IF NEW.allocated <> OLD.allocated THEN
        SELECT coalesce(sum(amount), 0) INTO settled
        FROM accounting_allocation WHERE tenant_id = NEW.tenant_id AND payment_id = NEW.id;
        IF settled <> NEW.allocated THEN
            RAISE EXCEPTION 'payment %: % allocated, but allocations sum to %',
                    OLD.number, NEW.allocated, settled
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_payment_immutable';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER accounting_payment_guard
BEFORE INSERT OR UPDATE OR DELETE ON accounting_payment
FOR EACH ROW EXECUTE FUNCTION accounting_payment_guard();

-- Lines of a document come and go with its draft only, or come with it in the statement that makes it
-- what it is: rows of one transaction and command, of which the trigger above sees all when the
-- statement is over. Version 1, because a posted document that is only touched again has a later one.
CREATE OR REPLACE FUNCTION accounting_documentline_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    touched record;
    posted_number text;
    ours boolean;
    together boolean;
BEGIN
    FOR touched IN
        SELECT DISTINCT ON (tenant_id, document_id) tenant_id, document_id, id FROM changed
        ORDER BY tenant_id, document_id
    LOOP
        SELECT d.number, d.xmin = pg_current_xact_id()::xid,
            d.version = 1 AND l.xmin = d.xmin AND l.cmin = d.cmin
        INTO posted_number, ours, together
        FROM accounting_document d
        LEFT JOIN accounting_documentline l ON l.tenant_id = d.tenant_id AND l.id = touched.id
        WHERE d.tenant_id = touched.tenant_id AND d.id = touched.document_id;
        CONTINUE WHEN together;
        -- Nobody else can post what this transaction made and has not committed.
        IF NOT ours THEN
            SELECT number INTO posted_number
            FROM accounting_document
            WHERE tenant_id = touched.tenant_id AND id = touched.document_id
            FOR SHARE;
        END IF;
        -- Only a draft has no number (accounting_document_numbered).
        IF posted_number IS NOT NULL THEN
            RAISE EXCEPTION 'document % is posted; its lines cannot be changed', posted_number
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_document_immutable';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER accounting_documentline_inserted
AFTER INSERT ON accounting_documentline
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_documentline_guard();

CREATE OR REPLACE TRIGGER accounting_documentline_deleted
AFTER DELETE ON accounting_documentline
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_documentline_guard();

CREATE OR REPLACE TRIGGER accounting_documentline_refuse
BEFORE UPDATE ON accounting_documentline
FOR EACH ROW EXECUTE FUNCTION accounting_refuse();

-- Allocations: the fact is inserted, and both sides' `allocated` follow in the same
-- statement. The CHECKs on those columns refuse to settle more than there is, whoever races.
CREATE OR REPLACE FUNCTION accounting_allocation_applied() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    target record;
    source record;
BEGIN
    UPDATE accounting_document
        SET allocated = allocated + NEW.amount, version = version + 1
        WHERE tenant_id = NEW.tenant_id AND id = NEW.document_id AND state = 'posted'
        RETURNING kind, contact_id INTO target;
    IF NEW.payment_id IS NOT NULL THEN
        UPDATE accounting_payment
            SET allocated = allocated + NEW.amount, version = version + 1
            WHERE tenant_id = NEW.tenant_id AND id = NEW.payment_id AND state = 'posted'
            RETURNING kind, contact_id INTO source;
    ELSE
        UPDATE accounting_document
            SET allocated = allocated + NEW.amount, version = version + 1
            WHERE tenant_id = NEW.tenant_id AND id = NEW.credit_id AND state = 'posted'
            RETURNING kind, contact_id INTO source;
    END IF;
    IF target IS NULL OR source IS NULL
       OR target.contact_id <> source.contact_id
       OR (target.kind, source.kind) NOT IN (
            ('invoice', 'receipt'), ('invoice', 'credit_note'),
            ('bill', 'disbursement'), ('bill', 'debit_note')) THEN
        RAISE EXCEPTION 'allocation % does not link a posted demand with a posted payment or credit '
                'of the same contact', NEW.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'accounting_allocation_fits';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounting_allocation a
        WHERE a.tenant_id = NEW.tenant_id AND a.id = NEW.reverses_id
          AND a.amount = -NEW.amount AND a.document_id = NEW.document_id
          AND a.payment_id IS NOT DISTINCT FROM NEW.payment_id
          AND a.credit_id IS NOT DISTINCT FROM NEW.credit_id) THEN
        RAISE EXCEPTION 'allocation % does not undo the one it names', NEW.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'accounting_allocation_fits';
    END IF;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER accounting_allocation_applied
AFTER INSERT ON accounting_allocation
FOR EACH ROW EXECUTE FUNCTION accounting_allocation_applied();

CREATE OR REPLACE TRIGGER accounting_allocation_refuse
BEFORE UPDATE OR DELETE ON accounting_allocation
FOR EACH ROW EXECUTE FUNCTION accounting_refuse();

-- Like the ledger: not even the owner empties these tables by accident.
CREATE OR REPLACE TRIGGER accounting_document_truncate
BEFORE TRUNCATE ON accounting_document
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_documentline_truncate
BEFORE TRUNCATE ON accounting_documentline
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_payment_truncate
BEFORE TRUNCATE ON accounting_payment
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE OR REPLACE TRIGGER accounting_allocation_truncate
BEFORE TRUNCATE ON accounting_allocation
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();
