"""What customers and those who speak with them do."""

from datetime import timedelta
from typing import Any

from tests.life.world import World

CUSTOMERS = ("C-1001", "C-1002", "C-1003")
STOCKED = ("PUMP-40", "PUMP-90", "VALVE-3W", "SEAL-12", "GLYCOL-10")
DROPPED = ("TANK-500", "TANK-800")
#: The orders and quotes that somebody still thinks of.
RECENT_ORDER = "SELECT order_no FROM sales_order ORDER BY order_no DESC LIMIT 12"
_LINE_NUMBERS = "SELECT line_no FROM order_line WHERE order_no = :order_no ORDER BY line_no"
SENT_QUOTE = "SELECT quote_no FROM quote WHERE state = 'SENT' ORDER BY quote_no DESC LIMIT 8"
RECENT_QUOTE = "SELECT quote_no FROM quote ORDER BY quote_no DESC LIMIT 8"


def order(world: World) -> None:
    """A customer orders, now and then something odd."""
    chance = world.chance
    body: dict[str, Any] = {
        "customer_no": chance.choice(CUSTOMERS),
        "customer_po": f"PO-{chance.randint(1, 400)}",
        "lines": [_line(world) for _ in range(chance.randint(1, 4))],
        "ship_complete": chance.random() < 0.2,
    }
    if chance.random() < 0.3:
        body["requested_date"] = str(world.today() + timedelta(days=chance.choice([-3, 0, 10, 60, 500])))
    if chance.random() < 0.5:
        body["reference"] = f"web-{world.step}-{chance.random()}"
        world.orders.append(body)
    world.send("order", "/orders", body)


def order_again(world: World) -> None:
    """The same order comes again, even after months: it is the same order."""
    body = world.chance.choice(world.orders) if world.orders else None
    if body:
        first, second = world.send("order again", "/orders", body), world.send("order again", "/orders", body)
        if first != second:
            world.seen.faults.append(f"the same order twice: {first} {second}")


def change_order(world: World) -> None:
    """Somebody puts an order on hold, takes the hold off, or corrects where it goes."""
    found = world.one(RECENT_ORDER)
    if found is None:
        return
    path = f"/orders/{found['order_no']}"
    act = world.chance.choice(["hold", "release", "ship-to"])
    if act == "ship-to":
        street = f"Dock {world.chance.randint(1, 9)}"
        world.send("address", f"{path}/ship-to", {"street": street, "reason": "as agreed by phone"}, method="patch")
    else:
        code = world.chance.choice(["MANUAL", "MANUAL", "CUSTOMER_REQUEST", "ADDRESS", "BILLING"])
        body = {"hold_code": code, "reason": "by chance"}
        world.send(act, f"{path}/holds{'' if act == 'hold' else '/release'}", body, by=world.chance.choice(["tom", "edith"]))


def change_lines(world: World) -> None:
    """A customer wants more, less, something else, or none of a line, whatever has left by then."""
    found = world.one(RECENT_ORDER)
    if found is None:
        return
    chance = world.chance
    numbers = [line["line_no"] for line in world.rows(_LINE_NUMBERS, order_no=found["order_no"])]
    line: dict[str, Any] = {"line_no": chance.choice([*numbers, 99]), "quantity": str(chance.choice([1, 1, 2, 3, 7, 40]))}
    kind = chance.choice(["quantity", "quantity", "remove", "add"])
    if kind == "remove":
        line = {"line_no": line["line_no"], "remove": True}
    elif kind == "add":
        line = {"sku": chance.choice([*STOCKED, *DROPPED]), "quantity": line["quantity"], "add": True}
    body = {"lines": [line], "reason": "as agreed by phone", "reference": chance.choice(["", f"OC-{chance.randint(1, 200)}"])}
    world.send(f"change {kind}", f"/orders/{found['order_no']}/changes", body)


def cancel_order(world: World) -> None:
    """A customer does not want it any more."""
    found = world.one(RECENT_ORDER)
    if found:
        world.send("cancel order", f"/orders/{found['order_no']}/cancel", {"reason": "no longer needed"})


def quote(world: World) -> None:
    """A customer asks for a price."""
    chance = world.chance
    lines = [_line(world) | {"discount_pct": str(chance.choice([0, 0, 5, 15, 25, 45]))} for _ in range(chance.randint(1, 3))]
    for line in lines:
        line.pop("unit_price", None)
    world.send("quote", "/quotes", {"customer_no": chance.choice(CUSTOMERS), "lines": lines}, by="sara")


def answer_quote(world: World) -> None:
    """The customer accepts or declines, or we take the quote back or give more time."""
    found = world.one(SENT_QUOTE if world.chance.random() < 0.7 else RECENT_QUOTE)
    if found is None:
        return
    act = world.chance.choice(["accept", "accept", "accept", "accept", "decline", "withdraw", "extend"])
    body: dict[str, Any] = {"customer_po": f"4500-{world.step}"} if act == "accept" else {"reason": "too dear"}
    if act == "accept" and world.chance.random() < 0.4:
        lines = world.rows("SELECT line_no, qty FROM quote_line WHERE quote_no = :quote_no ORDER BY line_no", **found)
        part = world.chance.sample(lines, world.chance.randint(1, len(lines)))
        body["lines"] = [
            {"line_no": line["line_no"], "quantity": str(world.chance.choice([1, line["qty"], line["qty"], line["qty"] + 1]))}
            for line in part
        ]
    if act == "extend":
        body["valid_until"] = str(world.today() + timedelta(days=world.chance.choice([-1, 20, 45, 90])))
    world.send(f"{act} quote", f"/quotes/{found['quote_no']}/{act}", body)


def _line(world: World) -> dict[str, Any]:
    chance = world.chance
    odd = chance.random() < 0.05
    line = {
        "sku": chance.choice([*STOCKED, *STOCKED, *DROPPED, *(["NO-SUCH"] if odd else [])]),
        "quantity": str(chance.choice([1, 1, 1, 2, 2, 3, 5, 8, 20, 60, *([0, -1] if odd else [])])),
    }
    return line | ({"unit_price": chance.choice(["1.00", "999.00"])} if chance.random() < 0.05 else {})
