"""Waves as people and programs are shown them: the list, one with its groups and the plan of their parcels, its papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from pypdf import PdfWriter
from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from engine.problems import Conflict, NotFound
from engine.store.clock import business_now
from engine.store.paging import Asked, Key, Page, read_page
from handlers.documents.pdf import print_pdf
from handlers.documents.seller import quantity, seller
from handlers.fulfillment.cartons import Parcel, in_words
from handlers.fulfillment.model import Wave, WaveGroup
from handlers.fulfillment.packing import plan_of, planned_weight
from handlers.fulfillment.papers import print_delivery_note

_PDF: Final = "application/pdf"


@dataclass(frozen=True, slots=True)
class WaveRow:
    """A wave in the list: of how many groups it is, and how many of them are to be picked still."""

    wave_no: str
    rule: str
    warehouse_code: str
    cut_off_at: datetime
    created_at: datetime
    groups: int
    to_pick: int


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of a wave.

    `state` is TO_PICK, PACKED, READY (its label is there: it can be handed over), SHIPPED or ELSEWHERE (it needs somebody at the order
    desk, or was taken out). `task_id` is the open task to pick it, `hand_over_id` the one to hand it over. `cartons` and `weight_kg` are
    what was planned, as long as it is to be picked, then what was packed; no weight where it has to be weighed.
    """

    group_no: str
    order_no: str
    customer: str
    state: str
    packages: int
    cartons: str
    weight_kg: Decimal | None
    shipment_no: str
    carrier: str
    tracking_no: str
    task_id: UUID | None
    hand_over_id: UUID | None


@dataclass(frozen=True, slots=True)
class WaveShown:
    """A wave with its groups, in the order of their numbers. `cut_off_at` is in the time of its warehouse."""

    wave_no: str
    rule: str
    warehouse_code: str
    cut_off_at: datetime
    groups: Sequence[GroupRow]

    def of_state(self, state: str) -> list[GroupRow]:
        """Its groups in a state."""
        return [each for each in self.groups if each.state == state]


def list_waves(tx: Session, asked: Asked) -> Page[WaveRow]:
    """Waves, the latest first. One statement, and one that counts."""
    return read_page(tx, _WAVES, (Key(Wave.wave_no, descending=True),), asked, count=True).typed(WaveRow)


def read_wave(tx: Session, wave_no: str) -> WaveShown:
    """A wave and where its groups are. A constant number of statements. Raises NotFound."""
    head = tx.execute(_HEAD, {"wave_no": wave_no}).one_or_none()
    if head is None:
        raise NotFound(f"There is no wave {wave_no}.", code="wave_unknown", next_step="Look the number up in the list of waves.")
    rows = tx.execute(_GROUPS, {"wave_no": wave_no}).all()
    plans = plan_of(tx, [row.group_no for row in rows if row.state == "TO_PICK"])
    groups = [_shown(row, plans.get(row.group_no)) for row in rows]
    return WaveShown(head.wave_no, head.rule, head.warehouse_code, head.cut_off_at.astimezone(ZoneInfo(head.time_zone)), groups)


def print_pick_list(tx: Session, wave_no: str) -> bytes:
    """What is to be picked for a wave, by place and each item once; then what goes to each group. Raises NotFound, Conflict when all is."""
    shown = read_wave(tx, wave_no)
    to_pick = [each.group_no for each in shown.of_state("TO_PICK")]
    if not to_pick:
        raise Conflict(f"Nothing of wave {wave_no} is to be picked.", code="nothing_to_pick", next_step="Look at its groups.")
    lines, parts = (tx.execute(statement, {"groups": to_pick}).all() for statement in (_PICK, _SORT))
    data = {
        "seller": seller(tx),
        "wave_no": wave_no,
        "rule": shown.rule,
        "warehouse": shown.warehouse_code,
        "cut_off": f"{shown.cut_off_at:%Y-%m-%d %H:%M}",
        "lines": [
            {name: str(getattr(row, name) or "") for name in ("place", "sku", "name", "lot", "expires_on", "uom")}
            | {"qty": quantity(row.qty), "groups": str(row.groups)}
            for row in lines
        ],
        "groups": [
            {"group_no": each.group_no, "order_no": each.order_no, "cartons": each.cartons}
            | {"lines": [f"{quantity(row.qty)} {row.uom} {row.sku}" for row in parts if row.group_no == each.group_no]}
            for each in shown.of_state("TO_PICK")
        ],
    }
    return print_pdf(Path(__file__).parent / "wave.typ", data, business_now(tx))


def print_parcel_papers(tx: Session, wave_no: str) -> bytes:
    """The labels and delivery notes of what is packed of a wave and has not left, parcel by parcel, as one PDF.

    A label that a carrier gave in another form than PDF is printed from its shipment. Raises NotFound, Conflict when nothing is packed.
    """
    shipments = [each.shipment_no for each in read_wave(tx, wave_no).groups if each.state in {"PACKED", "READY"}]
    if not shipments:
        raise Conflict(f"Nothing of wave {wave_no} is packed and still here.", code="nothing_packed", next_step="Look at its groups.")
    labels = {row.shipment_no: row for row in tx.execute(_LABELS, {"shipments": shipments})}
    whole = PdfWriter()
    for shipment_no in shipments:
        label = labels.get(shipment_no)
        if label is not None and label.media_type == _PDF:
            whole.append(BytesIO(label.content))
        whole.append(BytesIO(print_delivery_note(tx, shipment_no)))
    printed = BytesIO()
    whole.write(printed)
    return printed.getvalue()


def _shown(row: Any, plan: list[Parcel] | None) -> GroupRow:
    given = {name: getattr(row, name) for name in GroupRow.__dataclass_fields__}
    if plan is not None:
        given |= {"packages": len(plan), "cartons": in_words(plan), "weight_kg": planned_weight(plan)}
    return GroupRow(**given)


_COUNTED: Final = select(func.count()).where(WaveGroup.wave_no == Wave.wave_no)
_OPEN_TASK: Final = text("EXISTS (SELECT FROM user_task WHERE user_task.id = wave_group.task_id AND user_task.state = 'open')")
_WAVES: Final[Select[Any]] = select(
    Wave.wave_no,
    Wave.rule,
    Wave.warehouse_code,
    Wave.cut_off_at,
    Wave.created_at,
    _COUNTED.scalar_subquery().label("groups"),
    _COUNTED.where(_OPEN_TASK).scalar_subquery().label("to_pick"),
)
_HEAD = text("""
SELECT wave.*, warehouse.time_zone FROM wave JOIN warehouse ON warehouse.code = wave.warehouse_code WHERE wave.wave_no = :wave_no
""")
_GROUPS = text("""
SELECT team.group_no, grp.order_no, customer.name AS customer,
  CASE WHEN pick.id IS NOT NULL THEN 'TO_PICK' WHEN sent.shipped_at IS NOT NULL THEN 'SHIPPED' WHEN hand.id IS NOT NULL THEN 'READY'
    WHEN sent.shipment_no IS NOT NULL THEN 'PACKED' ELSE 'ELSEWHERE' END AS state,
  coalesce(sent.package_count, 0) AS packages, coalesce(sent.cartons, '') AS cartons, sent.weight_kg,
  coalesce(sent.shipment_no, '') AS shipment_no, coalesce(sent.carrier, '') AS carrier, coalesce(sent.tracking_no, '') AS tracking_no,
  pick.id AS task_id, hand.id AS hand_over_id
FROM wave_group AS team JOIN fulfil_group AS grp USING (group_no) JOIN sales_order USING (order_no) JOIN customer USING (customer_no)
LEFT JOIN user_task AS pick ON pick.id = team.task_id AND pick.state = 'open'
LEFT JOIN LATERAL (
  SELECT task.id FROM user_task AS task JOIN instance ON instance.id = task.instance_id
  WHERE instance.business_key = team.group_no AND instance.process_key = 'fulfillment-to-invoice' AND task.state = 'open'
    AND task.element_id = 'confirm_shipment' LIMIT 1
) AS hand ON true
LEFT JOIN LATERAL (
  SELECT shipment.*, (
    SELECT string_agg(carton_code, ', ' ORDER BY package_no) FROM package WHERE package.shipment_no = shipment.shipment_no) AS cartons
  FROM shipment WHERE shipment.group_no = team.group_no AND shipment.cancelled_at IS NULL ORDER BY packed_at DESC LIMIT 1
) AS sent ON pick.id IS NULL
WHERE team.wave_no = :wave_no ORDER BY team.group_no
""")
_RESERVED = """
FROM fulfil_line AS line JOIN reservation ON reservation.fulfil_line_id = line.id AND reservation.state = 'ACTIVE'
JOIN stock_balance AS balance ON balance.id = reservation.balance_id JOIN item ON item.sku = line.sku
"""
_PICK = text(f"""
SELECT coalesce(picking_place.place, '') AS place, line.sku, item.name, item.uom, balance.lot, balance.expires_on,
  sum(reservation.qty) AS qty, count(DISTINCT line.group_no) AS groups {_RESERVED}
LEFT JOIN picking_place ON picking_place.sku = line.sku AND picking_place.warehouse_code = line.warehouse_code
WHERE line.group_no = ANY(:groups) GROUP BY 1, line.sku, item.name, item.uom, balance.lot, balance.expires_on
ORDER BY 1, line.sku, balance.expires_on NULLS LAST, balance.lot
""")
_SORT = text(f"""
SELECT line.group_no, line.sku, item.uom, sum(reservation.qty) AS qty {_RESERVED}
WHERE line.group_no = ANY(:groups) GROUP BY line.group_no, line.sku, item.uom ORDER BY line.group_no, line.sku
""")
_LABELS = text("""
SELECT shipment.shipment_no, document.media_type, document.content
FROM shipment JOIN document ON document.id = shipment.label_document_id WHERE shipment.shipment_no = ANY(:shipments)
""")
