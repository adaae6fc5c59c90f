-- Every change of who may do what raises the tenant's stamp, in its own transaction,
-- whoever makes it: what permission_cache holds under an older stamp is not read again.
CREATE OR REPLACE FUNCTION permission_stamp_raise() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    mine uuid := NULLIF(current_setting('app.tenant_id', true), '')::uuid;
BEGIN
    UPDATE permissions_permissionstamp SET stamp = stamp + 1 WHERE tenant_id = mine;
    IF NOT FOUND THEN
        -- Of no tenant there is nothing to stamp: the statement touched no row.
        INSERT INTO permissions_permissionstamp (tenant_id, id, stamp)
        SELECT t.id, uuidv7(), 1 FROM tenancy_tenant t WHERE t.id = mine
        ON CONFLICT (tenant_id) DO UPDATE SET stamp = permissions_permissionstamp.stamp + 1;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER permissions_role_stamp AFTER INSERT OR UPDATE OR DELETE ON permissions_role
    FOR EACH STATEMENT EXECUTE FUNCTION permission_stamp_raise();
CREATE TRIGGER permissions_grant_stamp AFTER INSERT OR UPDATE OR DELETE ON permissions_grant
    FOR EACH STATEMENT EXECUTE FUNCTION permission_stamp_raise();
CREATE TRIGGER permissions_assignment_stamp
    AFTER INSERT OR UPDATE OR DELETE ON permissions_roleassignment
    FOR EACH STATEMENT EXECUTE FUNCTION permission_stamp_raise();
CREATE TRIGGER permissions_module_stamp
    AFTER INSERT OR UPDATE OR DELETE ON permissions_moduleassignment
    FOR EACH STATEMENT EXECUTE FUNCTION permission_stamp_raise();
