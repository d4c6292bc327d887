"""Up to which amount whom decides what, and the decisions that nobody's limit reaches."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.runtime.state.authority import Authority, acting, authority, names_of
from engine.runtime.state.people import Person
from engine.runtime.verbs.visible_tasks import behalf_of
from engine.store.paging import Asked, Key, Page, read_page
from engine.store.tables import decision_limit, user_task


@dataclass(frozen=True, slots=True)
class LimitRow:
    """`who` is user:NAME or group:NAME."""

    id: int
    kind: str
    who: str
    currency: str
    amount: Decimal
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class OutOfReach:
    """An open decision on more than anybody may decide."""

    id: UUID
    title: str
    kind: str
    amount: Decimal | None
    currency: str
    created_at: datetime


def list_limits(tx: Session, asked: Asked, *, kind: str = "", count: bool = False) -> Page[LimitRow]:
    """The limits, by kind, currency and whose; of one kind where it is named."""
    rows = select(*(decision_limit.c[name] for name in LimitRow.__dataclass_fields__))
    keys = tuple(Key(decision_limit.c[name]) for name in ("kind", "currency", "who"))
    return read_page(tx, rows.where(decision_limit.c.kind == kind) if kind else rows, keys, asked, count=count).typed(LimitRow)


def list_out_of_reach(tx: Session, asked: Asked) -> Page[OutOfReach]:
    """Open decisions of limited kinds that no limit reaches, the oldest first: somebody is to be given a higher one."""
    task, limit = user_task.c, decision_limit.c
    of_kind = select(limit.id).where(limit.kind == task.decision_kind).correlate(user_task)
    reaching = of_kind.where(limit.currency == task.decision_currency, limit.amount >= func.abs(task.decision_amount))
    named = (task.decision_kind.label("kind"), task.decision_amount.label("amount"), task.decision_currency.label("currency"))
    rows = select(task.id, task.title, *named, task.created_at).where(task.state == "open", task.decision_kind != "")
    return read_page(tx, rows.where(of_kind.exists(), ~reaching.exists()), (Key(task.created_at), Key(task.id)), asked).typed(OutOfReach)


def authority_over(tx: Session, person: Person, task: Any) -> Authority | None:
    """Up to which amount the person decides what a task is; None where it is about no amount."""
    if not task.decision_kind:
        return None
    whose = acting(person, behalf_of(task, person) if task.state == "open" else None)
    return authority(tx, task.decision_kind, task.decision_currency, names_of(*whose))
