from typing import Any
from uuid import UUID

from accounting.caches import ACCOUNTS, SETTINGS, TAXES
from accounting.filters import AccountFilter, ContactFilter, SeriesFilter, TaxFilter
from accounting.models import Account, Contact, Series, Tax
from accounting.selectors.reference import reference_get, reference_list, settings_get
from accounting.serializers.reference import (
    AccountBody,
    AccountOutput,
    ContactBody,
    ContactOutput,
    SeriesOutput,
    SettingsOutput,
    SettingsPatch,
    TaxBody,
    TaxOutput,
    record_shape,
)
from accounting.services import reference
from core.api.endpoints import reads, writes
from core.api.requests import TenantRequest
from core.api.views import TenantView, expected_version
from core.listing import Page, PageRequest

Row = dict[str, Any]
account_shape = record_shape(AccountOutput)
tax_shape = record_shape(TaxOutput)
contact_shape = record_shape(ContactOutput)
settings_shape = record_shape(SettingsOutput)


class AccountsView(TenantView):
    resource = "accounts"

    @reads(
        "accounting.accounts.view",
        AccountOutput,
        many=True,
        filters=AccountFilter,
        csv=True,
        cached=ACCOUNTS,
        summary="The chart of accounts, by code",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return reference_list(request.ctx, model=Account, page=page)

    @writes(
        "accounting.accounts.create",
        AccountOutput,
        body=AccountBody,
        status=201,
        etag=True,
        summary="Add an account",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        return account_shape(reference.account_create(request.ctx, values=body))


class AccountView(TenantView):
    resource = "accounts"

    @reads("accounting.accounts.view", AccountOutput, etag=True, cached=ACCOUNTS, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return account_shape(reference_get(request.ctx, model=Account, record_id=id))

    @writes(
        "accounting.accounts.update",
        AccountOutput,
        body=AccountBody,
        partial=True,
        etag=True,
        summary="Change it; its type only while nothing is posted to it",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        version = expected_version(request)
        return account_shape(
            reference.account_update(
                request.ctx, account_id=id, values=body, expected_version=version
            )
        )


class TaxesView(TenantView):
    resource = "taxes"

    @reads(
        "accounting.taxes.view",
        TaxOutput,
        many=True,
        filters=TaxFilter,
        csv=True,
        cached=TAXES,
        summary="Taxes, by code",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return reference_list(request.ctx, model=Tax, page=page)

    @writes(
        "accounting.taxes.create",
        TaxOutput,
        body=TaxBody,
        status=201,
        etag=True,
        summary="Add a tax",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        return tax_shape(reference.tax_create(request.ctx, values=body))


class TaxView(TenantView):
    resource = "taxes"

    @reads("accounting.taxes.view", TaxOutput, etag=True, cached=TAXES, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return tax_shape(reference_get(request.ctx, model=Tax, record_id=id))

    @writes(
        "accounting.taxes.update",
        TaxOutput,
        body=TaxBody,
        partial=True,
        etag=True,
        summary="Change it; lines that exist keep their rate",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        version = expected_version(request)
        return tax_shape(
            reference.tax_update(request.ctx, tax_id=id, values=body, expected_version=version)
        )


class ContactsView(TenantView):
    resource = "contacts"

    @reads(
        "accounting.contacts.view",
        ContactOutput,
        many=True,
        filters=ContactFilter,
        csv=True,
        summary="Customers and suppliers, by name",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return reference_list(request.ctx, model=Contact, page=page)

    @writes(
        "accounting.contacts.create",
        ContactOutput,
        body=ContactBody,
        status=201,
        etag=True,
        summary="Add a contact",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        return contact_shape(reference.contact_create(request.ctx, values=body))


class ContactView(TenantView):
    resource = "contacts"

    @reads("accounting.contacts.view", ContactOutput, etag=True, summary="One")
    def get(self, request: TenantRequest, id: UUID) -> Row:
        return contact_shape(reference_get(request.ctx, model=Contact, record_id=id))

    @writes(
        "accounting.contacts.update",
        ContactOutput,
        body=ContactBody,
        partial=True,
        etag=True,
        summary="Change it",
    )
    def patch(self, request: TenantRequest, id: UUID, body: Row) -> Row:
        version = expected_version(request)
        return contact_shape(
            reference.contact_update(
                request.ctx, contact_id=id, values=body, expected_version=version
            )
        )


class SeriesView(TenantView):
    resource = "series"

    @reads(
        "accounting.series.view",
        SeriesOutput,
        many=True,
        filters=SeriesFilter,
        csv=True,
        summary="Number series, by kind and fiscal year",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return reference_list(request.ctx, model=Series, page=page)


class SettingsView(TenantView):
    resource = "settings"

    @reads(
        "accounting.settings.view",
        SettingsOutput,
        etag=True,
        cached=SETTINGS,
        summary="The company's settings",
    )
    def get(self, request: TenantRequest) -> Row:
        return settings_shape(settings_get(request.ctx))

    @writes(
        "accounting.settings.update",
        SettingsOutput,
        body=SettingsPatch,
        etag=True,
        summary="Change them; currency and fiscal year only before the first posting",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        version = expected_version(request)
        return settings_shape(
            reference.settings_update(request.ctx, values=body, expected_version=version)
        )
