"""Roles: what an operation asks for, and which groups grant them. Every route names one; a test looks."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """What a person may do."""

    #: See everything that is not secret.
    READ = "read"
    #: Quote, and record a customer's answer to a quote.
    SELL = "sell"
    #: Take in orders; keep customers and items.
    ORDER = "order"
    #: Keep prices, agreements and discounts.
    PRICE = "price"
    #: File exchange rates and tax rates; open and close periods of the books.
    BOOK = "book"
    #: Record deliveries and stock.
    SHIP = "ship"
    #: Record what suppliers answer, ship and invoice.
    BUY = "buy"
    #: Take in bank statements; apply receipts.
    COLLECT = "collect"
    #: Decide user tasks of one's groups.
    WORK = "work"
    #: Fetch external tasks and say how they ended: for workers outside, which need nothing else.
    SERVE = "serve"
    #: Repair instances: retry, suspend, resume, cancel.
    OPERATE = "operate"
    #: Deploy processes.
    DEPLOY = "deploy"
    #: Take the instances under way on a version of a process to another one.
    MIGRATE = "migrate"
    #: Keep accounts.
    ADMINISTER = "administer"


_OF_EVERYONE = frozenset({Role.READ, Role.WORK})

_OF_GROUP: dict[str, frozenset[Role]] = {
    "sales": frozenset({Role.SELL}),
    "sales-manager": frozenset({Role.SELL, Role.PRICE}),
    "deal-desk": frozenset({Role.SELL, Role.PRICE}),
    "finance": frozenset({Role.PRICE, Role.BOOK}),
    "order-desk": frozenset({Role.ORDER, Role.SELL, Role.PRICE}),
    "warehouse": frozenset({Role.SHIP}),
    "buyer": frozenset({Role.BUY}),
    "accounts-payable": frozenset({Role.BUY}),
    "accounts-receivable": frozenset({Role.COLLECT}),
    "treasury": frozenset({Role.COLLECT, Role.BOOK}),
    "external-worker": frozenset({Role.SERVE}),
    "operator": frozenset({Role.OPERATE, Role.MIGRATE}),
    "analyst": frozenset({Role.DEPLOY, Role.MIGRATE}),
    "admin": frozenset(Role),
}

GROUPS = frozenset(_OF_GROUP) | {"credit", "executive"}


def roles_of(groups: Iterable[str]) -> frozenset[Role]:
    """The roles that membership in `groups` grants."""
    return _OF_EVERYONE.union(*(_OF_GROUP.get(group, frozenset()) for group in groups))
