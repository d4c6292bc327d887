"""The backorder run: which orders wait, who is served first, and what they get now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import RowMapping, and_, exists, func, or_, select, text
from sqlalchemy.orm import Session

from engine.store.clock import business_today
from handlers.orders.events import note_all
from handlers.orders.fulfilment_groups import handed_to_nobody
from handlers.orders.fulfilment_lines import lock_lines_of_orders
from handlers.orders.hold_rules import stopping
from handlers.orders.model import FulfilLine, Hold, OrderLine, SalesOrder
from handlers.parties.model import Customer
from handlers.parties.policy import chosen
from handlers.promising.availability import look
from handlers.promising.planning import cases_of, open_lines, plan_orders
from handlers.promising.promise import Group, Promised, promise_orders
from handlers.promising.ranking import Rank, RankCase, Waiting, served_first
from handlers.promising.sourcing import Case, Sourcing


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which backorders a run looks at: of one order, of some items, or (both None) all."""

    order_no: str | None = None
    skus: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the decisions said: how each case is served, and from where; `asked` are the cases of sourcing that were asked for."""

    ranks: Mapping[RankCase, Rank]
    asked: frozenset[Case]
    sourcing: Mapping[Case, Sourcing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of a run brought; `more` says that others could be promised too."""

    promised: tuple[Promised, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a customer is to be told about an order; without a `target` nobody can be sent it."""

    order_no: str
    channel: str
    target: str
    payload: Mapping[str, Any]


def waiting_orders(tx: Session, wanted: Wanted) -> list[Waiting]:
    """The submitted orders with backordered lines that no hold stops from being promised, by number."""
    is_backorder = and_(FulfilLine.group_no.is_(None), FulfilLine.qty > FulfilLine.qty_cancelled)
    is_active = and_(Hold.released_at.is_(None), or_(Hold.until.is_(None), Hold.until > func.business_now()))
    arrival = func.min(func.coalesce(OrderLine.requested_arrival, SalesOrder.requested_date))
    orders = (
        select(SalesOrder.order_no, Customer.customer_class, arrival.label("wanted"), SalesOrder.ordered_on)
        .join(Customer, Customer.customer_no == SalesOrder.customer_no)
        .join(FulfilLine, FulfilLine.order_no == SalesOrder.order_no)
        .join(OrderLine, OrderLine.id == FulfilLine.order_line_id)
        .where(SalesOrder.state == "SUBMITTED", is_backorder)
        .where(~exists().where(Hold.order_no == SalesOrder.order_no, Hold.blocks.in_(stopping("promise")), is_active))
        .group_by(SalesOrder.order_no, Customer.customer_class, SalesOrder.ordered_on)
        .order_by(SalesOrder.order_no)
    )
    if wanted.order_no is not None:
        orders = orders.where(SalesOrder.order_no == wanted.order_no)
    if wanted.skus is not None:
        orders = orders.where(FulfilLine.sku.in_(wanted.skus))
    return [Waiting(**row) for row in tx.execute(orders).mappings()]


def cases(tx: Session, wanted: Wanted) -> tuple[list[RankCase], list[Case]]:
    """What the decisions on rank and on sourcing are to be asked for the waiting orders; nothing when none waits."""
    waiting = waiting_orders(tx, wanted)
    today = business_today(tx)
    ranks = sorted({order.rank_case(today) for order in waiting}, key=lambda case: (case.customer_class, not case.is_late))
    return ranks, cases_of(open_lines(tx, [order.order_no for order in waiting])) if waiting else []


def run_round(tx: Session, wanted: Wanted, answered: Answered, now: datetime) -> Round:
    """Promise the orders that gain, the first in rank before the others; `promise.most_in_a_round` of them at most.

    What would gain is found in memory first, so that an order for which nothing came in is neither locked nor written. An order whose
    case was not asked for yet is left to the next round. Raises Invalid (a decision has no answer for a line).
    """
    gaining = _gaining(tx, wanted, answered, now)
    most = int(chosen(tx, "promise.most_in_a_round")["promise.most_in_a_round"])
    first = gaining[:most]
    lock_lines_of_orders(tx, first)
    still = {order.order_no for order in waiting_orders(tx, wanted)} if first else set()
    served = [order_no for order_no in first if order_no in still]
    promised = promise_orders(tx, served, answered.sourcing, now) if served else []
    return Round(promised=tuple(promised), more=len(gaining) > most)


def to_hand_over(tx: Session, served: Round) -> list[Group]:
    """The groups that a round promised, and those of an earlier one that was ended by hand before it had handed them over."""
    new = [group for each in served.promised for group in each.groups]
    known = {group.group_no for group in new}
    left = [Group(**row._mapping) for row in handed_to_nobody(tx) if row.group_no not in known]  # noqa: SLF001  # a row by names
    return [*new, *left]


def news_of(tx: Session, group_nos: Sequence[str]) -> list[News]:
    """What the customers of these groups are to be told: what comes when, and how much still waits. Written into the orders' stories."""
    news = [_news(order_no, list(rows)) for order_no, rows in groupby(_promised(tx, group_nos), key=lambda row: row["order_no"])]
    told = {each.order_no: {"lines": each.payload["lines"], "sent_by": each.channel if each.target else "nobody"} for each in news}
    note_all(tx, "dates_announced", told)
    return news


def _gaining(tx: Session, wanted: Wanted, answered: Answered, now: datetime) -> list[str]:
    today = business_today(tx)
    asked = [order for order in waiting_orders(tx, wanted) if order.rank_case(today) in answered.ranks]
    rows = open_lines(tx, [order.order_no for order in asked])
    unasked = {row["order_no"] for row in rows if cases_of([row])[0] not in answered.asked}
    served = [order.order_no for order in served_first(asked, answered.ranks, today) if order.order_no not in unasked]
    known = [row for row in rows if row["order_no"] not in unasked]
    plans = plan_orders(served, known, answered.sourcing, look(tx, [row["sku"] for row in known], now))
    return [plan.order_no for plan in plans if plan.gains]


def _promised(tx: Session, group_nos: Sequence[str]) -> Sequence[RowMapping]:
    return tx.execute(_PROMISED, {"group_nos": list(group_nos)}).mappings().all()


def _news(order_no: str, rows: Sequence[RowMapping]) -> News:
    head = rows[0]
    lines = [{"line_no": row["line_no"], "sku": row["sku"], "qty": row["qty"], "arrival": row["arrival"]} for row in rows]
    payload = {
        "kind": "dates_announced",
        "order_no": order_no,
        "customer_po": head["customer_po"],
        "lines": lines,
        "still_open": head["still_open"],
    }
    channel, target = ("peppol", head["peppol_id"]) if head["peppol_id"] else ("mail", head["email"])
    return News(order_no=order_no, channel=channel, target=target, payload=payload)


_PROMISED = text("""
SELECT part.order_no, orders.customer_po, customer.peppol_id, customer.email, line.line_no, part.sku, part.sched_arrive AS arrival,
       sum(part.qty - part.qty_cancelled) AS qty, coalesce(rest.qty, 0) AS still_open
FROM fulfil_line AS part
JOIN order_line AS line ON line.id = part.order_line_id
JOIN sales_order AS orders ON orders.order_no = part.order_no JOIN customer USING (customer_no)
LEFT JOIN (
  SELECT order_no, sum(qty - qty_cancelled) AS qty FROM fulfil_line WHERE group_no IS NULL GROUP BY order_no
) AS rest ON rest.order_no = part.order_no
WHERE part.group_no = ANY(:group_nos)
GROUP BY part.order_no, orders.customer_po, customer.peppol_id, customer.email, line.line_no, part.sku, part.sched_arrive, rest.qty
ORDER BY part.order_no, line.line_no, part.sched_arrive
""")
