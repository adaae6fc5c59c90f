from typing import Any

from accounting.filters import AsOfFilter, LedgerFilter
from accounting.selectors import reports
from accounting.serializers.reports import AgedOutput, LedgerRow, TrialBalanceOutput
from core.api.endpoints import reads
from core.api.requests import TenantRequest
from core.api.views import TenantView
from core.listing import Page, PageRequest

Row = dict[str, Any]
VIEW = "accounting.reports.view"


class TrialBalanceView(TenantView):
    resource = "reports"

    @reads(
        VIEW,
        TrialBalanceOutput,
        filters=AsOfFilter,
        csv=True,
        summary="Balances of all accounts at the end of a day",
    )
    def get(self, request: TenantRequest, filters: Row) -> Row:
        return reports.trial_balance(request.ctx, as_of=filters["as_of"])


class AgedView(TenantView):
    resource = "reports"
    side = ""

    @reads(
        VIEW,
        AgedOutput,
        filters=AsOfFilter,
        csv=True,
        summary="Open items by contact and days overdue",
    )
    def get(self, request: TenantRequest, filters: Row) -> Row:
        return reports.aged_balances(request.ctx, side=self.side, as_of=filters["as_of"])


class GeneralLedgerView(TenantView):
    resource = "reports"

    @reads(
        VIEW,
        LedgerRow,
        many=True,
        filters=LedgerFilter,
        csv=True,
        summary="Postings of one account with the running balance",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return reports.general_ledger(request.ctx, page=page, **page.filters)
