"""Who may call what: one table drives allowing and denying, for every endpoint.

Transitions run as dry runs, so that any row can be called at any time by anybody.
"""

import itertools
import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from core.api.guards import PUBLIC
from core.jobs.services import job_cancel
from permissions.services.roles import role_update
from permissions.services.sessions import session_open
from tests.activity.events import viewed
from tests.api.books import RIGHTS, Books, document, fill, journal, line, open_books, payment
from tests.api.endpoints import endpoints
from tests.api.footprint import footprint
from tests.api.wire import refusal
from tests.cast import PASSWORD, Api, Company, api_of, join, new_company, new_user
from tests.files.desk import keep, link_of, path_and_token
from tests.jobs.desk import enqueue
from tests.messaging.talk import THUMB, body_for, talk_of
from tests.paper.desk import KIND, failed_mail, template_of
from tests.permissions import entry, rights
from tests.webhooks.desk import dead_delivery

#: method, address, permission, and the status for
#: owner, accountant, viewer, owner of another company, nobody.
TABLE = """
POST   auth/login/                  public                          200 200 200 200 200
POST   auth/refresh/                public                          200 200 200 200 200
POST   auth/logout/                 authenticated                   204 204 204 204 401
GET    auth/me/                     authenticated                   200 200 200 200 401
POST   auth/password/               authenticated                   422 422 422 422 401
POST   auth/forgot-password/        public                          202 202 202 202 202
POST   auth/reset-password/         public                          204 204 204 204 204
POST   auth/accept-invitation/      public                          200 200 200 200 200
GET    auth/sessions/               authenticated                   200 200 200 200 401
DELETE auth/sessions/               authenticated                   204 204 204 204 401
DELETE auth/sessions/{id}/          authenticated                   204 404 404 404 401
GET    users/{id}/sessions/         permissions.sessions.view       200 403 403 404 401
DELETE users/{id}/sessions/         permissions.sessions.revoke     204 403 403 404 401
POST   memberships/                 permissions.memberships.create  201 403 403 201 401
POST   memberships/{id}/invite/     permissions.memberships.create  200 403 403 404 401
GET    users/                       permissions.users.view          200 403 403 200 401
GET    users/{id}/                  permissions.users.view          200 403 403 404 401
GET    users/{id}/history/          permissions.users.view          200 403 403 404 401
GET    users/{id}/personal-data/    privacy.users.view              200 403 403 404 401
POST   users/{id}/erase/            privacy.users.erase             403 403 403 403 401
GET    memberships/                 permissions.memberships.view    200 403 403 200 401
GET    memberships/{id}/            permissions.memberships.view    200 403 403 404 401
GET    memberships/{id}/history/    permissions.memberships.view    200 403 403 404 401
PATCH  memberships/{id}/            permissions.memberships.update  200 403 403 404 401
GET    roles/                       permissions.roles.view          200 403 403 200 401
POST   roles/                       permissions.roles.create        201 403 403 201 401
GET    roles/{id}/                  permissions.roles.view          200 403 403 404 401
GET    roles/{id}/history/          permissions.roles.view          200 403 403 404 401
PATCH  roles/{id}/                  permissions.roles.update        200 403 403 404 401
DELETE roles/{id}/                  permissions.roles.delete        204 403 403 404 401
GET    grants/                      permissions.grants.view         200 403 403 200 401
POST   grants/                      permissions.grants.create       201 403 403 422 401
DELETE grants/{id}/                 permissions.grants.delete       204 403 403 404 401
GET    grants/{id}/history/         permissions.grants.view         200 403 403 404 401
GET    modules/                     permissions.modules.view        200 403 403 200 401
PATCH  modules/                     permissions.modules.update      403 403 403 403 401
GET    permissions/explain/         permissions.explain.view        200 403 403 200 401
GET    permissions/duties/          permissions.duties.view         200 403 403 200 401
GET    accounts/                    accounting.accounts.view        200 200 200 200 401
POST   accounts/                    accounting.accounts.create      201 201 403 201 401
GET    accounts/{id}/               accounting.accounts.view        200 200 200 404 401
GET    accounts/{id}/history/       accounting.accounts.view        200 200 200 404 401
PATCH  accounts/{id}/               accounting.accounts.update      200 200 403 404 401
GET    taxes/                       accounting.taxes.view           200 200 200 200 401
POST   taxes/                       accounting.taxes.create         201 201 403 422 401
GET    taxes/{id}/                  accounting.taxes.view           200 200 200 404 401
GET    taxes/{id}/history/          accounting.taxes.view           200 200 200 404 401
PATCH  taxes/{id}/                  accounting.taxes.update         200 200 403 404 401
GET    contacts/                    accounting.contacts.view        200 200 200 200 401
POST   contacts/                    accounting.contacts.create      201 201 403 201 401
GET    contacts/{id}/               accounting.contacts.view        200 200 200 404 401
GET    contacts/{id}/history/       accounting.contacts.view        200 200 200 404 401
PATCH  contacts/{id}/               accounting.contacts.update      200 200 403 404 401
GET    contacts/{id}/personal-data/ privacy.contacts.view           200 403 403 404 401
POST   contacts/{id}/erase/         privacy.contacts.erase          200 403 403 404 401
GET    settings/                    accounting.settings.view        200 200 200 200 401
GET    settings/history/            accounting.settings.view        200 200 200 200 401
PATCH  settings/                    accounting.settings.update      200 200 403 200 401
GET    series/                      accounting.series.view          200 200 200 200 401
GET    series/{id}/history/         accounting.series.view          200 200 200 404 401
GET    journals/                    accounting.journals.view        200 200 200 200 401
POST   journals/                    accounting.journals.create      201 201 403 422 401
GET    journals/{id}/               accounting.journals.view        200 200 200 404 401
GET    journals/{id}/history/       accounting.journals.view        200 200 200 404 401
PATCH  journals/{id}/               accounting.journals.update      200 200 403 404 401
DELETE journals/{id}/               accounting.journals.delete      204 204 403 404 401
POST   journals/{id}/post/          accounting.journals.post        200 200 403 404 401
POST   journals/{id}/reverse/       accounting.journals.reverse     201 201 403 404 401
GET    invoices/                    accounting.invoices.view        200 200 200 200 401
POST   invoices/                    accounting.invoices.create      201 201 403 422 401
GET    invoices/{id}/               accounting.invoices.view        200 200 200 404 401
GET    invoices/{id}/history/       accounting.invoices.view        200 200 200 404 401
PATCH  invoices/{id}/               accounting.invoices.update      200 200 403 404 401
DELETE invoices/{id}/               accounting.invoices.delete      204 204 403 404 401
POST   invoices/{id}/post/          accounting.invoices.post        200 200 403 404 401
POST   invoices/{id}/reverse/       accounting.invoices.reverse     200 200 403 404 401
POST   invoices/{id}/credit/        accounting.invoices.credit      201 201 403 404 401
GET    bills/                       accounting.bills.view           200 200 200 200 401
POST   bills/                       accounting.bills.create         201 201 403 422 401
GET    bills/{id}/                  accounting.bills.view           200 200 200 404 401
GET    bills/{id}/history/          accounting.bills.view           200 200 200 404 401
PATCH  bills/{id}/                  accounting.bills.update         200 200 403 404 401
DELETE bills/{id}/                  accounting.bills.delete         204 204 403 404 401
POST   bills/{id}/post/             accounting.bills.post           200 200 403 404 401
POST   bills/{id}/reverse/          accounting.bills.reverse        200 200 403 404 401
POST   bills/{id}/credit/           accounting.bills.credit         201 201 403 404 401
GET    credit-notes/                accounting.credit-notes.view    200 200 200 200 401
POST   credit-notes/                accounting.credit-notes.create  201 201 403 422 401
GET    credit-notes/{id}/           accounting.credit-notes.view    200 200 200 404 401
GET    credit-notes/{id}/history/   accounting.credit-notes.view    200 200 200 404 401
PATCH  credit-notes/{id}/           accounting.credit-notes.update  200 200 403 404 401
DELETE credit-notes/{id}/           accounting.credit-notes.delete  204 204 403 404 401
POST   credit-notes/{id}/post/      accounting.credit-notes.post    200 200 403 404 401
POST   credit-notes/{id}/reverse/   accounting.credit-notes.reverse 200 200 403 404 401
GET    debit-notes/                 accounting.debit-notes.view     200 200 200 200 401
POST   debit-notes/                 accounting.debit-notes.create   201 201 403 422 401
GET    debit-notes/{id}/            accounting.debit-notes.view     200 200 200 404 401
GET    debit-notes/{id}/history/    accounting.debit-notes.view     200 200 200 404 401
PATCH  debit-notes/{id}/            accounting.debit-notes.update   200 200 403 404 401
DELETE debit-notes/{id}/            accounting.debit-notes.delete   204 204 403 404 401
POST   debit-notes/{id}/post/       accounting.debit-notes.post     200 200 403 404 401
POST   debit-notes/{id}/reverse/    accounting.debit-notes.reverse  200 200 403 404 401
GET    payments/                    accounting.payments.view        200 200 200 200 401
POST   payments/                    accounting.payments.create      201 201 403 422 401
GET    payments/{id}/               accounting.payments.view        200 200 200 404 401
GET    payments/{id}/history/       accounting.payments.view        200 200 200 404 401
PATCH  payments/{id}/               accounting.payments.update      200 200 403 404 401
DELETE payments/{id}/               accounting.payments.delete      204 204 403 404 401
POST   payments/{id}/post/          accounting.payments.post        200 200 403 404 401
POST   payments/{id}/reverse/       accounting.payments.reverse     200 200 403 404 401
GET    allocations/                 accounting.allocations.view     200 200 200 200 401
POST   allocations/                 accounting.allocations.create   201 201 403 422 401
GET    allocations/{id}/            accounting.allocations.view     200 200 200 404 401
GET    allocations/{id}/history/    accounting.allocations.view     200 200 200 404 401
POST   allocations/{id}/reverse/    accounting.allocations.reverse  201 201 403 404 401
GET    reports/trial-balance/       accounting.reports.view         200 200 200 200 401
GET    reports/general-ledger/      accounting.reports.view         200 200 200 404 401
GET    reports/aged-receivables/    accounting.reports.view         200 200 200 200 401
GET    reports/aged-payables/       accounting.reports.view         200 200 200 200 401
GET    threads/                     messaging.threads.view          200 200 200 200 401
POST   threads/                     messaging.threads.create        201 201 403 201 401
GET    threads/{id}/                messaging.threads.view          200 404 404 404 401
GET    threads/{id}/history/        messaging.threads.view          200 404 404 404 401
PATCH  threads/{id}/                messaging.threads.update        200 404 403 404 401
GET    threads/{id}/messages/       messaging.messages.view         200 404 404 404 401
POST   threads/{id}/messages/       messaging.messages.create       201 404 403 404 401
POST   threads/{id}/read/           authenticated                   200 404 404 404 401
POST   threads/{id}/typing/         messaging.messages.create       204 404 403 404 401
GET    threads/{id}/participants/   messaging.threads.view          200 404 404 404 401
POST   threads/{id}/participants/   messaging.threads.update        204 404 403 404 401
PATCH  threads/{id}/participants/{user_id}/ authenticated           200 404 404 404 401
DELETE threads/{id}/participants/{user_id}/ authenticated          204 404 403 404 401
GET    messages/search/             messaging.messages.view         200 200 200 200 401
GET    messages/mentions/           messaging.messages.view         200 200 200 200 401
GET    messages/read/               messaging.messages.view         200 200 200 200 401
GET    messages/{id}/               messaging.messages.view         200 404 404 404 401
GET    messages/{id}/history/       messaging.messages.view         200 404 404 404 401
PATCH  messages/{id}/               messaging.messages.update       200 404 403 404 401
DELETE messages/{id}/               messaging.messages.delete       204 404 403 404 401
GET    messages/{id}/reads/         messaging.messages.view         200 404 404 404 401
GET    messages/{id}/reactions/     messaging.messages.view         200 404 404 404 401
PUT    messages/{id}/reactions/{emoji}/ messaging.messages.create   204 404 403 404 401
DELETE messages/{id}/reactions/{emoji}/ messaging.messages.create   204 404 403 404 401
GET    inbox/                       messaging.threads.view          200 200 200 200 401
GET    inbox/unread/                messaging.threads.view          200 200 200 200 401
GET    messaging/settings/          messaging.settings.view         200 403 403 200 401
GET    messaging/settings/history/  messaging.settings.view         200 403 403 200 401
PATCH  messaging/settings/          messaging.settings.update       200 403 403 200 401
GET    live/poll/                   messaging.messages.view         200 200 200 200 401
GET    jobs/                        jobs.jobs.view                  200 403 403 200 401
GET    jobs/{id}/                   authenticated                   200 404 404 404 401
POST   jobs/{id}/cancel/            jobs.jobs.cancel                200 403 403 404 401
POST   jobs/{id}/replay/            jobs.jobs.replay                200 403 403 404 401
GET    events/                      events.events.view              200 403 403 200 401
GET    events/types/                authenticated                   200 200 200 200 401
GET    exports/                     authenticated                   200 200 200 200 401
POST   exports/                     authenticated                   202 202 202 202 401
GET    exports/{id}/                authenticated                   200 404 404 404 401
POST   exports/{id}/cancel/         authenticated                   200 404 404 404 401
GET    files/{id}/                  authenticated                   200 404 404 404 401
GET    files/{id}/content/          public                          200 200 200 200 200
GET    webhooks/                    webhooks.endpoints.view         200 403 403 200 401
POST   webhooks/                    webhooks.endpoints.create       201 403 403 201 401
GET    webhooks/{id}/               webhooks.endpoints.view         200 403 403 404 401
PATCH  webhooks/{id}/               webhooks.endpoints.update       200 403 403 404 401
DELETE webhooks/{id}/               webhooks.endpoints.delete       204 403 403 404 401
GET    webhooks/{id}/history/       webhooks.endpoints.view         200 403 403 404 401
POST   webhooks/{id}/enable/        webhooks.endpoints.update       200 403 403 404 401
POST   webhooks/{id}/rotate/        webhooks.endpoints.update       200 403 403 404 401
POST   webhooks/{id}/test/          webhooks.endpoints.update       204 403 403 404 401
POST   webhooks/{id}/replay/        webhooks.deliveries.replay      200 403 403 404 401
GET    webhooks/{id}/deliveries/    webhooks.deliveries.view        200 403 403 404 401
GET    webhooks/{id}/deliveries/{delivery_id}/ webhooks.deliveries.view 200 403 403 404 401
POST   webhooks/{id}/deliveries/{delivery_id}/replay/ webhooks.deliveries.replay 200 403 403 404 401
POST   invoices/{id}/pdf/           accounting.invoices.print       202 202 202 404 401
POST   invoices/{id}/send/          accounting.invoices.send        202 202 403 404 401
POST   invoices/send/               accounting.invoices.send        202 202 403 404 401
POST   credit-notes/{id}/pdf/       accounting.credit-notes.print   202 202 202 404 401
POST   credit-notes/{id}/send/      accounting.credit-notes.send    202 202 403 404 401
POST   credit-notes/send/           accounting.credit-notes.send    202 202 403 404 401
POST   debit-notes/{id}/pdf/        accounting.debit-notes.print    202 202 202 404 401
POST   debit-notes/{id}/send/       accounting.debit-notes.send     202 202 403 404 401
POST   debit-notes/send/            accounting.debit-notes.send     202 202 403 404 401
POST   bills/{id}/pdf/              accounting.bills.print          202 202 202 404 401
POST   contacts/{id}/statement/     accounting.contacts.print       202 202 202 404 401
POST   contacts/{id}/statement/send/ accounting.contacts.send        202 202 403 404 401
POST   payments/{id}/remittance/    accounting.payments.print       202 202 202 404 401
POST   payments/{id}/remittance/send/ accounting.payments.send        202 202 403 404 401
GET    letterhead/                  accounting.letterhead.view      200 200 200 200 401
GET    letterhead/history/          accounting.letterhead.view      200 200 200 200 401
PATCH  letterhead/                  accounting.letterhead.update    200 200 403 200 401
GET    mails/                       mail.mails.view                 200 200 403 200 401
GET    mails/{id}/                  mail.mails.view                 200 200 403 404 401
POST   mails/{id}/send-again/       mail.mails.send                 200 200 403 404 401
GET    mail-settings/               mail.settings.view              200 403 403 200 401
PATCH  mail-settings/               mail.settings.update            200 403 403 200 401
GET    mail-settings/history/       mail.settings.view              200 403 403 200 401
GET    mail-kinds/                  mail.templates.view             200 403 403 200 401
GET    mail-templates/              mail.templates.view             200 403 403 200 401
POST   mail-templates/              mail.templates.create           201 403 403 201 401
GET    mail-templates/{id}/         mail.templates.view             200 403 403 404 401
GET    mail-templates/{id}/history/ mail.templates.view             200 403 403 404 401
PATCH  mail-templates/{id}/         mail.templates.update           200 403 403 404 401
DELETE mail-templates/{id}/         mail.templates.delete           204 403 403 404 401
GET    usage-events/                activity.events.view            200 403 403 200 401
POST   usage-events/                authenticated                   202 202 202 202 401
POST   usage-events/tokens/         authenticated                   201 201 201 201 401
GET    usage-events/summary/        activity.summary.view           200 403 403 200 401
GET    usage-events/quota/          activity.quotas.view            200 403 403 200 401
GET    usage-events/quota/history/  activity.quotas.view            200 403 403 200 401
PATCH  usage-events/quota/          activity.quotas.update          403 403 403 403 401
GET    audit/                       audit.log.view                  200 403 403 200 401
GET    audit/platform/              audit.platform.view             403 403 403 403 401
GET    audit/{id}/                  audit.log.view                  200 403 403 404 401
"""
#: From hexadecimal digits.
LETTERS = str.maketrans("0123456789", "ghijklmnop")
TALK = ("threads", "messages")
EXPORT = {"list": "taxes", "format": "csv"}
#: Of templates, of which a company has one in each; none that begins as those of LETTERS.
LANGUAGES = map("".join, itertools.product("qrstuvwxyz", string.ascii_lowercase))
CALLERS = ("owner", "accountant", "viewer", "stranger", "nobody")
MISSING = "01900000-0000-7000-8000-000000000000"


class Rule(NamedTuple):
    method: str
    path: str
    permission: str
    statuses: dict[str, int]


def rules() -> list[Rule]:
    rows = [row.split() for row in TABLE.strip().splitlines()]
    return [
        Rule(method, path, permission, dict(zip(CALLERS, map(int, statuses), strict=True)))
        for method, path, permission, *statuses in rows
    ]


RULES = rules()
IDS = [f"{rule.method} {rule.path}" for rule in RULES]
#: A link is for whoever has it.
BY_ID = [rule for rule in RULES if "{id}" in rule.path and rule.permission != PUBLIC]


@dataclass
class World:
    """A company with its people, and a stranger with a company of his own."""

    company: Company
    books: Books
    login: dict[str, Callable[[], Api]]

    def webhook(self) -> tuple[Any, Any]:
        """A new one, and its dead delivery; those of before make room."""
        for one in self.books.api.ok("GET", "webhooks/")["data"]:
            self.books.api.ok("DELETE", f"webhooks/{one['id']}/")
        return dead_delivery(self.company)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock():
        acme, globex = new_company(new_user("alice")), new_company(new_user("charlie"))
        accountant = join(acme, new_user("ann"), "accountant")
        viewer = join(acme, new_user("bob"), "viewer")
        keeper = join(acme, new_user("keeper"), "owner")  # nobody ends her login
        yield World(
            acme,
            fill(open_books(api_of(acme, keeper))),
            {
                "owner": lambda: api_of(acme, acme.owner),
                "accountant": lambda: api_of(acme, accountant),
                "viewer": lambda: api_of(acme, viewer),
                "stranger": lambda: api_of(globex, globex.owner),
                "nobody": lambda: Api(None),
            },
        )


def test_the_table_has_every_endpoint() -> None:
    """A new endpoint says here who may call it."""
    found = {(one.method, one.path, one.permission) for one in endpoints()}
    assert found == {(rule.method, rule.path, rule.permission) for rule in RULES}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_everybody_may_do_what_the_table_says(world: World, rule: Rule, caller: str) -> None:
    path, body = address(world, rule), body_of(world, rule)
    denied = caller in ("viewer", "stranger", "nobody") and rule.statuses[caller] >= 400
    api = world.login[caller]()  # a login is recorded as well
    before = footprint(world.company) if denied else None
    response = api.call(rule.method, path, body)
    assert response.status_code == rule.statuses[caller], response.content
    if denied:
        refusal(response, rule.statuses[caller])
        assert footprint(world.company) == before


@pytest.mark.parametrize("rule", BY_ID, ids=str)
def test_a_foreign_id_and_a_missing_one_are_the_same_answer(world: World, rule: Rule) -> None:
    """To a stranger, to somebody without the right, and to nobody at all."""
    body = body_of(world, rule)
    for caller in ("stranger", "viewer", "nobody"):
        api = world.login[caller]()
        theirs = api.call(rule.method, address(world, rule), body)
        missing = api.call(rule.method, named(world, rule.path, MISSING), body)
        if caller == "viewer" and (rule.method == "GET" or rule.statuses[caller] < 400):
            continue
        assert without_request_id(theirs) == without_request_id(missing)


def test_a_list_holds_nothing_of_others(world: World) -> None:
    stranger = world.login["stranger"]()
    for rule in RULES:
        if rule.method == "GET" and rule.path.count("/") == 1 and rule.path != "settings/":
            text = stranger.get(rule.path).content.decode()
            assert not [one for one in world.books.ids(rule.path.strip("/")) if one in text]


def test_who_may_create_may_not_post_by_that(world: World) -> None:
    """`post: true` is two things at once, and needs both permissions."""
    codes = [f"accounting.{noun}.create" for noun in ("invoices", "payments", "journals")]
    clerk = rights.member_of(world.company, *codes, name="clerk")
    api, books = api_of(world.company, clerk), world.books
    calls = {
        "invoices/": document(books.customer),
        "payments/": payment(books.customer),
        "journals/": journal(books.accounts["bank"], books.accounts["sales"]),
    }
    for path, body in calls.items():
        error = refusal(api.post(path, body | {"post": True}), 403)
        assert path.strip("/") in error["message"]
        assert api.post(path, body).status_code == 201


def test_a_permission_taken_away_is_gone_at_once(world: World) -> None:
    role = rights.role_of(world.company, "accounting.invoices.view")
    api = api_of(world.company, join(world.company, new_user("eve"), role["code"]))
    assert api.get("invoices/").status_code == 200
    role_update(world.company.ctx(), role_id=role["id"], values={"grants": []})
    refusal(api.get("invoices/"), 403)


# --- means ------------------------------------------------------------------------------


def without_request_id(response: Any) -> tuple[int, Any]:
    response.data["error"].pop("request_id")
    return response.status_code, response.data


def address(world: World, rule: Rule) -> str:
    """The rule's address with the id of a record that fits, as a dry run where there is one."""
    books, noun = world.books, rule.path.split("/")[0]
    path = ""
    if "{id}" in rule.path and noun in TALK:
        talk = talk_of(world.company)
        leaving = rule.method == "DELETE" and noun == "threads"
        who = str(talk.colleague.pk) if leaving else ""
        return named(world, rule.path, talk.id_for(noun), who)
    if noun == "files":
        link = path_and_token(link_of(world.company, file := keep(world.company)))
        return link if rule.permission == PUBLIC else rule.path.replace("{id}", str(file.pk))
    if "{id}" in rule.path and noun == "exports":
        made = api_of(world.company, world.company.owner).ok("POST", "exports/", EXPORT)
        return rule.path.replace("{id}", made["id"]) + "?dry_run=true" * (rule.method == "POST")
    if "{id}" in rule.path and noun == "webhooks":
        hook, delivery = map(str, world.webhook())
        return rule.path.replace("{id}", hook).replace("{delivery_id}", delivery)
    if "{id}" in rule.path and noun in ("mails", "mail-templates"):
        return mail_address(world.company, rule)
    if "{id}" in rule.path and noun == "jobs":
        job_id = enqueue(world.company)
        if "replay" in rule.path:
            job_cancel(world.company.ctx(), job_id=job_id)
        path = rule.path.replace("{id}", str(job_id))
        return path + ("?dry_run=true" if rule.method == "POST" else "")
    if rule.path == "messages/search/":
        return f"{rule.path}?q=plan"
    if "{id}" in rule.path and ("session" in rule.path or "invite" in rule.path):
        path = rule.path.replace("{id}", entry_id(world.company, noun))
    elif "{id}" in rule.path:
        mine = rights_id(world.company, noun) if noun in RIGHTS else fitting_id(books, rule, noun)
        path = rule.path.replace("{id}", mine)
    if rule.path == "reports/general-ledger/":
        return f"{rule.path}?account_id={books.accounts['bank']}"
    if rule.path == "permissions/explain/":
        return f"{rule.path}?code={rights.VIEW}"
    is_transition = rule.path.endswith(("/post/", "/reverse/", "/credit/"))
    return (path or rule.path) + ("?dry_run=true" if is_transition else "")


def mail_address(company: Company, rule: Rule) -> str:
    """A mail that failed, or a template that nobody needs."""
    if rule.path.startswith("mails/"):
        path = rule.path.replace("{id}", str(failed_mail(company).pk))
        return path + ("?dry_run=true" if rule.method == "POST" else "")
    made = template_of(company, language=next(LANGUAGES))
    return rule.path.replace("{id}", str(made.pk))


def named(world: World, path: str, record_id: str, user_id: str = "") -> str:
    """`path` with everything in braces filled in."""
    path = path.replace("{user_id}", user_id or str(world.company.owner.pk))
    path = path.replace("{delivery_id}", MISSING)
    return path.replace("{id}", record_id).replace("{emoji}", THUMB)


def entry_id(company: Company, noun: str) -> str:
    """A login of the owner, somebody who was invited, or a colleague who is not needed."""
    if noun == "auth":
        return entry.session_of(company)
    if noun == "memberships":
        return str(entry.invitation_of(company).pk)
    return str(join(company, new_user("dan"), "viewer").pk)


def rights_id(company: Company, noun: str) -> str:
    """The owner, or a new role and its only grant."""
    if noun in ("users", "memberships"):
        member = rights.membership_of(company, company.owner)
        return str(member.user_id if noun == "users" else member.pk)
    role = rights.role_of(company, rights.VIEW)
    return str(role["id"] if noun == "roles" else rights.grant_id(company, role, rights.VIEW))


def fitting_id(books: Books, rule: Rule, noun: str) -> str:
    if rule.path == "contacts/{id}/erase/":
        return str(books.api.ok("POST", "contacts/", {"name": "Nobody's customer"})["id"])
    if noun not in books.drafts:
        listed = noun in ("series", "audit")
        return books.api.ok("GET", f"{noun}/")["data"][0]["id"] if listed else books.ids(noun)[-1]
    if rule.method == "DELETE":
        body = {"payments": payment(books.customer), "journals": journal_entry(books)}
        made = books.api.ok("POST", f"{noun}/", body.get(noun, document(books.customer)))
        return str(made["id"])
    if rule.path.endswith(("/reverse/", "/send/")) and noun != "contacts":
        return unsettled(books, noun)
    return (books.posted if rule.path.endswith("/credit/") else books.drafts)[noun]


def unsettled(books: Books, noun: str) -> str:
    """A posted record that nothing is allocated to."""
    body = {"payments": payment(books.customer), "journals": journal_entry(books)}
    posted = body.get(noun, document(books.customer)) | {"post": True}
    return str(books.api.ok("POST", f"{noun}/", posted)["id"])


def many(books: Books, noun: str, contact: str) -> Any:
    """Something posted, of a contact that can be written to."""
    books.api.ok("PATCH", f"contacts/{contact}/", {"email": "reader@example.test"})
    made = books.api.ok("POST", f"{noun}/", document(contact, post=True))
    return {"ids": [made["id"]]}


def journal_entry(books: Books) -> Any:
    return journal(books.accounts["bank"], books.accounts["sales"])


def body_of(world: World, rule: Rule) -> Any:
    books, code = world.books, secrets.token_hex(4)
    owner = world.company.owner
    if rule.path == "auth/refresh/":
        tokens = session_open(world.company.ctx(), user_id=owner.pk)
        return {"refresh_token": tokens.refresh}
    if rule.path == "auth/reset-password/":
        return {"token": entry.reset_token(world.company), "password": f"{PASSWORD} {code}"}
    if rule.path == "auth/accept-invitation/":
        return {"token": entry.invitation_token(world.company), "password": f"{PASSWORD} {code}"}
    if rule.path == "grants/" and rule.method == "POST":
        return {"role_id": rights.role_of(world.company)["id"], "code": rights.VIEW}
    said = body_for(rule.method, rule.path, world.company)
    if said is not None:
        return said
    if rule.path.endswith("/send/"):
        noun = rule.path.split("/")[0]
        contact = books.supplier if noun == "debit-notes" else books.customer
        single = {"recipients": ["reader@example.test"]}
        return single if "{id}" in rule.path else many(books, noun, contact)
    settled = {"document_id": books.posted["invoices"], "amount": "0.01"}
    return {
        "POST webhooks/": {"url": "https://hooks.example.com/"},
        "POST auth/login/": {"email": owner.email, "password": PASSWORD},
        "POST auth/forgot-password/": {"email": f"{code}@example.test"},
        "POST memberships/": {"email": f"{code}@example.test", "roles": ["viewer"]},
        "POST usage-events/": {"events": [viewed()]},
        "POST roles/": {"code": f"r-{code}", "name": "Role", "grants": [rights.VIEW]},
        "PATCH modules/": {"user_id": owner.pk, "modules": []},
        "POST accounts/": {"code": code, "name": "Travel", "type": "expense"},
        "POST taxes/": {
            "code": code,
            "name": "VAT",
            "rate": "5",
            "account_id": books.accounts["tax"],
        },
        "POST contacts/": {"name": "Ann"},
        "POST exports/": EXPORT,
        "POST journals/": journal_entry(books),
        "POST invoices/": document(books.customer, line()),
        "POST bills/": document(books.supplier),
        "POST credit-notes/": document(books.customer),
        "POST debit-notes/": document(books.supplier),
        "POST payments/": payment(books.customer),
        "POST mail-templates/": {
            "kind": KIND,
            "language": code[:2].translate(LETTERS),
            "subject": "A",
            "text": "B",
        },
        "POST allocations/": settled | {"payment_id": books.posted["payments"]},
    }.get(f"{rule.method} {rule.path}", {} if rule.method != "GET" else None)
