"""Imports what a UBL order names and we do not know; the README tells the rules."""

from dataclasses import asdict
from decimal import Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from api.intake.ubl_order import UblCancellation, UblChange, UblLine, UblOrder
from engine.problems import Invalid, NotFound
from handlers.catalog.master_data import ItemDraft, PriceDraft, PriceListDraft, add_items, add_price_list, set_prices
from handlers.catalog.model import PriceList
from handlers.changes import Author, note
from handlers.identifiers import is_gln, is_gtin
from handlers.orders.edi_order import GTIN, NAME, OURS, THEIRS, ItemNumber
from handlers.orders.item_finding import find_items
from handlers.orders.rules import PIECES
from handlers.parties.changes import add_customer
from handlers.parties.master_data import AddressDraft, CustomerDraft
from handlers.parties.model import Customer

_GLN = "0088"
_LONGEST_SKU = 100
_CREATE = "Add it first, or send the order with ?create_missing=true."


def buyer_of(tx: Session, order: UblOrder | UblChange | UblCancellation) -> str:
    """The number of the customer that a document names by its electronic address. Raises NotFound."""
    scheme, _, identifier = order.buyer.endpoint.partition(":")
    known = or_(
        Customer.peppol_id == order.buyer.endpoint, Customer.gln == identifier if scheme == _GLN else Customer.peppol_id == identifier
    )
    customer_no = tx.scalar(select(Customer.customer_no).where(known).order_by(Customer.customer_no))
    if customer_no is None:
        raise NotFound(f"The buyer {order.buyer.name} ({order.buyer.endpoint}) is unknown.", code="customer_unknown", next_step=_CREATE)
    return customer_no


def numbers_of(line: UblLine) -> list[ItemNumber]:
    """How the order names the item, the surest first: our number, the world's, the buyer's own, its name."""
    named = ((OURS, line.seller_sku), (GTIN, line.gtin), (THEIRS, line.buyer_sku), (NAME, line.name))
    return [ItemNumber(kind, value) for kind, value in named if value]


def sku_of(line: UblLine) -> str:
    """Under which number an item that we do not know is added, or its line kept until the order desk repairs it."""
    return line.seller_sku or line.gtin or line.buyer_sku or line.name[:_LONGEST_SKU]


def import_masters(tx: Session, order: UblOrder, by: Author) -> None:
    """Create the missing customer, items and prices of the order, and tell the audit log of each field.

    Raises Invalid when the order lacks what they need.
    """
    try:
        buyer_of(tx, order)
    except NotFound:
        _import_customer(tx, order, by)
    _import_items(tx, order, buyer_of(tx, order), by)


def _import_customer(tx: Session, order: UblOrder, by: Author) -> None:
    buyer = order.buyer
    scheme, _, identifier = buyer.endpoint.partition(":")
    country = buyer.country or (order.deliver_to.country if order.deliver_to else "")
    if not country:
        raise Invalid("The order does not say in which country the buyer is.", code="ubl_country", next_step="Add the customer by hand.")
    draft = CustomerDraft(
        customer_no=f"C-{identifier}",
        name=buyer.name,
        country=country,
        currency=order.currency,
        gln=identifier if scheme == _GLN and is_gln(identifier) else "",
        peppol_id=buyer.endpoint,
        legal_id=buyer.legal_id,
        email=buyer.email,
        invoice_channel="peppol",
    )
    addresses = []
    # Peppol asks for the buyer's country only: that alone is no address to deliver to.
    to = order.deliver_to or (buyer.address if buyer.address and buyer.address.city else None)
    if to:
        addresses.append(
            AddressDraft(
                name=to.name or buyer.name,
                street=to.street,
                city=to.city,
                postal_code=to.postal_code,
                region=to.region,
                country=to.country or country,
            )
        )
    add_customer(tx, draft, addresses, by)


def _import_items(tx: Session, order: UblOrder, customer_no: str, by: Author) -> None:
    known = find_items(tx, customer_no, [numbers_of(line) for line in order.lines])
    missing = {sku_of(line): line for position, line in enumerate(order.lines, start=1) if position not in known}
    if not missing:
        return
    price_list = _base_list(tx, order.currency)
    items = [_item(sku, line) for sku, line in missing.items()]
    prices = [
        PriceDraft(price_list_code=price_list, sku=sku, uom=_unit(line), unit_price=line.unit_price or Decimal(0))
        for sku, line in missing.items()
    ]
    add_items(tx, items)
    set_prices(tx, prices)
    # One row for all of them: an order may bring thousands, and the log has one writer at a time.
    added = {name: {"from": None, "to": [asdict(each) for each in drafts]} for name, drafts in (("items", items), ("prices", prices))}
    note(tx, by, "add", f"ubl_order:{order.document_no}", added)


def _item(sku: str, line: UblLine) -> ItemDraft:
    gtin = line.gtin if is_gtin(line.gtin) else ""  # the order may name the item by another standard
    return ItemDraft(sku=sku, name=line.name, item_class="IMPORTED", uom=_unit(line), gtin=gtin, tax_category=line.tax_category)


def _unit(line: UblLine) -> str:
    return "EA" if line.uom in PIECES else line.uom


def _base_list(tx: Session, currency: str) -> str:
    code = tx.scalar(select(PriceList.code).where(PriceList.kind == "BASE", PriceList.currency == currency).order_by(PriceList.code))
    if code is None:
        code = f"BASE-{currency}"
        add_price_list(tx, PriceListDraft(code=code, currency=currency))
    return code
