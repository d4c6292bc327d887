"""Answers when a quote could be delivered, without locking, reserving or writing anything."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from handlers.promising.availability import Supplies, look, sources_of
from handlers.promising.rules import Demand, Part, plan_line
from handlers.promising.sourcing import Place

#: Any place and any supplier: an inquiry comes before the sourcing decision.
_ANYWHERE = (Place(source_type="STOCK", rank=1), Place(source_type="DROP", rank=2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """When the whole could leave, whether known supply covers it, and the lines that cannot leave whole at once."""

    ship: date | None
    complete: bool
    short_lines: tuple[int, ...]


def availability_of_quote(tx: Session, quote_no: str, now: datetime) -> Answer:
    """When the quote's lines could leave. Raises NotFound."""
    rows = tx.execute(_QUOTE_LINES, {"quote_no": quote_no}).mappings().all()
    if not rows:
        raise NotFound(f"There is no quote {quote_no}.", code="quote_unknown", next_step="Check the number in the list of quotes.")
    supplies = look(tx, [row["sku"] for row in rows], now)
    planned = {row["line_no"]: _plan(row, supplies) for row in rows}
    everything = [part for parts in planned.values() for part in parts]
    complete = all(part.source is not None for part in everything)
    return Answer(
        ship=max((part.ship for part in everything if part.ship is not None), default=None) if complete else None,
        complete=complete,
        short_lines=tuple(line_no for line_no, parts in planned.items() if len(parts) > 1 or parts[0].source is None),
    )


def _plan(row: RowMapping, supplies: Supplies) -> list[Part]:
    fence = row["time_fence_days"]
    demand = Demand(
        order_line_id=row["id"],
        sku=row["sku"],
        qty=row["qty"],
        wanted=row["requested_arrival"],
        pack_size=row["pack_size"],
        fence=None if fence is None else supplies.horizon.today + timedelta(days=fence),
    )
    sources = sources_of(_ANYWHERE, row["sku"], row["sourcing"], supplies)
    return plan_line(
        demand,
        supplies.market(sources, row["sku"], row["customer_class"], row["channel"]),
    )


_QUOTE_LINES = text("""
SELECT line.id, line.line_no, line.sku, line.qty, line.requested_arrival, item.sourcing, item.pack_size, class.time_fence_days,
       customer.customer_class, quote.channel
FROM quote_line AS line JOIN quote USING (quote_no) JOIN customer USING (customer_no)
JOIN item ON item.sku = line.sku JOIN item_class AS class ON class.code = item.item_class
WHERE line.quote_no = :quote_no ORDER BY line.line_no
""")
