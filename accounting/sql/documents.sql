-- Documents and payments: a draft may change, a posted one only in what later facts say of it.

-- On posting: the lines add up to the document. Afterwards: only `allocated` (which
-- must be the sum of the allocations), the reversal, and the version.
CREATE OR REPLACE FUNCTION accounting_document_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    line_net numeric;
    line_tax numeric;
    settled numeric;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.allocated <> 0 THEN
            RAISE EXCEPTION 'a document is inserted as draft and posted by an update'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_document_born_draft';
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
                      CONSTRAINT = 'accounting_document_born_draft';
        END IF;
        IF NEW.state <> 'draft' THEN
            SELECT coalesce(sum(net), 0), coalesce(sum(tax_amount), 0) INTO line_net, line_tax
            FROM accounting_documentline
            WHERE tenant_id = NEW.tenant_id AND document_id = NEW.id;
            IF line_net <> NEW.net OR line_tax <> NEW.tax THEN
                RAISE EXCEPTION 'document %: lines give % and % tax, the document % and % tax',
                        NEW.id, line_net, line_tax, NEW.net, NEW.tax
                    USING ERRCODE = 'integrity_constraint_violation',
                          CONSTRAINT = 'accounting_document_adds_up';
            END IF;
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR
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

CREATE TRIGGER accounting_document_guard
BEFORE INSERT OR UPDATE OR DELETE ON accounting_document
FOR EACH ROW EXECUTE FUNCTION accounting_document_guard();

CREATE OR REPLACE FUNCTION accounting_payment_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    settled numeric;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.allocated <> 0 THEN
            RAISE EXCEPTION 'a payment is inserted as draft and posted by an update'
                USING ERRCODE = 'integrity_constraint_violation',
                      CONSTRAINT = 'accounting_payment_born_draft';
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
                      CONSTRAINT = 'accounting_payment_born_draft';
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

CREATE TRIGGER accounting_payment_guard
BEFORE INSERT OR UPDATE OR DELETE ON accounting_payment
FOR EACH ROW EXECUTE FUNCTION accounting_payment_guard();

-- Lines of a document come and go with its draft only.
CREATE OR REPLACE FUNCTION accounting_documentline_guard() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    touched record;
    posted_number text;
    ours boolean;
BEGIN
    FOR touched IN
        SELECT DISTINCT tenant_id, document_id FROM changed ORDER BY tenant_id, document_id
    LOOP
        SELECT number, xmin = pg_current_xact_id()::xid INTO posted_number, ours
        FROM accounting_document
        WHERE tenant_id = touched.tenant_id AND id = touched.document_id;
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

CREATE TRIGGER accounting_documentline_inserted
AFTER INSERT ON accounting_documentline
REFERENCING NEW TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_documentline_guard();

CREATE TRIGGER accounting_documentline_deleted
AFTER DELETE ON accounting_documentline
REFERENCING OLD TABLE AS changed
FOR EACH STATEMENT EXECUTE FUNCTION accounting_documentline_guard();

CREATE TRIGGER accounting_documentline_refuse
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

CREATE TRIGGER accounting_allocation_applied
AFTER INSERT ON accounting_allocation
FOR EACH ROW EXECUTE FUNCTION accounting_allocation_applied();

CREATE TRIGGER accounting_allocation_refuse
BEFORE UPDATE OR DELETE ON accounting_allocation
FOR EACH ROW EXECUTE FUNCTION accounting_refuse();

-- Like the ledger: not even the owner empties these tables by accident.
CREATE TRIGGER accounting_document_truncate
BEFORE TRUNCATE ON accounting_document
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE TRIGGER accounting_documentline_truncate
BEFORE TRUNCATE ON accounting_documentline
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE TRIGGER accounting_payment_truncate
BEFORE TRUNCATE ON accounting_payment
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();

CREATE TRIGGER accounting_allocation_truncate
BEFORE TRUNCATE ON accounting_allocation
FOR EACH STATEMENT EXECUTE FUNCTION accounting_refuse();
