"""The owner's verbs of the fulfilment groups: what one warehouse ships on one day, or one supplier drop-ships."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from engine.problems import NotFound
from engine.service_tasks import Refused
from engine.store.memo import read_once
from handlers import rowsets
from handlers.orders.fulfilment_lines import lock_lines_of_group
from handlers.orders.model import FulfilGroup

KINDS = {"STOCK": "stock", "DROP": "drop-ship"}


def open_groups(tx: Session, groups: Sequence[rowsets.Row]) -> None:
    """Add groups: group_no, order_no, kind, warehouse_code or supplier_no, ship_date."""
    rowsets.insert_rows(tx, FulfilGroup, groups)


def live_group(tx: Session, group_no: str, kind: str) -> Row[Any]:
    """A group of a kind (STOCK or DROP) that is not cancelled, held with its order and its lines. Raises NotFound, Refused CANCELLED."""
    lock_lines_of_group(tx, group_no)
    asked = {"group_no": group_no, "kind": kind}
    row = read_once(tx, (FulfilGroup, group_no, kind), lambda: tx.execute(_GROUP, asked).one_or_none(), of=[FulfilGroup.__tablename__])
    if row is None:
        raise NotFound(
            f"There is no {KINDS[kind]} group {group_no}.", code="group_unknown", next_step="Look the group up on the page of its order."
        )
    if row.cancelled_at is not None:
        raise Refused("CANCELLED", f"Group {group_no} was cancelled at {row.cancelled_at}.")
    return row


def release_group(tx: Session, group_no: str) -> None:
    """Let the warehouse begin; again: the first time stays."""
    tx.execute(_RELEASE, {"group_no": group_no})


def close_empty_groups(tx: Session, order_no: str) -> list[str]:
    """Cancel the order's groups that have nothing left to ship and shipped nothing; answer their numbers."""
    return list(tx.execute(_CLOSE_EMPTY, {"order_no": order_no}).scalars())


def handed_to_nobody(tx: Session) -> Sequence[Row[Any]]:
    """Groups with something to ship that nobody ever began with and nobody of their order will hand over, by number.

    Whoever had promised them was ended by hand before it asked for them to be shipped.
    """
    return tx.execute(_HANDED_TO_NOBODY).all()


_GROUP = text("SELECT * FROM fulfil_group WHERE group_no = :group_no AND kind = :kind")
_RELEASE = text("UPDATE fulfil_group SET released_at = coalesce(released_at, business_now()) WHERE group_no = :group_no")
_CLOSE_EMPTY = text("""
UPDATE fulfil_group AS team SET cancelled_at = business_now()
WHERE team.order_no = :order_no AND team.cancelled_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM fulfil_line AS line WHERE line.group_no = team.group_no AND line.qty > line.qty_cancelled)
RETURNING team.group_no
""")
_HANDED_TO_NOBODY = text("""
SELECT team.group_no, team.order_no, team.kind, team.supplier_no FROM fulfil_group AS team
WHERE team.cancelled_at IS NULL
  AND team.group_no IN (SELECT group_no FROM fulfil_line AS part WHERE part.qty - part.qty_cancelled - part.qty_shipped > 0)
  AND NOT EXISTS (SELECT FROM instance WHERE instance.business_key = team.group_no)
  AND NOT EXISTS (SELECT FROM instance WHERE instance.business_key = team.order_no AND instance.ended_at IS NULL)
ORDER BY team.group_no
""")
