"""What staff do to a record: one call of a service, and a line that says what came of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from core.errors import DomainError, NotFound
from core.tenancy.admin import Button, RecordAdmin, StaffRequest, readable_refusals
from core.tenancy.context import Context


def perform(
    request: StaffRequest,
    work: Callable[[], Any],
    said: str | Callable[[Any], str],
    refused: str = "",
) -> bool:
    """Call a service inside the page's transaction; whether it was done.

    Tells `said`, or what `said` makes of the result; otherwise `refused` and why. What is refused
    stays whole, because a service has a savepoint of its own there.
    """
    try:
        with readable_refusals():
            result = work()
    except DomainError as refusal:
        gone = isinstance(refusal, NotFound)
        reason = "There is no such record." if gone else refusal.message
        messages.error(request, f"{refused}{reason}")
        return False
    messages.success(request, said(result) if callable(said) else said)
    return True


@dataclass(frozen=True, slots=True)
class Act:
    """A button: whether it `fits` a record decides what the page offers, no more than that."""

    label: str
    permission: str
    service: Callable[[Context, UUID], Any]
    said: str
    fits: Callable[[Any], bool] = lambda record: True


class ActsAdmin(RecordAdmin):
    """A record with buttons; `record` shows those of `buttons`."""

    acts: ClassVar[Mapping[str, Act]]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.act_view))
        ours = [
            path(f"<uuid:record_id>/{verb}/", view, {"verb": verb}, name=self._named(verb))
            for verb in self.acts
        ]
        found: list[URLPattern] = super().get_urls()
        return ours + found

    def act_view(self, request: StaffRequest, record_id: UUID, verb: str) -> HttpResponse:
        if not request.user.has_perm(self.acts[verb].permission):
            raise PermissionDenied
        self.act(request, verb, [record_id])
        return HttpResponseRedirect(reverse(f"admin:{self._named('change')}", args=[record_id]))

    def act(self, request: StaffRequest, verb: str, record_ids: Iterable[UUID]) -> None:
        act = self.acts[verb]
        for record_id in record_ids:
            perform(request, partial(act.service, request.ctx, record_id), act.said)

    def buttons(self, request: StaffRequest, record: Any) -> list[Button]:
        """What this person may do with this record now."""
        return [
            Button(act.label, reverse(f"admin:{self._named(verb)}", args=[record.pk]))
            for verb, act in self.acts.items()
            if act.fits(record) and request.user.has_perm(act.permission)
        ]

    def _named(self, verb: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{verb}"
