"""An invoice, credit memo or debit note as X12 810 or EDIFACT INVOIC, in segments that add up to its total, for who wants it so."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from handlers.billing.facts import InvoiceFacts, LineFacts, read_facts
from handlers.billing.ubl import fits_e_invoice
from handlers.documents.seller import quantity
from handlers.edi.interchange import X12
from handlers.edi.model import EdiPartner
from handlers.edi.naming import ItemNumbers, dtm, edifact_item, item_numbers, n1, n1_place, nad, nad_place, x12_item, ymd
from handlers.edi.outgoing import Paper, target_of, write_paper
from handlers.edi.partners import partner_for
from handlers.edi.units import edifact_of, x12_of
from handlers.edi.writing import Row, fitting, number
from handlers.values import round_currency

_DISCOUNT, _FREIGHT = "C310", "D240"
#: TXI01: value added tax.
_VAT: Final = "VA"
#: What a paper is, by its kind: BIG07 of X12 (credit memo, debit memo) and 1001 of EDIFACT. BIG07 is optional, and an 810 without it is an
#: invoice; what is no plain invoice has to say so.
_BIG_07: Final = {"CM": "CR", "DM": "DR"}
_BIG_07_IN_ADVANCE: Final = "PP"
_BGM_1001: Final = {"INV": "380", "CM": "381", "DM": "383"}
_HUNDRED: Final = Decimal(100)

Numbers = Mapping[str, ItemNumbers]


def invoice_by_edi(tx: Session, invoice_no: str) -> dict[str, Any]:
    """Write an invoice as its customer's partner wants it; answers what the effect says of it, nothing where nobody does.

    Amounts with three decimals fit neither N2 nor EN 16931: such an invoice is the paper. Raises Invalid for a unit that has no code.
    """
    facts = read_facts(tx, invoice_no)
    order_no = facts.order_no or next((line.order_no for line in facts.lines if line.order_no), "")
    partner = partner_for(tx, facts.buyer["customer_no"], order_no, "invoice")
    if partner is None or not fits_e_invoice(facts):
        return {}
    kind = kind_of_invoice(partner)
    ordered_on = tx.execute(_ORDERED_ON, {"order_no": order_no}).scalar_one()
    rows = invoice_rows(partner, facts, ordered_on, item_numbers(tx, partner.customer_no, [line.sku for line in facts.lines]))
    paper = Paper(document="INVOICE_EDI", kind=kind, number=invoice_no, order_no=order_no, rows=rows)
    told = write_paper(tx, partner, paper).payload(partner, kind)
    return {"edi_document_id": told.pop("document_id"), "target": target_of(partner), **told}


def kind_of_invoice(partner: EdiPartner) -> str:
    """What an invoice is called in the partner's syntax."""
    return "810" if partner.syntax == X12 else "INVOIC"


def invoice_rows(partner: EdiPartner, facts: InvoiceFacts, ordered_on: date, numbers: Numbers) -> list[Row]:
    """An invoice as segments. Raises Invalid for a unit that X12 has no code for."""
    return _x12(facts, ordered_on, numbers) if partner.syntax == X12 else _edifact(partner, facts, numbers)


def _off(line: LineFacts, currency: str) -> Decimal:
    """What a line is less than quantity times price: its share of the order's discount, and rounding."""
    return round_currency(line.qty * line.unit_price, currency) - line.amount


# ---- X12


def _x12(facts: InvoiceFacts, ordered_on: date, numbers: Numbers) -> list[Row]:
    rows: list[Row] = [
        ("BIG", ymd(facts.invoice_date), facts.invoice_no, *_big_03(facts, ordered_on), *_big_07(facts)),
        ("CUR", "SE", facts.currency),
        *([("REF", "SI", facts.shipment_no)] if facts.shipment_no else []),
        *([("REF", "IV", facts.credits_invoice_no)] if facts.credits_invoice_no else []),
        *n1_place("BT", {**facts.bill_to, "name": facts.buyer["name"]}),
        *n1_place("ST", facts.ship_to),
        n1("SE", facts.seller["name"], facts.seller["gln"]),
        *_terms(facts),
        ("DTM", "011", ymd(facts.delivery_date)),
        *([("DTM", "186", ymd(facts.delivered_from)), ("DTM", "187", ymd(facts.delivery_date))] if facts.delivered_from else []),
    ]
    for line in facts.lines:
        item = x12_item(line.sku, numbers.get(line.sku))
        rows.append(("IT1", line.order_line_no, number(line.qty), x12_of(line.uom), number(line.unit_price), "", *item))
        rows.append(("PID", "F", "", "", "", fitting(line.description, 80)))
        rows += [("REF", qualifier, value) for qualifier, value in _of_line(line, ("PO", "CO", "SI"))]
        if line.delivered_on:
            rows.append(("DTM", "011", ymd(line.delivered_on)))
        off = _off(line, facts.currency)
        if off:
            rows.append(("SAC", "A" if off > 0 else "C", _DISCOUNT, "", "", _cents(abs(off))))
    rows.append(("TDS", _cents(facts.gross_total)))
    rows += [("TXI", _VAT, number(group.tax), number(group.rate_pct)) for group in facts.taxes]
    if facts.freight_total:
        rows.append(("SAC", "C", _FREIGHT, "", "", _cents(facts.freight_total)))
    return [*rows, ("CTT", str(len(facts.lines)))]


def _big_03(facts: InvoiceFacts, ordered_on: date) -> Row:
    """BIG03 and BIG04: the order; an invoice of several orders names them on its lines."""
    if facts.order_no or facts.customer_po:
        return (ymd(ordered_on) if facts.order_no else "", facts.customer_po or facts.order_no)
    return ("", "")


def _of_line(line: LineFacts, codes: tuple[str, str, str]) -> list[tuple[str, str]]:
    """The buyer's order, ours and the shipment of a line of a consolidated invoice, under the codes of a syntax; else nothing."""
    named = zip(codes, (line.customer_po, line.order_no, line.shipment_no), strict=True)
    return [(code, value) for code, value in named if value] if line.order_no else []


def _big_07(facts: InvoiceFacts) -> Row:
    """BIG05 to BIG07 of what is no plain invoice: neither a release nor a change of the order, and what the paper is."""
    code = _BIG_07.get(facts.kind) or (_BIG_07_IN_ADVANCE if facts.is_in_advance else "")
    return ("", "", code) if code else ()


def _terms(facts: InvoiceFacts) -> list[Row]:
    """ITD: each instalment (04) with its day and amount, or when all of it is due and what may be taken off until when."""
    if facts.instalments:
        days = ((ymd(part.due_date), _cents(part.amount)) for part in facts.instalments)
        return [("ITD", "04", "3", "", "", "", "", "", "", day, cents) for day, cents in days]
    return [_terms_at_once(facts)]


def _terms_at_once(facts: InvoiceFacts) -> Row:
    net_days = str((facts.due_date - facts.invoice_date).days)
    if not (facts.discount_date and facts.discount_amount):
        return ("ITD", "05", "3", "", "", "", ymd(facts.due_date), net_days)
    within = str((facts.discount_date - facts.invoice_date).days)
    pct = number(round(facts.discount_amount * _HUNDRED / facts.gross_total, 3))
    cents = _cents(facts.discount_amount)
    return ("ITD", "08", "3", pct, ymd(facts.discount_date), within, ymd(facts.due_date), net_days, cents)


def _cents(amount: Decimal) -> str:
    """An amount with two implied decimals (N2)."""
    return str(int(round(amount, 2) * _HUNDRED))


# ---- EDIFACT


def _edifact(partner: EdiPartner, facts: InvoiceFacts, numbers: Numbers) -> list[Row]:
    rows: list[Row] = [
        ("BGM", "386" if facts.is_in_advance and facts.kind == "INV" else _BGM_1001[facts.kind], facts.invoice_no, "9"),
        dtm("137", facts.invoice_date),
        dtm("35", facts.delivery_date),
        *([dtm("194", facts.delivered_from), dtm("206", facts.delivery_date)] if facts.delivered_from else []),
        *([("RFF", ("ON", fitting(facts.customer_po or facts.order_no, 35)))] if facts.customer_po or facts.order_no else []),
        *([("RFF", ("DQ", facts.shipment_no))] if facts.shipment_no else []),
        *([("RFF", ("IV", facts.credits_invoice_no))] if facts.credits_invoice_no else []),
        *_party("BY", partner, facts.buyer),
        *_party("SU", partner, facts.seller),
        nad_place("DP", facts.ship_to),
        ("CUX", ("2", facts.currency, "4")),
        *_due(facts),
    ]
    if facts.discount_date and facts.discount_amount:
        rows += [("PAT", "22"), dtm("12", facts.discount_date), ("MOA", ("21", _money(facts.discount_amount, facts.currency)))]
    if facts.freight_total:
        category, rate = facts.freight_tax
        rows += [("ALC", "C", "", "", "", "FC"), ("MOA", ("8", _money(facts.freight_total, facts.currency))), _tax(category, rate)]
    for line in facts.lines:
        rows += _line(line, facts.currency, numbers)
    return [*rows, ("UNS", "S"), ("CNT", ("2", str(len(facts.lines)))), *_sums(facts)]


def _due(facts: InvoiceFacts) -> list[Row]:
    """PAT with the day on which it is due, once for each instalment with its amount."""
    if not facts.instalments:
        return [("PAT", "3"), dtm("13", facts.due_date)]
    rows: list[Row] = []
    for part in facts.instalments:
        rows += [("PAT", "3"), dtm("13", part.due_date), ("MOA", ("9", _money(part.amount, facts.currency)))]
    return rows


def _party(role: str, partner: EdiPartner, party: Mapping[str, str]) -> list[Row]:
    named = nad(role, partner, party["name"], party["gln"])
    return [named, ("RFF", ("VA", party["vat_no"]))] if party["vat_no"] else [named]


def _line(line: LineFacts, currency: str, numbers: Numbers) -> list[Row]:
    off = _off(line, currency)
    rows = [
        *edifact_item(line.order_line_no, "", line.sku, numbers.get(line.sku)),
        ("IMD", "F", "", ("", "", "", fitting(line.description, 35))),
        ("QTY", ("47", number(line.qty), edifact_of(line.uom))),
        ("MOA", ("203", _money(line.amount, currency))),
        ("PRI", ("AAA", number(line.unit_price))),
        *(("RFF", (code, fitting(value, 35))) for code, value in _of_line(line, ("ON", "VN", "DQ"))),
        _tax(line.tax_category, line.tax_rate_pct),
    ]
    if off:
        rows += [("ALC", "A" if off > 0 else "C", "", "", "", "DI"), ("MOA", ("8", _money(abs(off), currency)))]
    return rows


def _tax(category: str, rate_pct: Decimal) -> Row:
    return ("TAX", "7", "VAT", "", "", ("", "", "", quantity(rate_pct)), category)


def _sums(facts: InvoiceFacts) -> list[Row]:
    net = facts.net_total + facts.freight_total
    amounts = (("77", facts.gross_total), ("79", facts.net_total), ("125", net), ("124", facts.tax_total))
    rows: list[Row] = [("MOA", (code, _money(amount, facts.currency))) for code, amount in amounts]
    for group in facts.taxes:
        rows += [_tax(group.category, group.rate_pct), ("MOA", ("124", _money(group.tax, facts.currency)))]
        rows.append(("MOA", ("125", _money(group.taxable, facts.currency))))
    return rows


def _money(amount: Decimal, currency: str) -> str:
    return f"{round_currency(amount, currency):f}"


_ORDERED_ON = text("SELECT ordered_on FROM sales_order WHERE order_no = :order_no")
