from typing import Any

from activity.authentication import BodyTokenAuthentication
from activity.caches import USAGE_SUMMARY
from activity.filters import SummaryFilter, UsageEventFilter
from activity.models import UsageQuota
from activity.selectors.events import usage_event_list
from activity.selectors.quotas import quota_get, quota_record
from activity.selectors.summary import usage_summary
from activity.serializers import (
    QuotaOutput,
    QuotaPatch,
    SummaryOutput,
    TakenOutput,
    TokenOutput,
    UsageEventOutput,
    UsageEventsBody,
)
from activity.services.events import ACCEPTED, DUPLICATE, REFUSED, usage_events_take
from activity.services.quotas import quota_update
from activity.throttles import UsageThrottle
from activity.tokens import token_issue
from core.api.endpoints import reads, writes
from core.api.guards import AUTHENTICATED
from core.api.rendering import BatchParser, TextBatchParser
from core.api.requests import TenantRequest
from core.api.throttles import CallerThrottle
from core.api.views import TenantView, expected_version
from core.audit.views import history_view
from core.listing import Page, PageRequest
from permissions.authentication import BearerAuthentication, bearer_hash

Row = dict[str, Any]


class UsageEventsView(TenantView):
    resource = "usage-events"
    parser_classes = [BatchParser, TextBatchParser]

    def get_authenticators(self) -> list[Any]:
        """The token in the body is for telling only; reading needs a login."""
        found: list[Any] = [BearerAuthentication()]
        is_write = self.request is not None and self.request.method == "POST"
        return [*found, BodyTokenAuthentication()] if is_write else found

    def get_throttles(self) -> list[Any]:
        """Counted apart, so that what is told of a user's work never slows the work itself."""
        is_write = self.request is not None and self.request.method == "POST"
        return [UsageThrottle() if is_write else CallerThrottle()]

    @reads(
        "activity.events.view",
        UsageEventOutput,
        many=True,
        filters=UsageEventFilter,
        csv=True,
        summary="Who did what, newest first",
    )
    def get(self, request: TenantRequest, page: PageRequest) -> Page:
        return usage_event_list(request.ctx, page=page)

    @writes(
        AUTHENTICATED,
        TakenOutput,
        body=UsageEventsBody,
        status=202,
        idempotent=False,
        summary="Tell what happened, up to 500 events; each is answered for itself",
    )
    def post(self, request: TenantRequest, body: Row) -> Row:
        """Also as `text/plain`, and with `token` in place of the header, for `sendBeacon`."""
        taken = usage_events_take(request.ctx, given=body["events"])
        return {
            "accepted": taken.count(ACCEPTED),
            "duplicates": taken.count(DUPLICATE),
            "refused": taken.count(REFUSED),
            "quota": taken.quota,
            "results": [result._asdict() for result in taken.results],
        }


class EventTokensView(TenantView):
    resource = "usage-events"

    @writes(
        AUTHENTICATED,
        TokenOutput,
        status=201,
        idempotent=False,
        summary="A token that can tell events and nothing else, for an hour of this login",
    )
    def post(self, request: TenantRequest) -> Row:
        return token_issue(bearer_hash(request), request.ctx.now)._asdict()


class SummaryView(TenantView):
    resource = "usage-events"

    @reads(
        "activity.summary.view",
        SummaryOutput,
        filters=SummaryFilter,
        csv=True,
        cached=USAGE_SUMMARY,
        summary="Events by type and day or hour; a minute old at most",
    )
    def get(self, request: TenantRequest, filters: Row) -> Row:
        return usage_summary(request.ctx, filters=filters)


class QuotaView(TenantView):
    resource = "quotas"

    @reads(
        "activity.quotas.view", QuotaOutput, etag=True, summary="This month's events of the plan"
    )
    def get(self, request: TenantRequest) -> Row:
        return quota_get(request.ctx)

    @writes(
        "activity.quotas.update",
        QuotaOutput,
        body=QuotaPatch,
        etag=True,
        summary="Put the company on a plan; for the platform's admins",
    )
    def patch(self, request: TenantRequest, body: Row) -> Row:
        if "plan" in body:
            version = expected_version(request)
            quota_update(request.ctx, plan=body["plan"], expected_version=version)
        return quota_get(request.ctx)


QuotaHistoryView = history_view("activity.quotas.view", UsageQuota, quota_record)
