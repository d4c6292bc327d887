"""Revaluation of what is open in foreign currencies, for the last day of a month: unrealised, and taken back on the next day.

What customers and suppliers owe, cash that is not applied, refunds to pay and our bank accounts are worth what the rate of the last day
says. The difference is kept on a valuation account beside each, so that the account itself goes on agreeing with its items; whatever is
settled later realises its whole difference from the rate of its document.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from decimal import Decimal

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.service_tasks import Refused
from handlers.closing.last_day import LastDay, Wanted, post_last_day
from handlers.closing.rules import Balance, Month, Revalued, revalue
from handlers.ledger.accounts import FX_UNREALISED, VALUED_ON
from handlers.ledger.books import books_currency, rate_on
from handlers.ledger.movements import MOVEMENTS

EVENT = "period.revalued"


def open_balances(tx: Session, month: Month) -> list[Balance]:
    """What the money accounts stand at in foreign currencies on the month's last day, by account and currency. One statement."""
    rows = tx.execute(_OPEN, {"as_of": month.ends_on, "accounts": list(VALUED_ON)})
    return [Balance(row.account, row.currency, row.entered, row.booked) for row in rows]


def worth(tx: Session, month: Month) -> list[Revalued]:
    """What the open balances are worth on the last day. Raises Refused NOT_CLOSABLE where a currency has no rate."""
    balances = open_balances(tx, month)
    return revalue(balances, known_rates(tx, {each.currency for each in balances}, month), books_currency(tx))


def known_rates(tx: Session, currencies: Collection[str], month: Month) -> dict[str, Decimal]:
    """The rate of each currency on the month's last day. Raises Refused NOT_CLOSABLE."""
    try:
        return {currency: rate_on(tx, currency, month.ends_on) for currency in sorted(currencies)}
    except Invalid as problem:
        raise Refused("NOT_CLOSABLE", f"{problem.detail} {problem.next_step}") from problem


def post_revaluation(tx: Session, month: Month, round_: int, valued: Sequence[Revalued]) -> Decimal:
    """Post the differences on the last day and their mirror on the next; answers what they came to, income positive."""
    wanted: Wanted = defaultdict(Decimal)
    for each in valued:
        wanted[VALUED_ON[each.balance.account], f"{each.balance.account}/{each.balance.currency}"] += each.difference
    income = sum(wanted.values(), Decimal(0))
    wanted[FX_UNREALISED, ""] = -income
    post_last_day(tx, LastDay(EVENT, month, round_, f"Open balances in foreign currencies at the rates of {month.ends_on}"), wanted)
    return income


_OPEN = text(f"""
WITH {MOVEMENTS}
SELECT account, currency, sum(entered) AS entered, sum(debits - credits) AS booked FROM movement
WHERE account = ANY(:accounts) AND currency <> (SELECT currency FROM ledger_book)
GROUP BY account, currency HAVING sum(entered) <> 0 OR sum(debits - credits) <> 0 ORDER BY account, currency
""")
