"""Roles: what an operation asks for, and which groups grant them. Every route names one; a test looks."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from engine.problems import Invalid


class Role(StrEnum):
    """What a person may do."""

    READ = "read"
    SELL = "sell"
    ORDER = "order"
    PRICE = "price"
    BOOK = "book"
    SHIP = "ship"
    BUY = "buy"
    COLLECT = "collect"
    WORK = "work"
    SERVE = "serve"
    OPERATE = "operate"
    DEPLOY = "deploy"
    MIGRATE = "migrate"
    ADMINISTER = "administer"


#: What each role allows, as people read it.
_MEANING: Mapping[Role, str] = {
    Role.READ: "See everything that is not secret.",
    Role.SELL: "Quote, and record a customer's answer to a quote.",
    Role.ORDER: "Take in orders; keep customers and items.",
    Role.PRICE: "Keep prices, agreements and discounts.",
    Role.BOOK: "File exchange rates and tax rates; open and close periods of the books.",
    Role.SHIP: "Record deliveries and stock.",
    Role.BUY: "Record what suppliers answer, ship and invoice.",
    Role.COLLECT: "Take in bank statements; apply receipts.",
    Role.WORK: "Decide user tasks of one's groups.",
    Role.SERVE: "Fetch external tasks and say how they ended: for workers outside, which need nothing else.",
    Role.OPERATE: "Repair instances: retry, suspend, resume, cancel.",
    Role.DEPLOY: "Deploy processes.",
    Role.MIGRATE: "Take the instances under way on a version of a process to another one.",
    Role.ADMINISTER: "Keep accounts.",
}
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


def meaning_of(role: Role) -> str:
    """What a role allows, in a sentence."""
    return _MEANING[role]


def second_factor_roles(setting: str) -> frozenset[str]:
    """The roles whose holders need a second factor, as the setting names them with commas between. Raises Invalid for one there is not."""
    named = frozenset(role.strip() for role in setting.split(",") if role.strip())
    unknown = sorted(named - frozenset(map(str, Role)))
    if unknown:
        raise Invalid(
            f"ORDERCRAFT_SECOND_FACTOR_ROLES names roles there are not: {', '.join(unknown)}.",
            code="setting_wrong",
            next_step=f"Name roles of {', '.join(Role)} with commas between.",
        )
    return named
