"""The holds that stop orders now, by whoever takes them off."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.problems import refuse_unknown
from engine.store.paging import Asked, Key, Page, read_page
from handlers.orders.hold_kinds import catalogue
from handlers.orders.model import Hold, SalesOrder
from handlers.parties.model import Customer


@dataclass(frozen=True, slots=True)
class HoldFilter:
    """Which holds: of a group that takes them off, of a kind; empty is any."""

    owner: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold that is on an order; `until`: when it ends by itself."""

    id: int
    order_no: str
    customer_no: str
    customer_name: str
    hold_code: str
    blocks: str
    release_group: str
    reason: str
    applied_by: str
    applied_at: datetime
    until: datetime | None


_COLUMNS = ("id", "order_no", "hold_code", "blocks", "release_group", "reason", "applied_by", "applied_at", "until")


def list_holds(tx: Session, wanted: HoldFilter, asked: Asked, *, count: bool = False) -> Page[HoldRow]:
    """One page of the active holds, the oldest first. Raises Invalid for an owner or a kind that the catalogue does not know."""
    kinds = catalogue(tx)
    refuse_unknown(wanted.owner, {each.release_group for each in kinds.values()}, "owner of holds", "owner")
    refuse_unknown(wanted.kind, kinds, "kind of hold", "kind")
    statement = (
        select(*(getattr(Hold, name) for name in _COLUMNS), Customer.customer_no, Customer.name.label("customer_name"))
        .join(SalesOrder, SalesOrder.order_no == Hold.order_no)
        .join(Customer, Customer.customer_no == SalesOrder.customer_no)
        .where(Hold.released_at.is_(None), or_(Hold.until.is_(None), Hold.until > func.business_now()))
    )
    if wanted.owner:
        statement = statement.where(Hold.release_group == wanted.owner)
    if wanted.kind:
        statement = statement.where(Hold.hold_code == wanted.kind)
    return read_page(tx, statement, [Key(Hold.id)], asked, count=count).typed(HoldRow)
