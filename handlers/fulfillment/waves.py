"""Gathers groups that wait to be picked into waves. Which go together, and how many, a decision table says by kind of group."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.iso8601 import read_clock
from engine.problems import Invalid
from engine.store import locks
from engine.store.clock import business_now
from engine.store.locks import Lock
from handlers.documents.numbers import next_numbers
from handlers.fulfillment.model import Wave, WaveGroup
from handlers.rowsets import insert_rows

_SERIES: Final = "WV"
#: A wave is decided in one act, while a person waits: it has at most as many groups as such an act may be about.
MOST_GROUPS: Final = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """What the table looks at: where the goods are and go, by which term, whether each group is of one item, and must leave today."""

    warehouse_code: str
    country: str
    home: bool
    incoterm: str
    one_item: bool
    due: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """What the table says of a kind: the wave it goes into, of at most so many groups, packed by when. No wave: it is picked by itself."""

    wave: str | None = None
    most_groups: int | None = None
    cut_off: str | None = None


def kinds_waiting(tx: Session, warehouse_code: str = "") -> list[Kind]:
    """The kinds of groups that wait to be picked and are in no wave; of one warehouse, or of all. One statement."""
    return [Kind(*row) for row in tx.execute(_KINDS, {"warehouse": warehouse_code})]


def make_waves(tx: Session, kinds: Sequence[Kind], rules: Sequence[Rule]) -> list[str]:
    """Gather what waits into waves and answer their numbers. Runs take turns, so that a group comes into one wave.

    Raises Invalid for a rule whose time or number nobody can keep.
    """
    checked = {kind: (rule, _cut_off(rule)) for kind, rule in zip(kinds, rules, strict=True) if rule.wave}
    locks.take(tx, Lock.NUMBER_SERIES, [_SERIES])
    waiting: dict[tuple[str, str, int, time, str], list[Any]] = {}
    for row in tx.execute(_WAITING, {"warehouse": ""}):
        found = checked.get(Kind(row.warehouse_code, row.country, row.home, row.incoterm, row.one_item, row.due))
        if found is not None:
            rule, cut_off = found
            key = (row.warehouse_code, str(rule.wave), _most(rule), cut_off, row.time_zone)
            waiting.setdefault(key, []).append(row)
    planned = [(key, rows[at : at + key[2]]) for key, rows in sorted(waiting.items()) for at in range(0, len(rows), key[2])]
    numbers = next_numbers(tx, _SERIES, len(planned))
    now = business_now(tx)
    heads, groups = [], []
    for wave_no, ((warehouse, rule_name, _, cut_off, time_zone), part) in zip(numbers, planned, strict=True):
        packed_by = datetime.combine(now.astimezone(ZoneInfo(time_zone)).date(), cut_off, ZoneInfo(time_zone))
        heads.append({"wave_no": wave_no, "rule": rule_name, "warehouse_code": warehouse, "cut_off_at": packed_by})
        groups += [{"task_id": row.task_id, "wave_no": wave_no, "group_no": row.group_no} for row in part]
    insert_rows(tx, Wave, heads)
    insert_rows(tx, WaveGroup, groups)
    return numbers


def _most(rule: Rule) -> int:
    return MOST_GROUPS if rule.most_groups is None else rule.most_groups


def _cut_off(rule: Rule) -> time:
    cut_off = read_clock(rule.cut_off or "23:59")
    if cut_off is None or not 1 <= _most(rule) <= MOST_GROUPS:
        raise Invalid(
            f"The wave {rule.wave!r} of at most {rule.most_groups} groups by {rule.cut_off!r} cannot be kept.",
            code="wave_rule",
            next_step=f"Correct the decision table wave-rule: a time such as 15:00, and 1 to {MOST_GROUPS} groups.",
        )
    return cut_off


_OPEN = """
SELECT task.id AS task_id, grp.group_no, grp.warehouse_code, coalesce(sold.ship_to->>'country', '') AS country,
  coalesce(sold.ship_to->>'country', '') = house.country AS home, sold.incoterm,
  (SELECT count(DISTINCT line.sku) FROM fulfil_line AS line WHERE line.group_no = grp.group_no AND line.qty_reserved > 0) = 1 AS one_item,
  grp.ship_date <= (business_now() AT TIME ZONE house.time_zone)::date AS due, house.time_zone, grp.ship_date
FROM user_task AS task JOIN instance ON instance.id = task.instance_id
JOIN fulfil_group AS grp ON grp.group_no = instance.business_key
JOIN sales_order AS sold ON sold.order_no = grp.order_no JOIN warehouse AS house ON house.code = grp.warehouse_code
WHERE task.state = 'open' AND task.process_key = 'fulfillment-to-invoice' AND task.element_id = 'pick_and_pack'
  AND instance.state IN ('running', 'waiting') AND grp.cancelled_at IS NULL AND :warehouse IN ('', grp.warehouse_code)
  AND NOT EXISTS (SELECT FROM wave_group WHERE wave_group.task_id = task.id)
"""
_WAITING = text(f"{_OPEN} ORDER BY grp.ship_date, grp.group_no")
_KINDS = text(f"SELECT DISTINCT warehouse_code, country, home, incoterm, one_item, due FROM ({_OPEN}) AS waiting ORDER BY 1, 2, 3, 4, 5, 6")
