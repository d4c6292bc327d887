"""Accounts from which no money is taken that does not stand on them: what suppliers owe us of credit notes.

Money that is booked there without a claim of its amount would be nobody's: no credit note waits for it, and nobody is asked. So it is not
taken there: it stays where a person looks at it until the credit note is there, or goes to another account.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.store import locks
from engine.store.locks import Advisory
from handlers.ledger.accounts import OWED_BY_SUPPLIERS

#: Accounts on which each amount that is taken off has to stand.
BY_AMOUNT: Final = frozenset({OWED_BY_SUPPLIERS})


@dataclass(slots=True)
class Standing:
    """What stands on such accounts, amount by amount; what one transaction takes, one entry after the other, is taken off here."""

    left: dict[tuple[str, str], Counter[Decimal]] = field(default_factory=dict)

    def take(self, tx: Session, account: str, amount: Decimal, currency: str) -> str:
        """Take an amount off an account; answers why it cannot be, or nothing. Whoever asks waits for who asked before."""
        if account not in BY_AMOUNT:
            return ""
        if (account, currency) not in self.left:
            locks.advisory(tx, Advisory.CLEARING, account)
            rows = tx.execute(_LEFT, {"account": account, "currency": currency})
            self.left[account, currency] = Counter({row.amount.normalize(): row.times for row in rows})
        if self.left[account, currency][amount.normalize()] <= 0:
            return (
                f"No supplier owes us {amount} {currency} of a credit note. Take in the credit note first, on the page of its purchase "
                "order, or choose another account."
            )
        self.left[account, currency][amount.normalize()] -= 1
        return ""


def untakeable(tx: Session, account: str, amounts: Iterable[tuple[Decimal, str]]) -> str:
    """Why some amounts (each with its currency) cannot be taken off an account all together, or nothing."""
    standing = Standing()
    return next(filter(None, (standing.take(tx, account, amount, currency) for amount, currency in amounts)), "")


_LEFT = text("""
SELECT greatest(line.debit, line.credit) AS amount,
  count(*) FILTER (WHERE line.debit > 0) - count(*) FILTER (WHERE line.credit > 0) AS times
FROM journal_line AS line JOIN journal ON journal.id = line.journal_id
WHERE line.account = :account AND journal.currency = :currency GROUP BY 1
""")
