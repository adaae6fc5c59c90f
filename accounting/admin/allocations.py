"""Allocations: facts, undone by facts."""

from datetime import date
from typing import Any

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateFilter

from accounting.admin.display import NOTHING, amount, link, links
from accounting.admin.posting import PostingAdmin
from accounting.models import Allocation
from accounting.services.allocations import allocation_reverse
from core.exports.console import ExportedList
from core.tenancy.admin import Fact, Record, StaffRequest
from core.tenancy.context import Context


@admin.register(Allocation)
class AllocationAdmin(ExportedList, PostingAdmin):
    page = "accounting.allocations"
    date_field = "effective_on"
    actions = ("reverse_selected",)
    reverse_label = "Undo"
    reversed_word = "undone"
    list_display = ("effective", "document", "settled_by", "undoes", "settled_amount")
    list_select_related = ("document", "payment", "credit", "document__contact")
    list_filter = (("effective_on", RangeDateFilter),)
    search_fields = (
        "document__number__icontains",
        "payment__number__icontains",
        "credit__number__icontains",
        "document__contact__name__icontains",
    )
    search_help_text = "Number or contact"

    def reverse_record(self, ctx: Context, record: Allocation, effective_on: date | None) -> str:
        allocation_reverse(ctx, allocation_id=record.id, effective_on=effective_on)
        return f"{amount(record.amount)} of {record.document}"

    def can_post(self, record: Allocation) -> bool:
        return False

    def can_reverse(self, record: Allocation) -> bool:
        return record.reverses_id is None and not record.reversals.exists()

    @admin.display(description="day", ordering="effective_on")
    def effective(self, allocation: Allocation) -> str:
        return str(allocation.effective_on)

    @admin.display(description="settled by")
    def settled_by(self, allocation: Allocation) -> Any:
        return allocation.payment or allocation.credit

    @admin.display(description="undoes another", boolean=True)
    def undoes(self, allocation: Allocation) -> bool:
        return allocation.reverses_id is not None

    @admin.display(description="amount", ordering="amount")
    def settled_amount(self, allocation: Allocation) -> str:
        return amount(allocation.amount)

    def record(self, request: StaffRequest, obj: Allocation) -> Record:
        user = request.user
        facts = [
            Fact("Settled", link(user, obj.document)),
            Fact("By", link(user, obj.payment or obj.credit)),
            Fact("Contact", link(user, obj.document.contact)),
            Fact("Day", str(obj.effective_on)),
            Fact(f"Amount {obj.document.currency}", amount(obj.amount)),
            Fact("Undoes", link(user, obj.reverses)),
            Fact("Undone by", links(user, obj.reversals.all())),
        ]
        shown = [fact for fact in facts if fact.value != NOTHING]
        return Record(shown, buttons=self.buttons(request, obj))
