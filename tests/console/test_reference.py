"""Reference data in the console: plain forms, one write path."""

from typing import Any

from accounting.models import Account, CompanySettings, Contact, Tax
from core.jobs.models import OutboxEvent
from tests.cast import Company
from tests.console.desk import Desk, books_of, contact_of, read, reload, staff


def account_named(company: Company, code: str) -> Account:
    return read(company.ctx(), lambda: Account.objects.get(code=code))


def refusals(response: Any) -> dict[str, list[str]]:
    return response.context["adminform"].form.errors


def test_a_contact_is_saved_by_the_service(acme: Company) -> None:
    desk = staff(acme, role="accountant")
    body = {"name": "Müller", "is_customer": "on", "country": "DE", "is_active": "on"}
    desk.post("accounting_contact_add", body=body)
    contact = read(acme.ctx(), lambda: Contact.objects.get())
    assert (contact.name, contact.country, contact.version) == ("Müller", "DE", 1)
    event = OutboxEvent.objects.get(tenant_id=acme.tenant_id, payload__record_id=str(contact.pk))
    assert event.actor_id == desk.user.pk

    body |= {"name": "Müller GmbH", "version": "1"}
    desk.post("accounting_contact_change", contact.pk, body=body)
    assert "changed successfully" in desk.said()
    after = reload(acme, Contact, contact.pk)
    assert (after.name, after.version) == ("Müller GmbH", 2)


def test_somebody_else_s_change_is_not_overwritten(acme: Company) -> None:
    desk = staff(acme)
    contact = contact_of(acme)
    body = {"name": "First", "is_customer": "on", "version": "1"}
    desk.post("accounting_contact_change", contact.pk, body=body)
    response = desk.post(
        "accounting_contact_change", contact.pk, body=body | {"name": "Second"}, status=200
    )
    assert "Somebody changed this record" in str(refusals(response))
    assert reload(acme, Contact, contact.pk).name == "First"


def test_a_refusal_of_the_service_stands_in_the_form(acme: Company) -> None:
    desk = staff(acme)
    body = {"code": "1000", "name": "Second bank", "type": "asset", "role": ""}
    response = desk.post("accounting_account_add", body=body, status=200)
    assert "There is an account with this code." in str(refusals(response))
    assert "Second bank" in response.content.decode()

    parent = account_named(acme, "4000")
    body |= {"code": "1001", "parent": str(parent.pk)}
    response = desk.post("accounting_account_add", body=body, status=200)
    assert refusals(response)["parent"] == ["The parent is of type income."]
    assert read(acme.ctx(), lambda: Account.objects.filter(name="Second bank").count()) == 0


def test_the_api_s_shape_holds_here_too(acme: Company) -> None:
    desk = staff(acme)
    body = {"name": "X", "is_customer": "on", "country": "deu", "payment_terms_days": "99999"}
    response = desk.post("accounting_contact_add", body=body, status=200)
    assert set(refusals(response)) == {"country", "payment_terms_days"}
    body |= {"country": "de", "payment_terms_days": "-1"}
    response = desk.post("accounting_contact_add", body=body, status=200)
    assert set(refusals(response)) == {"country", "payment_terms_days"}


def test_an_account_with_postings_keeps_its_type(acme: Company) -> None:
    desk = staff(acme)
    account = books_of(acme).account
    body = {"code": "4000", "name": "Sales", "type": "asset", "role": "sales", "is_active": "on"}
    response = desk.post("accounting_account_change", account.pk, body=body, status=200)
    assert "Postings to this account exist" in str(refusals(response))
    assert reload(acme, Account, account.pk).type == "income"


def test_a_tax_and_its_account(acme: Company, globex: Company) -> None:
    desk = staff(acme)
    body = {"code": "S", "name": "VAT", "rate": "20", "is_active": "on"}
    theirs = account_named(globex, "2200")
    response = desk.post("accounting_tax_add", body=body | {"account": str(theirs.pk)}, status=200)
    assert "account" in refusals(response)
    mine = account_named(acme, "2200")
    desk.post("accounting_tax_add", body=body | {"account": str(mine.pk)})
    assert read(acme.ctx(), lambda: Tax.objects.get().account_id) == mine.pk
    response = desk.post(
        "accounting_tax_add",
        body=body | {"code": "Z", "account": str(mine.pk), "rate": "101"},
        status=200,
    )
    assert "rate" in refusals(response)


def test_settings_are_one_form(acme: Company) -> None:
    desk = staff(acme)
    settings = read(acme.ctx(), lambda: CompanySettings.objects.get())
    page = desk.client.get("/admin/accounting/companysettings/")
    assert str(settings.pk) in page.headers["Location"]
    body = _settings_body(settings)
    body["payment_terms_days"] = "14"
    desk.post("accounting_companysettings_change", settings.pk, body=body)
    assert reload(acme, CompanySettings, settings.pk).payment_terms_days == 14
    for wrong in ('{"invoice": {}}', "nonsense", "[]", "3"):
        response = desk.post(
            "accounting_companysettings_change",
            settings.pk,
            body=body | {"number_formats": wrong, "version": str(_version(acme, settings))},
            status=200,
        )
        assert "number_formats" in refusals(response), wrong


def _version(company: Company, settings: CompanySettings) -> int:
    return reload(company, CompanySettings, settings.pk).version


def _settings_body(settings: CompanySettings) -> dict[str, str]:
    import json

    return {
        "base_currency": settings.base_currency,
        "payment_terms_days": str(settings.payment_terms_days),
        "books_kept_years": str(settings.books_kept_years),
        "fiscal_year_start_month": "1",
        "fiscal_year_start_day": "1",
        "tax_rounding": settings.tax_rounding,
        "number_formats": json.dumps(settings.number_formats),
        "version": str(settings.version),
    }


def test_a_viewer_sees_values_and_no_fields(acme: Company) -> None:
    desk: Desk = staff(acme, role="viewer")
    contact = contact_of(acme)
    page = desk.get("accounting_contact_change", contact.pk)
    assert "Dawson &amp; Sons" in page
    assert 'name="name"' not in page
