"""Which tables have the log's triggers: those whose models say so, or say nothing."""

from typing import Any

from django.apps import apps
from django.db.models import Model

from core.audit.declared import OF_OTHERS, Audited, Unaudited
from core.tenancy.fields import is_tenant_model

Declaration = Audited | Unaudited
#: What a model that says nothing means.
EVERYTHING = Audited()
NO_TENANT = Unaudited("A global table that does not say otherwise.")

#: Whether the database has what `attach_sql` calls: not while the log's own migrations run.
CAN_ATTACH = (
    "to_regprocedure('audit_attach(regclass,text[],text[],text[],boolean,boolean,text)') NOTNULL"
)
#: Of the arguments all but the masks, which follow from what is masked.
ATTACHED_SQL = """
    SELECT c.relname, bool_or(t.tgname = 'audit_insert'), bool_or(t.tgname = 'audit_update'),
        min(said[1]), min(said[2]), min(said[4]), min(said[5])
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    CROSS JOIN string_to_array(encode(t.tgargs, 'escape'), '\\000') AS said
    WHERE t.tgname IN ('audit_insert', 'audit_update', 'audit_delete') AND t.tgparentid = 0
      AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
    GROUP BY c.relname
"""


def declaration_of(model: type[Model]) -> Declaration:
    """What the model says; of a migration's model, what the model of today says."""
    try:
        model = apps.get_model(model._meta.label)._meta.concrete_model
    except LookupError:
        return NO_TENANT  # a later migration takes it away
    declared: Declaration | None = getattr(model, "audited", OF_OTHERS.get(model._meta.label))
    if declared is not None:
        return declared
    return EVERYTHING if is_tenant_model(model) else NO_TENANT


def attach_sql(table: str, declared: Declaration) -> str:
    """The statement that makes the triggers what `declared` wants them to be."""
    if isinstance(declared, Unaudited):
        return f"SELECT audit_detach('{table}')"
    arguments = ", ".join(f"'{part}'" for part in _parts(declared)[:3])
    on = f"{declared.inserts}, {declared.updates}".lower()
    return f"SELECT audit_attach('{table}', {arguments}, {on}, '{declared.under}')"


def triggers_attach(connection: Any) -> None:
    """Models may say something else of their audit than when their tables were made. As owner."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CAN_ATTACH}")
        [is_there] = cursor.fetchone()
        for statement in triggers_compare(connection) if is_there else []:
            cursor.execute(statement)


def triggers_compare(connection: Any) -> list[str]:
    """The statements that are needed before every table has the triggers that its model wants."""
    with connection.cursor() as cursor:
        cursor.execute(ATTACHED_SQL)
        attached = {
            table: (inserts, updates, parts)
            for table, inserts, updates, *parts in cursor.fetchall()
        }
        existing = set(connection.introspection.table_names(cursor))
    needed = []
    for model in apps.get_models():
        table, declared = model._meta.db_table, declaration_of(model)
        if table in existing and attached.get(table) != _as_attached(declared):
            needed.append(attach_sql(table, declared))
    return needed


def _as_attached(declared: Declaration) -> tuple[bool, bool, list[str]] | None:
    if isinstance(declared, Unaudited):
        return None
    return declared.inserts, declared.updates, _parts(declared)


def _parts(declared: Audited) -> list[str]:
    parts = (declared.left_out, declared.masked, declared.personal)
    return [*(_array(part) for part in parts), declared.under]


def _array(names: tuple[str, ...]) -> str:
    """An array as PostgreSQL reads it; column names need no quoting here."""
    return "{" + ",".join(names) + "}"
