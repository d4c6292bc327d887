"""What customers of the ninety days do: ask for prices, order by two channels, change their minds, send goods back."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from api.demo.history.house import House
from api.demo.history.masters import BUYERS, DROPPED, STOCKED

#: A work day brings so many orders and quotes, and what follows of what came before, as often as it says.
_ORDERS_A_DAY: Final = (3, 4, 5, 5, 6, 7)
_QUOTES_A_DAY: Final = (0, 1, 1, 2, 3)
_FIRST_LOOK: Final = (("C-1001", 10), ("C-1002", 4), ("C-1003", 3))
_NAMES: Final = [*(name for name, _ in _FIRST_LOOK), *(buyer["customer_no"] for buyer in BUYERS)]
_WEIGHTS: Final = [*(weight for _, weight in _FIRST_LOOK), *(int(buyer["weight"]) for buyer in BUYERS)]
_SMALL: Final = frozenset({"C-1003", "C-1011", "C-1014"})
_REASONS: Final = ("Too dear, another offer was lower.", "The project was put off.", "Delivery too late for us.")


def order(house: House, day: date) -> None:
    """The day's orders come in, by our own people's hands and by customers' systems."""
    for _ in range(house.chance.choice(_ORDERS_A_DAY)):
        customer_no = _somebody(house)
        body: dict[str, Any] = {
            "customer_no": customer_no,
            "customer_po": f"{house.chance.randint(45_000_000, 45_999_999)}",
            "lines": _lines(house, customer_no, priced=house.happens(0.04)),
        }
        if house.happens(0.25):
            body["requested_date"] = str(day + timedelta(days=house.chance.choice([3, 7, 10, 14])))
        house.send("tom", "/orders", body)
    house.work()


def ask_for_prices(house: House) -> None:
    """Sara writes quotes; some with a discount that somebody has to agree to."""
    for _ in range(house.chance.choice(_QUOTES_A_DAY)):
        customer_no = _somebody(house)
        lines = [line | {"discount_pct": str(house.chance.choice([0, 3, 5, 8, 15, 22, 26]))} for line in _lines(house, customer_no)]
        house.send("sara", "/quotes", {"customer_no": customer_no, "lines": lines})
    house.work()


def answer_quotes(house: House) -> None:
    """Of the quotes that were sent, some are accepted, some declined, and some wait until they expire."""
    for quote in house.rows(_SENT):
        if house.happens(0.28):
            house.send("sara", f"/quotes/{quote['quote_no']}/accept", {"customer_po": f"{house.chance.randint(46_000_000, 46_999_999)}"})
        elif house.happens(0.06):
            house.send("sara", f"/quotes/{quote['quote_no']}/decline", {"reason": house.chance.choice(_REASONS)})
    house.work()


def change_their_minds(house: House) -> None:
    """Now and then an order is cancelled, goes elsewhere, or is put on hold."""
    recent = house.rows(_YOUNG)
    if recent and house.happens(0.22):
        number = house.chance.choice(recent)["order_no"]
        act = house.chance.choice(["cancel", "hold", "address"])
        if act == "cancel":
            house.send("tom", f"/orders/{number}/cancel", {"reason": "Ordered twice, says the customer."})
        elif act == "hold":
            house.send("tom", f"/orders/{number}/holds", {"hold_code": "CUSTOMER_REQUEST", "reason": "Their building site is not ready."})
        else:
            change = {"street": f"Baustelle {house.chance.randint(2, 40)}", "reason": "Straight to the site, as agreed by phone."}
            house.send("tom", f"/orders/{number}/ship-to", change, method="PATCH")
    for held in house.rows(_ON_HOLD):
        if house.happens(0.3):
            release = {"hold_code": held["hold_code"], "reason": "They can take it now."}
            house.send("tom", f"/orders/{held['order_no']}/holds/release", release)
    house.work()


def send_back_and_dispute(house: House) -> None:
    """Goods come back, and invoices are disputed."""
    posted = house.rows(_INVOICED)
    if posted and house.happens(0.18):
        invoice_no = house.chance.choice(posted)["document_no"]
        if house.happens(0.6):
            _ask_for_return(house, invoice_no)
        else:
            reason, words = house.chance.choice([("PRICE", "The agreed price was lower."), ("DAMAGE", "One box arrived crushed.")])
            body = {"reason": reason, "amount": str(house.chance.choice([20, 35, 60])), "description": words}
            house.send("amina", f"/invoices/{invoice_no}/disputes", body)
    house.work()


def _ask_for_return(house: House, invoice_no: str) -> None:
    lines = house.get("tom", f"/invoices/{invoice_no}/returnable") or []
    able = [line for line in lines if Decimal(line["left"]) >= 1]
    if able:
        line = house.chance.choice(able)
        reason = house.chance.choice(["DAMAGED", "DEFECTIVE", "WRONG_ITEM", "CHANGE_OF_MIND"])
        house.send("tom", "/returns", {"invoice_no": invoice_no, "reason": reason, "lines": [{"line_no": line["line_no"], "qty": "1"}]})


def _somebody(house: House) -> str:
    return house.chance.choices(_NAMES, _WEIGHTS)[0]


def _lines(house: House, customer_no: str, *, priced: bool = False) -> Sequence[dict[str, Any]]:
    most = 2 if customer_no in _SMALL else 4
    skus = house.chance.sample(list(STOCKED), house.chance.randint(1, most))
    if customer_no not in _SMALL and house.happens(0.1):
        skus.append(house.chance.choice(DROPPED))
    lines = [{"sku": sku, "quantity": str(_how_many(house, sku, customer_no))} for sku in skus]
    if priced:
        lines[0]["unit_price"] = "9.90"  # an old price list of theirs
    return lines


def _how_many(house: House, sku: str, customer_no: str) -> int:
    if sku in DROPPED or customer_no in _SMALL:
        return house.chance.choice([1, 1, 2])
    cost = STOCKED[sku].cost
    return house.chance.choice([10, 20, 40]) if cost < 10 else house.chance.choice([1, 2, 4, 6, 10])  # noqa: PLR2004  # euros: small parts


_SENT = "SELECT quote_no FROM quote WHERE state = 'SENT' ORDER BY quote_no"
_YOUNG = """
SELECT order_no FROM order_status WHERE status IN ('SUBMITTED', 'PROCESSING') ORDER BY order_no DESC LIMIT 12
"""
_ON_HOLD = "SELECT order_no, hold_code FROM hold WHERE released_at IS NULL AND hold_code = 'CUSTOMER_REQUEST' ORDER BY order_no"
_INVOICED = "SELECT document_no FROM open_item WHERE kind = 'AR' AND open_amount > 100 ORDER BY document_no DESC LIMIT 30"
