"""What fulfilment prints and sends: pick list, delivery note, despatch advice in UBL 2.1 or by EDI."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from lxml import etree
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from handlers.documents.pdf import Paper as PrintedPaper
from handlers.documents.pdf import print_pdf
from handlers.documents.seller import quantity, seller
from handlers.documents.store import save_document
from handlers.edi.model import EdiPartner
from handlers.edi.naming import item_numbers
from handlers.edi.outgoing import Paper, write_paper
from handlers.fulfillment.edi_despatch import despatch_rows, kind_of_despatch
from handlers.fulfillment.picking import pick_lines
from handlers.fulfillment.shipping import advice_lines, shipment_row
from handlers.units import unit_code

_HERE = Path(__file__).parent
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC, _CBC = f"{{{_UBL}CommonAggregateComponents-2}}", f"{{{_UBL}CommonBasicComponents-2}}"
_NAMESPACES = {None: f"{_UBL}DespatchAdvice-2", "cac": _CAC[1:-1], "cbc": _CBC[1:-1]}


def save_pick_list(tx: Session, group_no: str, now: datetime) -> tuple[int, Sequence[Mapping[str, Any]]]:
    """Print the pick list of a group; answer the document and its lines. Raises Conflict when nothing is reserved."""
    rows = pick_lines(tx, group_no)
    head = tx.execute(_PICK_HEAD, {"group_no": group_no}).mappings().one()
    data = {
        "seller": seller(tx),
        **{name: head[name] for name in ("group_no", "order_no", "warehouse", "customer_po", "ship_to")},
        "ship_date": str(head["ship_date"]),
        "lines": [
            {name: str(row[name] or "") for name in ("sku", "name", "gtin", "lot", "expires_on", "uom")} | {"qty": quantity(row["qty"])}
            for row in rows
        ],
    }
    pdf = print_pdf(_HERE / "pick-list.typ", data, now)
    return save_document(tx, "PICK_LIST", group_no, "application/pdf", pdf), [dict(row) for row in rows]


def save_delivery_papers(tx: Session, shipment_no: str, partner: EdiPartner | None = None) -> dict[str, Any]:
    """Print the delivery note and write the despatch advice of a shipment, as UBL or as the partner wants it; answer their document ids.

    Raises NotFound, Invalid (a unit that the partner's syntax has no code for).
    """
    row, lines, us = shipment_row(tx, shipment_no), advice_lines(tx, shipment_no), seller(tx)
    delivery_note_id = save_document(tx, "DELIVERY_NOTE", shipment_no, "application/pdf", _print_note(row, lines, us))
    if partner is not None:
        return {"delivery_note_id": delivery_note_id, **_by_edi(tx, partner, row, lines, us)}
    advice = despatch_advice(row, lines, us)
    despatch_advice_id = save_document(tx, "DESPATCH_ADVICE", shipment_no, "application/xml", advice)
    return {"delivery_note_id": delivery_note_id, "despatch_advice_id": despatch_advice_id}


def print_delivery_note(tx: Session, shipment_no: str) -> PrintedPaper:
    """The delivery note of a shipment, whether it has left or is packed. Raises NotFound."""
    return _print_note(shipment_row(tx, shipment_no), advice_lines(tx, shipment_no), seller(tx))


def _print_note(row: Row[Any], lines: Sequence[Row[Any]], us: Mapping[str, str]) -> PrintedPaper:
    data = {
        "seller": us,
        "shipment_no": row.shipment_no,
        "order_no": row.order_no,
        "customer_po": row.customer_po,
        "ship_to": row.ship_to,
        "shipped_on": str(row.shipped_at.date()) if row.shipped_at else "",
        "carrier": row.carrier,
        "tracking_no": row.tracking_no,
        "packages": str(row.package_count),
        "weight": f"{quantity(row.weight_kg)} kg",
        "lines": [
            {
                "line_no": str(line.line_no),
                "sku": line.sku,
                "description": line.description,
                "uom": line.uom,
                "qty": quantity(line.qty),
                "outstanding": quantity(line.outstanding),
            }
            for line in lines
        ],
    }
    return print_pdf(_HERE / "delivery-note.typ", data, row.shipped_at or row.created_at)


def _by_edi(tx: Session, partner: EdiPartner, row: Row[Any], lines: Sequence[Row[Any]], us: Mapping[str, str]) -> dict[str, Any]:
    kind = kind_of_despatch(partner)
    numbers = item_numbers(tx, partner.customer_no, [line.sku for line in lines])
    rows = despatch_rows(partner, row, lines, us, numbers)
    paper = Paper(document="DESPATCH_ADVICE", kind=kind, number=row.shipment_no, order_no=row.order_no, rows=rows)
    told = write_paper(tx, partner, paper).payload(partner, kind)
    return {"despatch_advice_id": told.pop("document_id"), **told}


def despatch_advice(row: Row[Any], lines: Sequence[Row[Any]], us: Mapping[str, str]) -> bytes:
    """The shipment as UBL 2.1 DespatchAdvice (Peppol, T16): each line names the packages of the shipment it travels in."""
    shipped_at = row.shipped_at or row.created_at
    root = etree.Element(f"{{{_UBL}DespatchAdvice-2}}DespatchAdvice", nsmap=_NAMESPACES)  # type: ignore[arg-type]  # as in lxml itself
    _basic(root, "CustomizationID", "urn:fdc:peppol.eu:poacc:trns:despatch_advice:3")
    _basic(root, "ProfileID", "urn:fdc:peppol.eu:poacc:bis:despatch_advice:3")
    _basic(root, "ID", row.shipment_no)
    _basic(root, "IssueDate", shipped_at.date().isoformat())
    _basic(root, "IssueTime", shipped_at.isoformat(timespec="seconds").partition("T")[2])
    _basic(_part(root, "OrderReference"), "ID", row.customer_po or row.order_no)
    _party(_part(root, "DespatchSupplierParty"), us["peppol_id"], us)
    buyer = {**row.ship_to, "name": row.customer_name, "gln": row.customer_gln}
    _party(_part(root, "DeliveryCustomerParty"), row.customer_peppol_id, {**buyer, "country": buyer.get("country") or row.customer_country})
    shipment = _part(root, "Shipment")
    _basic(shipment, "ID", row.tracking_no or row.shipment_no)
    _basic(shipment, "GrossWeightMeasure", quantity(row.weight_kg), unitCode="KGM")
    for number, line in enumerate(lines, start=1):
        _line(_part(root, "DespatchLine"), number, line, row)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _line(element: etree._Element, number: int, line: Row[Any], row: Row[Any]) -> None:
    _basic(element, "ID", str(number))
    _basic(element, "DeliveredQuantity", quantity(line.qty), unitCode=unit_code(line.uom))
    if line.outstanding > 0:
        _basic(element, "OutstandingQuantity", quantity(line.outstanding), unitCode=unit_code(line.uom))
    _basic(_part(element, "OrderLineReference"), "LineID", line.buyer_line_no or str(line.line_no))
    item = _part(element, "Item")
    _basic(item, "Name", line.description)
    _basic(_part(item, "SellersItemIdentification"), "ID", line.sku)
    if line.gtin:
        _basic(_part(item, "StandardItemIdentification"), "ID", line.gtin, schemeID="0160")
    shipment = _part(element, "Shipment") if row.packages else None
    if shipment is not None:
        _basic(shipment, "ID", "NA")  # as Peppol asks: UBL wants a number where there is none
        for sscc in row.packages:
            _basic(_part(shipment, "TransportHandlingUnit"), "ID", sscc, schemeID="SSCC")


def _party(parent: etree._Element, endpoint: str, given: Mapping[str, str]) -> None:
    party = _part(parent, "Party")
    scheme, _, identifier = endpoint.partition(":")
    if identifier:
        _basic(party, "EndpointID", identifier, schemeID=scheme)
    if given["gln"]:
        _basic(_part(party, "PartyIdentification"), "ID", given["gln"], schemeID="0088")
    address = _part(party, "PostalAddress")
    for tag, name in (("StreetName", "street"), ("CityName", "city"), ("PostalZone", "postal_code")):
        if given.get(name):
            _basic(address, tag, given[name])
    _basic(_part(address, "Country"), "IdentificationCode", given["country"])
    _basic(_part(party, "PartyLegalEntity"), "RegistrationName", given["name"])


def _part(parent: etree._Element, tag: str) -> etree._Element:
    return etree.SubElement(parent, f"{_CAC}{tag}")


def _basic(parent: etree._Element, tag: str, value: str, **attributes: str) -> None:
    etree.SubElement(parent, f"{_CBC}{tag}", attributes).text = value


_PICK_HEAD = text("""
SELECT grp.group_no, grp.order_no, grp.ship_date, warehouse.name AS warehouse, sales_order.customer_po, sales_order.ship_to
FROM fulfil_group AS grp JOIN warehouse ON warehouse.code = grp.warehouse_code
JOIN sales_order ON sales_order.order_no = grp.order_no WHERE grp.group_no = :group_no
""")
