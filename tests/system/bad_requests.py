"""Bad input, by what is wrong with it: broken, hostile, huge, of the wrong type, or about things that do not exist."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from tests import tiny_models as m

BOMB = b"""<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">%s]><b>&h;</b>""" % b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("i"))
)
SPY = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b>&x;</b>'
DEEP = b"<b>" * 5_000 + b"</b>" * 5_000
WIDE = b"<b>" + b"<c/>" * 700_000 + b"</b>"
CUT = b"<?xml version='1.0'?><b><c>"
NOISE = bytes(range(256)) * 40

XML = {"bomb": BOMB, "spy": SPY, "deep": DEEP, "wide": WIDE, "cut": CUT, "noise": NOISE, "nothing": b"", "other root": b"<b/>"}


@dataclass(frozen=True)
class Bad:
    """A request that must be refused; `who` is allowed to make it, so that it is refused for what it says."""

    what: str
    path: str
    body: Any
    who: str = "edith"
    media_type: str = "application/json"


def _deploy(what: str, files: dict[str, bytes]) -> Bad:
    encoded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    return Bad(f"deployment: {what}", "/api/v1/deployments", {"name": "trouble", "files": encoded})


def _process(elements: str, flows: str, **files: bytes) -> dict[str, bytes]:
    named = {name.replace("_", "."): content for name, content in files.items()}
    return dict(m.bundle("trouble", m.start() + elements + m.end(), flows, files=named).files)


_PRICE = m.service("work", "orders.price_order", result="pricing", order_no="order_no")
_ASK = m.user("ask", formKey="ask", candidateGroups="sales")
_DECIDE = "start -> ask -> done"
_STEP = "start -> work -> done"

DEPLOYMENTS = [
    *(_deploy(f"{what} as diagram", {"trouble.bpmn": content}) for what, content in XML.items() if what != "wide"),
    *(
        _deploy(f"{what} as decision", {**_process(_PRICE, _STEP), "trouble.dmn": content})
        for what, content in XML.items()
        if what != "wide"
    ),
    _deploy("unknown handler", _process(m.service("work", "orders.vanish_order", order_no="order_no"), _STEP)),
    _deploy("unknown parameter", _process(m.service("work", "orders.price_order", colour='"red"'), _STEP)),
    _deploy("unknown form", _process(_ASK, _DECIDE)),
    _deploy("form that is no JSON", _process(_ASK, _DECIDE, ask_form=b'{"components": [')),
    _deploy("form that is a list", _process(_ASK, _DECIDE, ask_form=b"[]")),
    _deploy("form with an unknown field", _process(_ASK, _DECIDE, ask_form=b'{"components": [{"type": "hologram", "key": "x"}]}')),
    _deploy("Python in a script", _process(m.script("work", "import os; os.system('true')"), _STEP)),
    _deploy("script that does not end", _process(m.script("work", "{ a: (1 + }"), _STEP)),
    _deploy("file outside the bundle", {**_process(_PRICE, _STEP), "../../etc/trouble.bpmn": b"<b/>"}),
    _deploy("no diagram", {"readme.md": b"nothing"}),
    Bad("deployment: no Base64", "/api/v1/deployments", {"name": "trouble", "files": {"trouble.bpmn": "§§§"}}),
    Bad("deployment: no files", "/api/v1/deployments", {"name": "trouble", "files": {}}),
    Bad("deployment: wrong name", "/api/v1/deployments", {"name": "../trouble", "files": {"a.bpmn": ""}}),
]


def _order(what: str, **changes: Any) -> Bad:
    line = {"sku": "PUMP-40", "quantity": "1"} | changes.pop("line", {})
    return Bad(f"order: {what}", "/api/v1/orders", {"customer_no": "C-1001", "customer_po": "4500-1", "lines": [line]} | changes)


ORDERS = [
    _order("negative quantity", line={"quantity": "-1"}),
    _order("quantity of zero", line={"quantity": "0"}),
    _order("quantity as word", line={"quantity": "three"}),
    _order("quantity that is no number", line={"quantity": "NaN"}),
    _order("quantity without end", line={"quantity": "Infinity"}),
    _order("quantity beyond all use", line={"quantity": "1e400"}),
    _order("quantity as object", line={"quantity": {"amount": 1}}),
    _order("negative price", line={"unit_price": "-5"}),
    _order("price that is no number", line={"unit_price": "sNaN"}),
    _order("unknown customer", customer_no="C-404"),
    _order("currency that is none", currency="DUCATS"),
    _order("currency that nobody has", currency="XXQ"),
    _order("no lines", lines=[]),
    _order("lines as text", lines="PUMP-40"),
    _order("unknown field", colour="red"),
    _order("date that is none", requested_date="2026-02-31"),
    _order("country of three letters", ship_to={"country": "AUT"}),
    Bad("order: bare NaN", "/api/v1/orders", '{"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": NaN}]}'),
    Bad("order: half a body", "/api/v1/orders", '{"customer_no": "C-10'),
    Bad("order: very deep", "/api/v1/orders", "[" * 100_000),
    Bad("order: very deep lines", "/api/v1/orders", '{"lines": ' + "[" * 50_000 + "]" * 50_000 + "}"),
    Bad("order: huge", "/api/v1/orders", json.dumps({"customer_no": "C-1001", "note": "x" * 6_000_000})),
    Bad("order: a NUL in its number", "/api/v1/orders", {"customer_no": "C-10\x0001", "lines": [{"sku": "PUMP-40", "quantity": "1"}]}),
]

_QUOTE = {"customer_no": "C-1001", "lines": [{"sku": "PUMP-40", "quantity": "1"}]}
_CUSTOMER = {"customer_no": "C-1001", "name": "B", "country": "AT", "currency": "EUR"}
_WAREHOUSE = {"code": "W", "name": "W", "country": "AT"}

OTHERS = [
    Bad("quote: unknown customer", "/api/v1/quotes", {"customer_no": "C-404", "lines": [{"sku": "PUMP-40", "quantity": "1"}]}),
    Bad("quote: unknown item", "/api/v1/quotes", {"customer_no": "C-1001", "lines": [{"sku": "UNICORN", "quantity": "1"}]}),
    Bad("quote: discount of 400 %", "/api/v1/quotes", _QUOTE | {"discount_pct": "400"}),
    Bad("quote: unknown one accepted", "/api/v1/quotes/Q-999999/accept", {"customer_po": "1"}),
    Bad("stock: less than nothing", "/api/v1/stock/receipts", {"receipts": [
        {"sku": "PUMP-40", "warehouse_code": "VIE", "qty": "-1", "unit_cost": "1", "reference": "R-1"}]}),
    Bad("stock: unknown item", "/api/v1/stock/receipts", {"receipts": [
        {"sku": "UNICORN", "warehouse_code": "VIE", "qty": "1", "unit_cost": "1", "reference": "R-1"}]}),
    Bad("stock: cost that is no number", "/api/v1/stock/receipts", {"receipts": [
        {"sku": "PUMP-40", "warehouse_code": "VIE", "qty": "1", "unit_cost": "NaN", "reference": "R-1"}]}),
    Bad("stock: the opening receipt again", "/api/v1/stock/receipts", {"receipts": [
        {"sku": "PUMP-40", "warehouse_code": "VIE", "qty": "60", "unit_cost": "142", "reference": "OPENING"}]}),
    Bad("warehouse: time zone of another planet", "/api/v1/warehouses", _WAREHOUSE | {"time_zone": "Mars/Olympus"}),
    Bad("customer: there already", "/api/v1/customers", {"customer": _CUSTOMER}),
    Bad("customer: negative limit", "/api/v1/customers", {"customer": _CUSTOMER | {"customer_no": "C-9", "credit_limit": "-1"}}),
    Bad("price: unknown list", "/api/v1/prices", {"price_list_code": "NONE", "sku": "PUMP-40", "unit_price": "1"}),
    Bad("price: unknown item", "/api/v1/prices", {"price_list_code": "BASE-EUR", "sku": "UNICORN", "unit_price": "1"}),
    Bad("tax: -20 %", "/api/v1/tax-rates", {"country": "AT", "category": "S", "rate_pct": "-20"}),
    Bad("instance: unknown process", "/api/v1/instances", {"process_key": "cash-to-order"}),
    Bad("instance: variables as list", "/api/v1/instances", {"process_key": "quote-to-order", "variables": []}),
    Bad("message: correlation as list", "/api/v1/messages", {"name": "quote.accepted", "correlation": {"quote_no": [1]}}),
    Bad("message: unknown name", "/api/v1/messages", {"name": "quote.acepted", "correlation": {"quote_no": "Q-000001"}}),
    Bad("message: no time to live", "/api/v1/messages", {"name": "quote.accepted", "time_to_live_seconds": 0}),
    Bad("task: nobody has it", "/api/v1/user-tasks/00000000-0000-4000-8000-000000000000/complete", {"data": {}}),
    Bad("group: unknown", "/api/v1/groups/FG-999999/release", {}),
    Bad("shipment: unknown", "/api/v1/shipments/SH-999999/delivery", {}),
    Bad("purchase order: unknown", "/api/v1/purchase-orders/PO-999999/acknowledgements", {"code": "AP"}),
    Bad("hold: unknown order", "/api/v1/orders/SO-999999/holds", {"hold_code": "MANUAL", "reason": "no such order"}),
    Bad("incident: unknown", "/api/v1/incidents/999999/retry", {}),
    Bad("incident: beyond all numbers", f"/api/v1/incidents/{10**30}/retry", {}),
]  # fmt: skip

STATEMENTS = [Bad(f"statement: {what}", "/api/v1/statements", content, media_type="application/xml") for what, content in XML.items()]
ORDER_DOCUMENTS = [
    Bad(f"UBL order: {what}", "/api/v1/intake/ubl-orders?create_missing=true", content, media_type="application/xml")
    for what, content in XML.items()
]
