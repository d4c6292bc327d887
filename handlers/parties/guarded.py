"""What takes a second person among customers and suppliers: their bank accounts, credit above a limit, and the limits themselves."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, get_type_hints

from sqlalchemy.orm import Session

from engine.runtime.post.mailbox import Message
from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed, threshold
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import messages
from handlers.changes import Author, note, row_of
from handlers.identifiers import canonical
from handlers.parties import policy
from handlers.parties.bank_accounts import AccountChange, change_account, differences, known_as
from handlers.parties.changes import CUSTOMER, add_customer, change_customer
from handlers.parties.master_data import AddressDraft, CustomerDraft

#: What may be owed at most is made of these.
_CREDIT = ("credit_limit", "credit_tolerance_pct", "secured_amount")
_NUMBERS = frozenset(name for name, hint in get_type_hints(CustomerDraft).items() if hint is Decimal)
_HUNDRED = Decimal(100)
#: Whoever hears of it hears it at once: the hourly run finds the same.
_NEWS = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerEdit:
    """Fields of a customer to change."""

    customer_no: str
    changes: dict[str, Any]

    @property
    def typed(self) -> dict[str, Any]:
        """The fields as they are kept: what was stored as text for the second person is a number again."""
        return {name: Decimal(value) if name in _NUMBERS and isinstance(value, str) else value for name, value in self.changes.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """A customer to add, and where it is."""

    customer: CustomerDraft
    addresses: list[AddressDraft] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the company to choose."""

    name: str
    value: Decimal


def credit_of(values: Mapping[str, Any]) -> Decimal:
    """What a customer may owe at most, in its currency: the limit with its tolerance, and what is secured."""
    limit, tolerance, secured = (Decimal(values[name]) for name in _CREDIT)
    return limit * (1 + tolerance / _HUNDRED) + secured


def _weigh_account(_runtime: Runtime, tx: Session, given: AccountChange, _by: Wanting) -> Weighed:
    draft = canonical(given.account)
    known = known_as(tx, draft.iban)
    does = f"Forget {draft.iban} of" if given.removes else f"Know {draft.iban} as an account of"
    return Weighed(
        f"bank_account:{draft.iban}",
        f"{does} customer {draft.customer_no}",
        differences(known or {}, {} if given.removes else asdict(draft)),
        {"customer_no": known["customer_no"] if known else None},
        "" if known is None and not given.removes else "Receipts are recognised by bank accounts.",
        about=(f"customer:{draft.customer_no}",),
    )


def _change_account(_runtime: Runtime, tx: Session, given: AccountChange, by: Wanting) -> str:
    return change_account(tx, given, Author(by.name, by.reason))


def _weigh_customer(runtime: Runtime, tx: Session, given: CustomerEdit, _by: Wanting) -> Weighed:
    before = row_of(tx, CUSTOMER, given.customer_no)
    changes = given.typed
    different = {name: {"from": before[name], "to": value} for name, value in changes.items() if name in before and before[name] != value}
    does = f"Change {', '.join(different).replace('_', ' ') or 'nothing'} of customer {given.customer_no}"
    seen = {name: before[name] for name in {*different, *_CREDIT}}
    rule = _too_much(runtime, tx, before, changes)
    return Weighed(f"customer:{given.customer_no}", does, different, seen, rule)


def _too_much(runtime: Runtime, tx: Session, before: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Why it takes two to change what a customer may owe; empty where it takes one, or the fields cannot be read."""
    named = {name: changes[name] for name in _CREDIT if isinstance(changes.get(name), Decimal)}
    allowed, most = credit_of({**before, **named}), Decimal(threshold(runtime, tx, "second_person.credit"))
    if allowed <= credit_of(before) or allowed <= most:
        return ""
    return f"The customer could owe {allowed.normalize():,f}; above {most.normalize():,f} it takes two."


def _change_customer(runtime: Runtime, tx: Session, given: CustomerEdit, by: Wanting) -> Any:
    different = change_customer(tx, given.customer_no, given.typed, Author(by.name, by.reason, by.version))
    if different.keys() & {"name", "country"}:  # of somebody who is called otherwise now, open orders are screened again
        told = Message("screening.requested", payload={"why": f"customer {given.customer_no}"}, time_to_live=_NEWS, actor=by.name)
        messages.note(runtime, tx, told)
    return different


def _weigh_new_customer(runtime: Runtime, tx: Session, given: NewCustomer, _by: Wanting) -> Weighed:
    draft = given.customer
    effect = {name: {"from": None, "to": getattr(draft, name)} for name in ("name", "country", "currency", *_CREDIT)}
    rule = _too_much(runtime, tx, dict.fromkeys(_CREDIT, Decimal(0)), asdict(draft))
    return Weighed(f"customer:{draft.customer_no}", f"Add customer {draft.customer_no}, {draft.name}", effect, {}, rule)


def _add_customer(_runtime: Runtime, tx: Session, given: NewCustomer, by: Wanting) -> str:
    return add_customer(tx, given.customer, given.addresses, Author(by.name, by.reason))


def _weigh_number(_runtime: Runtime, tx: Session, given: Number, _by: Wanting) -> Weighed:
    (before,) = policy.chosen(tx, given.name).values()
    rule = "Who may do alone what moves money depends on it." if given.name.startswith(policy.SECOND_PERSON) else ""
    effect = {given.name: {"from": before, "to": given.value}}
    return Weighed(f"policy:{given.name}", f"Set {given.name} from {before.normalize():f} to {given.value:f}", effect, effect, rule)


def _choose(_runtime: Runtime, tx: Session, given: Number, by: Wanting) -> None:
    (before,) = policy.chosen(tx, given.name).values()
    policy.choose(tx, given.name, given.value)
    note(tx, Author(by.name, by.reason), "change", f"policy:{given.name}", {"value": {"from": before, "to": given.value}})


ACTS = (
    GuardedAct(
        "customer.bank_account",
        "Customer's bank account",
        AccountChange,
        ("accounts-receivable", "treasury"),
        _weigh_account,
        _change_account,
    ),
    GuardedAct("customer.change", "Customer", CustomerEdit, ("credit", "finance"), _weigh_customer, _change_customer),
    GuardedAct("customer.add", "New customer", NewCustomer, ("credit", "finance"), _weigh_new_customer, _add_customer),
    GuardedAct("policy.choose", "Number of the company", Number, ("finance", "executive"), _weigh_number, _choose),
)
