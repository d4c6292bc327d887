"""What a customer's exposure is. Pure; every amount in the customer's currency."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from handlers.values import percent

ZERO = Decimal(0)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a customer owes, has been sent, and has ordered."""

    credit_limit: Decimal
    tolerance_pct: Decimal = ZERO
    open_ar: Decimal = ZERO
    overdue: Decimal = ZERO
    unapplied: Decimal = ZERO
    shipped_not_invoiced: Decimal = ZERO
    booked_not_shipped: Decimal = ZERO
    secured: Decimal = ZERO

    @property
    def exposure(self) -> Decimal:
        """What we stand to lose; a customer in credit has none."""
        owed = self.open_ar - self.unapplied + self.shipped_not_invoiced + self.booked_not_shipped
        return max(ZERO, owed - self.secured)

    @property
    def available(self) -> Decimal:
        """What is left of the limit with its tolerance; negative when it is exceeded."""
        return (self.credit_limit * (HUNDRED + self.tolerance_pct) / HUNDRED).quantize(Decimal("0.0001")) - self.exposure

    @property
    def overdue_share_pct(self) -> Decimal:
        """Which share of the open invoices is overdue."""
        return percent(self.overdue, self.open_ar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """When credit was approved; `of_group` says that the group itself was asked for, at release."""

    decided_at: datetime
    decided_on: date
    of_group: bool = False


def covers(approval: Approval, *, now: datetime, ships_on: date, valid_for: timedelta, horizon: timedelta) -> bool:
    """Whether an approval covers the release of a group: it is not too old, and the group counted when it was given.

    What was to ship beyond the horizon did not count against the limit, so it has to be asked for itself.
    """
    if now - approval.decided_at > valid_for:
        return False
    return approval.of_group or ships_on <= approval.decided_on + horizon
