"""Where the page of each kind of subject is."""

from urllib.parse import quote

ADDRESSES = {
    "quote": "/quotes",
    "order": "/orders",
    "group": "/fulfillment/groups",
    "shipment": "/fulfillment/shipments",
    "return": "/fulfillment/returns",
    "purchase-order": "/fulfillment/purchase-orders",
    "invoice": "/finance/invoices",
    "receipt": "/finance/receipts",
    "statement": "/finance/statements",
    "dispute": "/finance/disputes",
    "late-charge": "/finance/late-charges",
    "customer": "/master-data/customers",
    "item": "/master-data/items",
    "supplier": "/master-data/suppliers",
}


def subject_address(number: str, kind: str) -> str:
    """The address of a subject's page; empty for a kind that has none."""
    base = ADDRESSES.get(kind)
    return f"{base}/{quote(str(number), safe='')}" if base else ""
