from pathlib import Path
from typing import Any

from accounting.management.imports import ImportCommand
from accounting.services.imports.invoices import invoices_import
from accounting.services.imports.report import Progress, Summary
from core.tenancy.context import Context


class Command(ImportCommand):
    help = (
        "Books the invoices and credit notes of an Online Retail file "
        "(InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, "
        "Country). "
        "Run it again to continue; what is booked already is left alone."
    )
    noun = "documents"

    def load(
        self, ctx: Context, path: Path, report: Path, progress: Progress, options: dict[str, Any]
    ) -> Summary:
        return invoices_import(ctx, path=path, report_path=report, progress=progress)
