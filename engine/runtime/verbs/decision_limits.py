"""Sets up to which amount whom decides what. Whatever lets somebody decide more than before takes a second person."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.lexical import is_sized
from engine.problems import Invalid, NotFound
from engine.runtime.state import audit
from engine.runtime.state.directory import Directory
from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from engine.store.tables import decision_limit

SET: Final = "decision_limit.set"
REMOVE: Final = "decision_limit.remove"
_PERSON, _GROUP = "user:", "group:"
_CODE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`who` is user:NAME or group:NAME; `kind` is what diagrams call decisionKind, `currency` by ISO 4217."""

    kind: str
    who: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKey:
    """Which limit is removed."""

    kind: str
    who: str
    currency: str


def kinds_of(runtime: Runtime, tx: Session) -> list[str]:
    """The kinds of decisions that deployed diagrams name, by name."""
    return sorted({kind for version in tx.scalars(_LATEST) for kind in runtime.models.process(tx, version).decision_kinds})


def _weigh(runtime: Runtime, tx: Session, given: Limit, _by: Wanting) -> Weighed:
    _check(runtime, tx, given)
    before = _amount(tx, given)
    first = not tx.scalar(select(func.count()).select_from(decision_limit).where(decision_limit.c.kind == given.kind))
    lowers = first or (before is not None and given.amount <= before)
    does = f"Let {_said(given.who)} decide {given.kind} up to {given.amount:,f} {given.currency}"
    rule = "" if lowers else "It lets somebody decide more than before."
    return Weighed(_subject(given), does, {"amount": {"from": before, "to": given.amount}}, {"amount": before}, rule, _whom(given.who))


def _set(runtime: Runtime, tx: Session, given: Limit, by: Wanting) -> str:
    _check(runtime, tx, given)
    before = _amount(tx, given)
    values = {"kind": given.kind, "who": given.who, "currency": given.currency, "amount": given.amount, "set_by": by.name}
    kept = {"amount": given.amount, "set_by": by.name, "set_at": func.business_now()}
    tx.execute(insert(decision_limit).values(values).on_conflict_do_update(constraint="decision_limit_kind_ux", set_=kept))
    detail = {"amount": {"from": before and str(before), "to": str(given.amount)}}
    audit.record(tx, audit.Entry(by.name, "set_limit", _subject(given), by.reason or None, detail))
    return _subject(given)


def _weigh_removal(_runtime: Runtime, tx: Session, given: LimitKey, _by: Wanting) -> Weighed:
    before = _known(tx, given)
    others = tx.scalar(_OTHERS, {"kind": given.kind, "currency": given.currency, "who": given.who})
    lowers = given.who.startswith(_GROUP) and others
    rule = "" if lowers else "Without it somebody may decide more than before: by a group's limit, or without one."
    does = f"Take away that {_said(given.who)} decides {given.kind} up to {before:,f} {given.currency}"
    return Weighed(_subject(given), does, {"amount": {"from": before, "to": None}}, {"amount": before}, rule, _whom(given.who))


def _remove(_runtime: Runtime, tx: Session, given: LimitKey, by: Wanting) -> str:
    before = _known(tx, given)
    tx.execute(delete(decision_limit).where(*_is(given)))
    detail = {"amount": {"from": str(before), "to": None}}
    audit.record(tx, audit.Entry(by.name, "remove_limit", _subject(given), by.reason or None, detail))
    return _subject(given)


def _check(runtime: Runtime, tx: Session, given: Limit) -> None:
    errors: dict[str, list[str]] = {}
    kinds = kinds_of(runtime, tx)
    if given.kind not in kinds:
        errors["kind"] = [f"is named by no deployed diagram; there are {', '.join(kinds) or 'none'}"]
    if len(given.currency) != _CODE or not given.currency.isascii() or not given.currency.isalpha() or not given.currency.isupper():
        errors["currency"] = ["has three capital letters, such as EUR"]
    if given.amount < 0 or not is_sized(given.amount):
        errors["amount"] = ["is zero or more"]
    if not _is_known(runtime, tx, given.who):
        errors["who"] = ["is no group and nobody who works here: write group:NAME or user:NAME"]
    if errors:
        raise Invalid("The limit cannot be set like this.", code="limit_invalid", next_step="Correct the fields named.", errors=errors)


def _is_known(runtime: Runtime, tx: Session, who: str) -> bool:
    kind, _, name = who.partition(":")
    if not name or f"{kind}:" not in {_PERSON, _GROUP}:
        return False
    directory: Any = runtime.ports.get(Directory)
    groups, users = ([name], []) if f"{kind}:" == _GROUP else ([], [name])
    return directory is None or name in directory.known(tx, groups, users)


def _known(tx: Session, given: LimitKey) -> Decimal:
    before = _amount(tx, given)
    if before is None:
        raise NotFound(
            f"{_said(given.who)} has no limit of {given.kind} in {given.currency}.",
            code="limit_unknown",
            next_step="Look at the list of limits.",
        )
    return before


def _amount(tx: Session, given: Limit | LimitKey) -> Decimal | None:
    return tx.scalar(select(decision_limit.c.amount).where(*_is(given)))


def _is(given: Limit | LimitKey) -> Any:
    row = decision_limit.c
    return row.kind == given.kind, row.who == given.who, row.currency == given.currency


def _subject(given: Limit | LimitKey) -> str:
    return f"decision_limit:{given.kind}:{given.currency}:{given.who}"


def _said(who: str) -> str:
    return who.partition(":")[2][:80]


def _whom(who: str) -> tuple[str, ...]:
    """Whoever may decide more by it does not confirm it."""
    return (who.removeprefix(_PERSON),) if who.startswith(_PERSON) else ()


_LATEST = text("SELECT id FROM process_version WHERE latest")
_OTHERS = text("SELECT count(*) FROM decision_limit WHERE kind = :kind AND (who, currency) <> (:who, :currency)")
ACTS = (
    GuardedAct(SET, "Limit of decisions", Limit, ("finance", "executive"), _weigh, _set),
    GuardedAct(REMOVE, "Limit of decisions, taken away", LimitKey, ("finance", "executive"), _weigh_removal, _remove),
)
