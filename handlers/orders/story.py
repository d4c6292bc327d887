"""One order's whole story for people and programs: what was ordered, what is promised, what holds it, what happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.documents.model import Document
from handlers.orders.events import find_order
from handlers.orders.hold_kinds import catalogue
from handlers.orders.hold_rules import HoldKind
from handlers.orders.model import (
    FulfilGroup,
    FulfilLine,
    Hold,
    InboundMessage,
    LinePromise,
    OrderChange,
    OrderEvent,
    OrderLine,
    OrderReply,
    SalesOrder,
)
from handlers.orders.status import OrderStatus, status_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStory:
    """Rows as the tables hold them. `parts` are the fulfilment lines; each names its order line and group."""

    order: Row
    status: OrderStatus
    lines: list[Row]
    parts: list[Row]
    groups: list[Row]
    promises: list[Row]
    holds: list[Row]
    events: list[Row]
    replies: list[Row]
    documents: list[Row]
    messages: list[Row]
    changes: list[Row]


def order_story(tx: Session, order_no: str) -> OrderStory:
    """The order's story. Raises NotFound."""
    find_order(tx, order_no)
    kinds = catalogue(tx)
    line_ids = select(OrderLine.id).where(OrderLine.order_no == order_no)
    documents = select(Document.id, Document.kind, Document.number, Document.media_type, Document.created_at, Document.findings)
    messages = [column for column in InboundMessage.__table__.c if column.name != "raw"]
    return OrderStory(
        order=_rows(tx, _whole(SalesOrder).where(SalesOrder.order_no == order_no))[0],
        status=status_of(tx, order_no),
        lines=_rows(tx, _whole(OrderLine).where(OrderLine.order_no == order_no).order_by(OrderLine.line_no)),
        parts=_rows(tx, _whole(FulfilLine).where(FulfilLine.order_no == order_no).order_by(FulfilLine.order_line_id, FulfilLine.seq)),
        groups=_rows(tx, _whole(FulfilGroup).where(FulfilGroup.order_no == order_no).order_by(FulfilGroup.group_no)),
        promises=_rows(tx, _whole(LinePromise).where(LinePromise.order_line_id.in_(line_ids)).order_by(LinePromise.id)),
        holds=[_explained(row, kinds) for row in _rows(tx, _whole(Hold).where(Hold.order_no == order_no).order_by(Hold.id))],
        events=_rows(tx, _whole(OrderEvent).where(OrderEvent.order_no == order_no).order_by(OrderEvent.id)),
        replies=_rows(tx, _whole(OrderReply).where(OrderReply.order_no == order_no).order_by(OrderReply.version_no)),
        documents=_rows(tx, documents.where(Document.number == order_no).order_by(Document.id)),
        changes=_rows(
            tx, _whole(OrderChange).where(OrderChange.order_no == order_no).order_by(OrderChange.created_at, OrderChange.change_no)
        ),
        messages=_rows(tx, select(*messages).where(InboundMessage.order_no == order_no).order_by(InboundMessage.id)),
    )


def _whole(table: Any) -> Any:
    return select(*table.__table__.c)


def _rows(tx: Session, query: Any) -> list[Row]:
    return [dict(row) for row in tx.execute(query).mappings()]


def _explained(hold: Row, kinds: Mapping[str, HoldKind]) -> Row:
    kind = kinds.get(hold["hold_code"])
    return {**hold, "sentence": kind.sentence if kind is not None else ""}
