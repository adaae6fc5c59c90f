from django.db import models

from accounting.fields import AmountField
from core.audit.declared import Unaudited
from core.tenancy.fields import TenantField
from core.tenancy.models import TenantForeignKey, TenantModel


class AccountType(models.TextChoices):
    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class AccountRole(models.TextChoices):
    """Accounts that services find by what they are for; one of each per company."""

    RECEIVABLE = "receivable"
    PAYABLE = "payable"
    TAX = "tax"
    BANK = "bank"
    SALES = "sales"
    PURCHASES = "purchases"
    ROUNDING = "rounding"
    BAD_DEBTS = "bad_debts"
    BAD_DEBT_ALLOWANCE = "bad_debt_allowance"
    RETAINED_EARNINGS = "retained_earnings"


#: Their balance is the sum of open documents and payments, so nothing else may post to them.
CONTROL_ROLES = frozenset({AccountRole.RECEIVABLE, AccountRole.PAYABLE})


class Account(TenantModel):
    """A ledger account in the typed tree. A group only sums up; it takes no postings."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10, choices=AccountType.choices)
    role = models.CharField(max_length=20, choices=AccountRole.choices, blank=True, default="")
    parent = TenantForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    is_group = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="accounting_account_code"),
            models.UniqueConstraint(
                fields=["tenant", "role"],
                name="accounting_account_role",
                condition=~models.Q(role=""),
            ),
            models.CheckConstraint(
                condition=models.Q(type__in=AccountType.values), name="accounting_account_type"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "parent"], name="accounting_account_parent")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class AccountSum(TenantModel):
    """What was posted to one account in one span, summed by the trigger that posts journals.

    It makes a balance as of any day cost as much as there are spans, not lines.
    Ids are derived from account and span, because the database makes the rows.
    """

    debit = AmountField()
    credit = AmountField()

    class Meta(TenantModel.Meta):
        abstract = True


class AccountDay(AccountSum):
    """The sums of a day: the start of a page of the ledger, and the last month of a report."""

    tenant = TenantField(db_constraint=False)  # implied by the key to the account
    account = TenantForeignKey(Account, models.PROTECT, related_name="days")
    effective_on = models.DateField()

    audited = Unaudited("Sums of posted lines, kept by a trigger.")

    class Meta(AccountSum.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account", "effective_on"], name="accounting_accountday_once"
            )
        ]
        indexes = [
            models.Index(fields=["tenant", "effective_on"], name="accounting_accountday_day")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.effective_on}"


class AccountMonth(AccountSum):
    """The sums of a month, by its first day: all of a report but its last month."""

    tenant = TenantField(db_constraint=False)  # implied by the key to the account
    account = TenantForeignKey(Account, models.PROTECT, related_name="months")
    starts_on = models.DateField()

    audited = Unaudited("Sums of posted lines, kept by a trigger.")

    class Meta(AccountSum.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "account", "starts_on"], name="accounting_accountmonth_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.starts_on}"
