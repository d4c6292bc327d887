"""What a customer's exposure is. Pure; every amount in the customer's currency."""

from dataclasses import dataclass
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
