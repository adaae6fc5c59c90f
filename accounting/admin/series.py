"""Series: how far the numbers of each kind have come. They are only taken, never set."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from accounting.models import Series
from core.tenancy.admin import Fact, Record, RecordAdmin, StaffRequest


@admin.register(Series)
class SeriesAdmin(RecordAdmin):
    page = "accounting.series"
    list_display = ("kind_name", "fiscal_year", "next_name")
    list_filter = (("kind", ChoicesDropdownFilter),)

    @admin.display(description="kind", ordering="kind")
    def kind_name(self, series: Series) -> str:
        return series.get_kind_display()

    @admin.display(description="next number", ordering="next_number")
    def next_name(self, series: Series) -> str:
        return f"{series.prefix}{series.next_number:0{series.digits}d}"

    def record(self, request: StaffRequest, obj: Series) -> Record:
        return Record(
            [
                Fact("Kind", obj.get_kind_display()),
                Fact("Fiscal year", obj.fiscal_year),
                Fact("Next number", self.next_name(obj)),
            ]
        )
