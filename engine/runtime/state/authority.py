"""Up to which amount somebody may decide: rows by kind of decision, currency, and person or group.

A kind without a row is limited by nobody. Once it has one, whoever decides needs a row that reaches the amount, in its currency: their
own, where they have one, else the highest of their groups. The diagram says kind and amount (`decisionKind`, `decisionAmount`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Text, and_, any_, cast, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from engine.problems import Forbidden
from engine.runtime.state.people import Person
from engine.store.tables import decision_limit

_USER = "user:"


@dataclass(frozen=True, slots=True)
class Authority:
    """What somebody may decide of a kind in a currency: `limit` is None where nothing limits the kind."""

    kind: str
    currency: str
    limit: Decimal | None

    def reaches(self, amount: Decimal | None) -> bool:
        """Whether they may decide so much. What is given back counts as what is given; what is not known is more than any limit."""
        return self.limit is None or (amount is not None and self.limit >= abs(amount))


def names_of(name: str, groups: Iterable[str]) -> list[str]:
    """Under which names somebody has limits."""
    return [f"{_USER}{name}", *(f"group:{group}" for group in sorted(groups))]


def acting(person: Person, behalf: str | None) -> tuple[str, frozenset[str]]:
    """Whose amounts count, and their groups: a deputy decides up to those of whom they stand in for."""
    if behalf is None:
        return person.name, person.groups
    return behalf, next((away.groups for away in person.stands_in_for if away.name == behalf), frozenset())


def beyond(task: FromClause, names: ColumnElement[Any] | Iterable[str]) -> ColumnElement[bool]:
    """The condition that what a task decides on is more than whoever is called by `names` may decide."""
    called: Any = names if isinstance(names, ColumnElement) else cast(literal(list(names), ARRAY(Text)), ARRAY(Text))
    enough, own, limited = (decision_limit.alias(alias) for alias in ("enough", "own", "limited"))
    same = (own.c.kind == enough.c.kind, own.c.currency == enough.c.currency, own.c.who == any_(called))
    has_own = select(own.c.id).where(*same, _is_of_a_person(own)).correlate(enough).exists()
    theirs = (enough.c.kind == task.c.decision_kind, enough.c.currency == task.c.decision_currency, enough.c.who == any_(called))
    reaching = select(enough.c.id).where(
        *theirs, enough.c.amount >= func.abs(task.c.decision_amount), or_(_is_of_a_person(enough), ~has_own)
    )
    of_kind = select(limited.c.id).where(limited.c.kind == task.c.decision_kind)
    is_limited = task.c.decision_kind != literal_column("''")
    return and_(is_limited, of_kind.correlate(task).exists(), ~reaching.correlate(task).exists())


def _is_of_a_person(limit: FromClause) -> ColumnElement[bool]:
    return func.starts_with(limit.c.who, literal_column(f"'{_USER}'"))


def authority(tx: Session, kind: str, currency: str, names: Iterable[str]) -> Authority:
    """Up to which amount somebody decides a kind in a currency: nothing where it is limited and no row names them."""
    rows = tx.execute(
        select(decision_limit.c.who, decision_limit.c.currency, decision_limit.c.amount).where(decision_limit.c.kind == kind)
    ).all()
    if not rows:
        return Authority(kind, currency, None)
    called = set(names)
    theirs = {row.who: row.amount for row in rows if row.currency == currency and row.who in called}
    own = [amount for who, amount in theirs.items() if who.startswith(_USER)]
    return Authority(kind, currency, max(own or theirs.values(), default=Decimal(0)))


def refuse_beyond(tx: Session, task: Any, name: str, groups: Iterable[str]) -> None:
    """Nothing, where somebody may decide as much as the task is about. Raises Forbidden, and says who may."""
    if not task.decision_kind:
        return
    may = authority(tx, task.decision_kind, task.decision_currency, names_of(name, groups))
    if may.reaches(task.decision_amount):
        return
    amount = task.decision_amount
    about = "an amount that is not known" if amount is None else f"{abs(amount):,f} {task.decision_currency}"
    raise Forbidden(
        f"{task.title!r} is about {about}; {name} decides {task.decision_kind} up to {may.limit:,f} {task.decision_currency}.",
        code="limit_exceeded",
        next_step=f"Let {_who_may(tx, task)} decide it, or ask an administrator for a higher limit.",
    )


def _who_may(tx: Session, task: Any) -> str:
    same = decision_limit.c.kind == task.decision_kind, decision_limit.c.currency == task.decision_currency
    enough = select(decision_limit.c.who).where(*same, decision_limit.c.amount >= func.abs(task.decision_amount))
    found = tx.scalars(enough.order_by(decision_limit.c.amount, decision_limit.c.who).limit(3)).all()
    return " or ".join(who.partition(":")[2] for who in found) or "somebody with a higher limit"
