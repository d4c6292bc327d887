"""Roles: what an operation asks for, and which groups grant them. Every route names one; a test looks."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from engine.problems import Invalid
from handlers.sight import SIGHTS


class Role(StrEnum):
    """What a person may do."""

    READ = "read"
    SELL = "sell"
    ORDER = "order"
    PRICE = "price"
    BOOK = "book"
    SHIP = "ship"
    EXPECT = "expect"
    SCREEN = "screen"
    BUY = "buy"
    COLLECT = "collect"
    WORK = "work"
    SERVE = "serve"
    OPERATE = "operate"
    DEPLOY = "deploy"
    MIGRATE = "migrate"
    ADMINISTER = "administer"
    SEE_COSTS = "see-costs"
    SEE_CREDIT = "see-credit"
    SEE_BANK = "see-bank"
    SEE_BOOKS = "see-books"
    SEE_DATA = "see-data"
    AUDIT = "audit"


#: What each role allows, as people read it.
_MEANING: Mapping[Role, str] = {
    Role.READ: "See everything but what another role lets see.",
    Role.SELL: "Quote, and record a customer's answer to a quote.",
    Role.ORDER: "Take in orders; keep customers and items.",
    Role.PRICE: "Keep prices, agreements and discounts.",
    Role.BOOK: "File exchange rates and tax rates; open and close periods of the books.",
    Role.SHIP: "Record deliveries and stock.",
    Role.EXPECT: "Note goods that are to arrive.",
    Role.SCREEN: "Keep the lists of denied parties.",
    Role.BUY: "Record what suppliers answer, ship and invoice.",
    Role.COLLECT: "Take in bank statements; apply receipts; ask for credit memos and debit notes.",
    Role.WORK: "Decide user tasks of one's groups.",
    Role.SERVE: "Fetch external tasks and say how they ended: for workers outside, which need nothing else.",
    Role.OPERATE: "Repair instances: retry, suspend, resume, cancel.",
    Role.DEPLOY: "Deploy processes.",
    Role.MIGRATE: "Take the instances under way on a version of a process to another one.",
    Role.ADMINISTER: "Keep accounts.",
    **{Role(sight.role): sight.meaning for sight in SIGHTS},
}
#: Who does the one may, or has to see, the other: a form is never half hidden from whoever keeps what it shows.
_INCLUDED: Mapping[Role, frozenset[Role]] = {
    Role.SELL: frozenset({Role.SEE_CREDIT}),
    Role.ORDER: frozenset({Role.SEE_CREDIT, Role.SEE_COSTS, Role.SEE_BANK, Role.SEE_DATA}),
    Role.PRICE: frozenset({Role.SEE_COSTS}),
    Role.BOOK: frozenset({Role.SEE_BOOKS, Role.SEE_COSTS, Role.SEE_CREDIT, Role.SEE_BANK}),
    Role.BUY: frozenset({Role.SEE_COSTS, Role.EXPECT}),
    Role.SHIP: frozenset({Role.EXPECT}),
    Role.COLLECT: frozenset({Role.SEE_BANK, Role.SEE_CREDIT, Role.SEE_BOOKS}),
    Role.OPERATE: frozenset({Role.SEE_DATA}),
    Role.MIGRATE: frozenset({Role.SEE_DATA}),
    Role.ADMINISTER: frozenset({Role.AUDIT, Role.SEE_BANK}),
}
_OF_EVERYONE = frozenset({Role.READ, Role.WORK})

_OF_GROUP: dict[str, frozenset[Role]] = {
    "sales": frozenset({Role.SELL}),
    "sales-manager": frozenset({Role.SELL, Role.PRICE}),
    "deal-desk": frozenset({Role.SELL, Role.PRICE}),
    "finance": frozenset({Role.PRICE, Role.BOOK, Role.AUDIT}),
    "order-desk": frozenset({Role.ORDER, Role.SELL, Role.PRICE}),
    "warehouse": frozenset({Role.SHIP}),
    "buyer": frozenset({Role.BUY}),
    "accounts-payable": frozenset({Role.BUY, Role.SEE_BANK, Role.SEE_BOOKS}),
    "accounts-receivable": frozenset({Role.COLLECT}),
    "treasury": frozenset({Role.COLLECT, Role.BOOK}),
    "external-worker": frozenset({Role.SERVE}),
    "operator": frozenset({Role.OPERATE, Role.MIGRATE, Role.AUDIT}),
    "analyst": frozenset({Role.DEPLOY, Role.MIGRATE}),
    "compliance": frozenset({Role.SCREEN, Role.SEE_DATA}),
    "credit": frozenset({Role.SEE_CREDIT, Role.SEE_BOOKS}),
    "executive": frozenset({Role.SEE_COSTS, Role.SEE_CREDIT, Role.SEE_BOOKS}),
    "admin": frozenset(Role),
}

GROUPS = frozenset(_OF_GROUP)


def roles_of(groups: Iterable[str]) -> frozenset[Role]:
    """The roles that membership in `groups` grants, with those they include."""
    return with_included(_OF_EVERYONE.union(*(_OF_GROUP.get(group, frozenset()) for group in groups)))


def with_included(roles: Iterable[Role]) -> frozenset[Role]:
    """Roles, with what whoever has them has to see."""
    given = frozenset(roles)
    return given.union(*(_INCLUDED.get(role, frozenset()) for role in given))


def included_in(role: Role) -> frozenset[Role]:
    """What whoever has a role has to see."""
    return _INCLUDED.get(role, frozenset())


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
