"""What is on its way as X12 856 or EDIFACT DESADV. Pure: from a shipment to segments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row as DatabaseRow

from handlers.documents.seller import quantity
from handlers.edi.interchange import X12
from handlers.edi.model import EdiPartner
from handlers.edi.naming import ItemNumbers, dtm, edifact_item, n1, n1_place, nad, nad_place, x12_item, ymd
from handlers.edi.units import edifact_of, x12_of
from handlers.edi.writing import Row, fitting, number

#: BSN05: the levels are shipment, order, item.
_SHIPMENT_ORDER_ITEM = "0004"


def kind_of_despatch(partner: EdiPartner) -> str:
    """What a despatch advice is called in the partner's syntax."""
    return "856" if partner.syntax == X12 else "DESADV"


def despatch_rows(
    partner: EdiPartner, row: DatabaseRow[Any], lines: Sequence[DatabaseRow[Any]], us: Mapping[str, str], numbers: Mapping[str, ItemNumbers]
) -> list[Row]:
    """A shipment as segments. Raises Invalid for a unit that X12 has no code for."""
    return _x12(row, lines, us, numbers) if partner.syntax == X12 else _edifact(partner, row, lines, us, numbers)


def _shipped_at(row: DatabaseRow[Any]) -> datetime:
    shipped: datetime = row.shipped_at or row.created_at
    return shipped


def _x12(row: DatabaseRow[Any], lines: Sequence[DatabaseRow[Any]], us: Mapping[str, str], numbers: Mapping[str, ItemNumbers]) -> list[Row]:
    shipped_at = _shipped_at(row)
    rows: list[Row] = [
        ("BSN", "00", row.shipment_no, ymd(shipped_at), f"{shipped_at:%H%M}", _SHIPMENT_ORDER_ITEM),
        ("HL", "1", "", "S"),
        ("TD1", "CTN", str(row.package_count), "", "", "", "G", quantity(row.weight_kg), "KG"),
    ]
    if row.carrier:
        rows.append(("TD5", "", "", "", "", fitting(row.carrier, 35)))
    if row.tracking_no:
        rows.append(("REF", "CN", fitting(row.tracking_no, 30)))
    rows += [("MAN", "GM", sscc) for sscc in row.packages]
    rows += [("DTM", "011", ymd(shipped_at)), *n1_place("ST", row.ship_to), n1("SF", us["name"], us["gln"])]
    rows += [("HL", "2", "1", "O"), ("PRF", row.customer_po or row.order_no, "", "", ymd(row.ordered_on))]
    for position, line in enumerate(lines, start=3):
        line_no = line.buyer_line_no or str(line.line_no)
        rows += [
            ("HL", str(position), "2", "I"),
            ("LIN", line_no, *x12_item(line.sku, numbers.get(line.sku))),
            ("SN1", line_no, number(line.qty), x12_of(line.uom)),
            ("PID", "F", "", "", "", fitting(line.description, 80)),
        ]
    return [*rows, ("CTT", str(len(lines) + 2))]


def _edifact(
    partner: EdiPartner, row: DatabaseRow[Any], lines: Sequence[DatabaseRow[Any]], us: Mapping[str, str], numbers: Mapping[str, ItemNumbers]
) -> list[Row]:
    shipped_at = _shipped_at(row)
    po = fitting(row.customer_po or row.order_no, 35)
    rows: list[Row] = [
        ("BGM", "351", row.shipment_no, "9"),
        dtm("137", shipped_at),
        dtm("11", shipped_at),
        ("MEA", "AAX", "AAB", ("KGM", quantity(row.weight_kg))),
        ("RFF", ("ON", po)),
        nad("BY", partner, row.customer_name, row.customer_gln),
        nad("SU", partner, us["name"], us["gln"]),
        nad_place("DP", row.ship_to),
    ]
    if row.carrier:
        rows.append(("TDT", "20", fitting(row.tracking_no, 17), "", "", ("", "", "", fitting(row.carrier, 35))))
    rows += [("CPS", "1"), ("PAC", str(row.package_count))]
    if row.packages:
        rows += [("PCI", "33E"), *(("GIN", "BJ", sscc) for sscc in row.packages)]
    for line in lines:
        rows += edifact_item(line.buyer_line_no or str(line.line_no), "", line.sku, numbers.get(line.sku))
        rows += [("IMD", "F", "", ("", "", "", fitting(line.description, 35))), ("QTY", ("12", number(line.qty), edifact_of(line.uom)))]
        if line.outstanding > 0:
            rows.append(("QTY", ("83", number(line.outstanding), edifact_of(line.uom))))
        rows.append(("RFF", ("ON", po, line.buyer_line_no or str(line.line_no))))
    return [*rows, ("CNT", ("2", str(len(lines))))]
