"""What each role may read beyond what everybody may: by kind of object and by field, once, for pages, exports and programs.

A kind as a whole is behind the role of its operations and pages; a field is taken out wherever it would be shown, under whatever object:
it is known by its name, so that a new view of it is covered the day it is written. `docs/access.md` is printed from here.

What a user task shows is not looked at here: whoever may decide a task sees what it is about.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Final

from engine.problems import Forbidden


@dataclass(frozen=True, slots=True)
class Sight:
    """A role that lets see more: what it is about, the kinds of objects that are behind it as a whole, and the fields of others."""

    role: str
    meaning: str
    kinds: tuple[str, ...]
    fields: frozenset[str]


SIGHTS: Final = (
    Sight(
        "see-costs",
        "See what goods and carriage cost us, what suppliers ask, and what is earned.",
        ("prices of suppliers", "lists and pages of purchase orders"),
        frozenset(
            {
                "cost",
                "cost_amount",
                "unit_cost",
                "standard_cost",
                "carrier_cost",
                "margin_pct",
                "margin_floor_pct",
                "lowest_margin_gap",
            }
        ),
    ),
    Sight(
        "see-credit",
        "See limits of credit, what a customer owes, and how it pays.",
        (),
        frozenset(
            {
                "credit_limit",
                "credit_tolerance_pct",
                "order_limit",
                "secured_amount",
                "exposure",
                "open_ar",
                "shipped_not_invoiced",
                "booked_not_shipped",
                "over_limit",
                "dunning_level",
            }
        ),
    ),
    Sight(
        "see-bank",
        "See bank accounts, ours and others', and bank statements.",
        ("our bank accounts", "bank statements"),
        frozenset({"iban", "bic", "payer_iban", "bank_accounts", "holder"}),
    ),
    Sight(
        "see-books",
        "See the books: journals, balances of accounts, and what they add up to.",
        ("journals", "manual journals", "reports of the books"),
        frozenset({"journals"}),
    ),
    Sight(
        "see-data",
        "See the data of instances: variables, messages, and what was sent outside.",
        ("variables and history of an instance", "the runs of a step", "interchanges as they came"),
        frozenset(),
    ),
    Sight("audit", "Read and export the audit log.", ("the audit log",), frozenset()),
)
#: What is shown of a fact whose value is hidden: it carries the name of its field beside it.
UNTOLD: Final[Mapping[str, Any]] = {"value": None, "under": "", "odd": False}


#: Subjects whose lists and pages are behind a role, and kinds of documents that are, by the name they are filed under.
OF_SUBJECT: Final[Mapping[str, str]] = {"statement": "see-bank", "purchase-order": "see-costs"}
OF_DOCUMENT: Final[Mapping[str, str]] = {"PURCHASE_ORDER": "see-costs", "ORDERS": "see-costs", "ORDCHG": "see-costs"}


def refuse_unseen(roles: Collection[str], role: str | None, what: str) -> None:
    """Raise Forbidden when something is behind a role that somebody lacks; None is behind none."""
    if role is not None and role not in roles:
        raise Forbidden(
            f"{what} may not be seen: that needs the role {role}.",
            code="role_missing",
            next_step="Ask an administrator to add you to a group that grants it.",
        )


@lru_cache(maxsize=256)
def hidden_from(roles: frozenset[str]) -> Mapping[str, str]:
    """The fields that holders of `roles` are not shown, each with the role they lack."""
    return {name: sight.role for sight in SIGHTS if sight.role not in roles for name in sight.fields}


def without(value: Any, hidden: Collection[str]) -> Any:
    """A value of dataclasses, mappings and lists with nothing in the hidden fields. What is not one of these stays as it is."""
    if not hidden:
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **_changed({each.name: getattr(value, each.name) for each in fields(value) if each.init}, hidden))
    if isinstance(value, Mapping):
        return {**value, **_changed(value, hidden)}
    if isinstance(value, list | tuple):
        return type(value)([without(item, hidden) for item in value]) if type(value) in {list, tuple} else value
    return value


def _changed(values: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    """What is shown otherwise than it is."""
    named = values.get("name")
    if isinstance(named, str) and named in hidden and "value" in values:
        return {name: item for name, item in UNTOLD.items() if name in values}
    seen = {name: None if name in hidden else without(item, hidden) for name, item in values.items()}
    return {name: item for name, item in seen.items() if item is not values[name]}
