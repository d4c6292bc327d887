"""What people of the house do: their worklist, master data, and the operators' desk."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from tests.life import money, person
from tests.life.customers import CUSTOMERS, STOCKED
from tests.life.world import SECOND_PERSONS, World

#: What people mostly answer: by chance alone half of the orders, statements and invoices would go no further.
LIKELY: Mapping[str, Mapping[str, Any]] = {
    "take_over": {"outcome": "anew"},
    "decide_credit_hold": {"action": "release"},
    "decide_release": {"action": "release"},
    "approve_quote": {"approved": True},
}
#: How a customer is billed: shipment by shipment or for a time, at once or in parts.
_BILLED: list[dict[str, Any]] = [
    *({"invoice_cycle": cycle} for cycle in ("SHIPMENT", "WEEKLY", "MONTHLY")),
    *({"payment_term": term} for term in ("", "THIRDS", "30-70")),
]
_FORM = "SELECT content FROM deployment_file WHERE path LIKE :path ORDER BY deployment_id DESC LIMIT 1"


def work_task(world: World) -> None:
    """Somebody does a task of the worklist, whatever it is, with a form filled in by chance."""
    found = world.one(
        "SELECT id, element_id, form_key FROM user_task WHERE state = 'open' ORDER BY created_at DESC, id LIMIT :most",
        most=world.chance.choice([5, 30, 1000]),
    )
    if found is None:
        return
    if found["element_id"] == "balance_statement":
        money.balance_statement(world)
        return
    shown = world.get(f"/user-tasks/{found['id']}").get("form_data", {})
    data = person.fill(_form(world, found["form_key"]), shown, world.chance)
    if world.chance.random() < 0.7:
        data |= LIKELY.get(found["element_id"], {})
    path, body = f"/user-tasks/{found['id']}/complete", {"data": data, "reason": "tried by chance"}
    _, answer = world.send(f"task {found['element_id']}", path, body)
    if answer.get("code") == "four_eyes":
        world.send(f"task {found['element_id']} by another", path, body, by=world.chance.choice(SECOND_PERSONS))


def decide_change(world: World) -> None:
    """A second person says yes or no to what somebody asked for."""
    found = world.one("SELECT id FROM pending_change WHERE state = 'pending' ORDER BY id DESC LIMIT 20")
    if found:
        act = world.chance.choice(["confirm", "confirm", "confirm", "refuse"])
        by = world.chance.choice(["edith", *SECOND_PERSONS])
        world.send(f"{act} change", f"/pending-changes/{found['id']}/{act}", {"reason": "looked into"}, by=by)


def change_master_data(world: World) -> None:
    """A price, a customer's limit, account or how it is billed changes."""
    chance, act = world.chance, world.chance.choice(["price", "price", "limit", "customer", "billing"])
    if act == "price":
        price = Decimal(chance.randint(500, 20000)) / 100
        row = {"price_list_code": "BASE-EUR", "sku": chance.choice(STOCKED), "unit_price": str(price), "valid_from": str(world.today())}
        world.send("price", "/prices", row)
        return
    customer_no = chance.choice(CUSTOMERS)
    changes: dict[str, Any] = {"account_hold": chance.random() < 0.3}
    if act == "limit":
        changes = {"credit_limit": str(chance.choice([500, 20_000, 500_000]))}
    if act == "billing":
        changes = chance.choice(_BILLED)
    version = world.get(f"/customers/{customer_no}").get("version")
    body = {"version": version, "reason": "as agreed by phone", "changes": changes}
    world.send(act, f"/customers/{customer_no}", body, method="patch")


def retry(world: World) -> None:
    """An operator tries an incident again."""
    found = world.one("SELECT id FROM incident WHERE state = 'open' ORDER BY id LIMIT 20")
    if found:
        world.send("retry", f"/incidents/{found['id']}/retry")


def cancel_instance(world: World) -> None:
    """An operator ends an instance; what it held is given back or handed to somebody."""
    found = world.one(
        "SELECT id, process_key FROM instance WHERE state NOT IN ('completed', 'cancelled') ORDER BY started_at DESC, id LIMIT :most",
        most=world.chance.choice([10, 1000]),
    )
    if found:
        world.send(f"cancel {found['process_key']}", f"/instances/{found['id']}/cancel", {"reason": "tried by chance"})


def suspend_and_resume(world: World) -> None:
    """An operator stops an instance, or lets stopped ones go on."""
    stopped = world.one("SELECT id FROM instance WHERE state = 'suspended' ORDER BY started_at, id")
    if stopped and world.chance.random() < 0.7:
        world.send("resume", f"/instances/{stopped['id']}/resume", {"reason": "looked into"})
        return
    found = world.one("SELECT id FROM instance WHERE state NOT IN ('completed', 'cancelled') ORDER BY started_at DESC, id LIMIT 30")
    if found:
        world.send("suspend", f"/instances/{found['id']}/suspend", {"reason": "to be looked into"})


def time_passes(world: World) -> None:
    """Hours or weeks go by."""
    hours = world.chance.choice([1, 4, 9, 24, 24, 72, 200, 800])
    world.note(f"{hours} hours pass")
    world.pass_time(timedelta(hours=hours))


def _form(world: World, key: str | None) -> dict[str, Any]:
    return _read_form(world, key) if key else {}


@cache
def _read_form(world: World, key: str) -> dict[str, Any]:
    found = world.rows(_FORM, path=f"%{key}.form")
    return json.loads(bytes(found[0]["content"])) if found else {}
