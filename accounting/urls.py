"""The addresses of the books."""

from django.urls import URLPattern, path

from accounting.views import (
    documents,
    history,
    journals,
    papers,
    payments,
    privacy,
    reference,
    reports,
)


def document_paths(noun: str, kind: str) -> list[URLPattern]:
    """The same addresses for each kind of document."""
    address = {"kind": kind, "resource": noun}
    found = [
        path(f"{noun}/", documents.DocumentsView.as_view(**address)),
        path(f"{noun}/<uuid:id>/", documents.DocumentView.as_view(**address)),
        path(f"{noun}/<uuid:id>/history/", history.document_history(noun, kind).as_view()),
        path(f"{noun}/<uuid:id>/post/", documents.DocumentPostView.as_view(**address)),
        path(f"{noun}/<uuid:id>/pdf/", papers.DocumentPrintView.as_view(**address)),
        path(f"{noun}/<uuid:id>/reverse/", documents.DocumentReverseView.as_view(**address)),
    ]
    if kind in ("invoice", "bill"):
        credit = documents.DocumentCreditView.as_view(**address)
        found.append(path(f"{noun}/<uuid:id>/credit/", credit))
    if kind != "bill":  # which is the supplier's own paper
        found += [
            path(f"{noun}/send/", papers.DocumentsSendView.as_view(**address)),
            path(f"{noun}/<uuid:id>/send/", papers.DocumentSendView.as_view(**address)),
        ]
    return found


urlpatterns = [
    path("accounts/", reference.AccountsView.as_view()),
    path("accounts/<uuid:id>/", reference.AccountView.as_view()),
    path("accounts/<uuid:id>/history/", history.AccountHistoryView.as_view()),
    path("taxes/", reference.TaxesView.as_view()),
    path("taxes/<uuid:id>/", reference.TaxView.as_view()),
    path("taxes/<uuid:id>/history/", history.TaxHistoryView.as_view()),
    path("contacts/", reference.ContactsView.as_view()),
    path("contacts/<uuid:id>/", reference.ContactView.as_view()),
    path("contacts/<uuid:id>/history/", history.ContactHistoryView.as_view()),
    path("contacts/<uuid:id>/personal-data/", privacy.ContactPersonalDataView.as_view()),
    path("contacts/<uuid:id>/erase/", privacy.ContactEraseView.as_view()),
    path("contacts/<uuid:id>/statement/", papers.StatementView.as_view()),
    path("contacts/<uuid:id>/statement/send/", papers.StatementSendView.as_view()),
    path("settings/", reference.SettingsView.as_view()),
    path("settings/history/", history.SettingsHistoryView.as_view()),
    path("letterhead/", papers.LetterheadView.as_view()),
    path("letterhead/history/", history.LetterheadHistoryView.as_view()),
    path("series/", reference.SeriesView.as_view()),
    path("series/<uuid:id>/history/", history.SeriesHistoryView.as_view()),
    path("journals/", journals.JournalsView.as_view()),
    path("journals/<uuid:id>/", journals.JournalView.as_view()),
    path("journals/<uuid:id>/history/", history.JournalHistoryView.as_view()),
    path("journals/<uuid:id>/post/", journals.JournalPostView.as_view()),
    path("journals/<uuid:id>/reverse/", journals.JournalReverseView.as_view()),
    *document_paths("invoices", "invoice"),
    *document_paths("bills", "bill"),
    *document_paths("credit-notes", "credit_note"),
    *document_paths("debit-notes", "debit_note"),
    path("payments/", payments.PaymentsView.as_view()),
    path("payments/<uuid:id>/", payments.PaymentView.as_view()),
    path("payments/<uuid:id>/history/", history.PaymentHistoryView.as_view()),
    path("payments/<uuid:id>/post/", payments.PaymentPostView.as_view()),
    path("payments/<uuid:id>/reverse/", payments.PaymentReverseView.as_view()),
    path("payments/<uuid:id>/remittance/", papers.RemittanceView.as_view()),
    path("payments/<uuid:id>/remittance/send/", papers.RemittanceSendView.as_view()),
    path("allocations/", payments.AllocationsView.as_view()),
    path("allocations/<uuid:id>/", payments.AllocationView.as_view()),
    path("allocations/<uuid:id>/history/", history.AllocationHistoryView.as_view()),
    path("allocations/<uuid:id>/reverse/", payments.AllocationReverseView.as_view()),
    path("reports/trial-balance/", reports.TrialBalanceView.as_view()),
    path("reports/general-ledger/", reports.GeneralLedgerView.as_view()),
    path("reports/aged-receivables/", reports.AgedView.as_view(side="receivables")),
    path("reports/aged-payables/", reports.AgedView.as_view(side="payables")),
]
