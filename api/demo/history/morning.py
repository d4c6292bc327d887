"""What people have begun on the last morning and not finished: something of everything that a visitor may look at."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from api.demo.history.house import House
from engine.runtime.operate import batch_work
from handlers.ledger.accounts import DEFERRED_REVENUE, OTHER_EXPENSES

_RATES: Final = b"""customer_no,name,country,currency,credit_limit,net_days
C-1101,Pellets & Mehr GmbH,AT,EUR,15000,30
C-1102,Sonnenhaus Genossenschaft,AT,EUR,"25,000",30
C-1005,W\xc3\xa4rme & Wasser Moser GmbH,AT,EUR,80000,45
C-1103,Fjord Energi AS,XX,NOK,10000,30
"""
_LAYOUT: Final = {
    "layout_no": "HYPO-CSV",
    "account": "AT611904300234573201",
    "currency": "EUR",
    "booked_on": "Buchungstag",
    "amount": "Betrag",
    "payer_name": "Auftraggeber",
    "remittance": "Verwendungszweck",
}


def leave_things(house: House) -> None:
    """Each by whoever does such things, through the product's own doors."""
    _keep_supply(house)
    _limit_and_set(house)
    _talk(house)
    _change_and_repair(house)
    _bring_in(house)
    house.work()


def _keep_supply(house: House) -> None:
    today = house.today
    until = str(today + timedelta(days=60))
    kept = {"sku": "PUMP-40", "warehouse_code": "VIE", "valid_from": str(today), "valid_until": until}
    house.send("tom", "/allocations", kept | {"customer_class": "A", "qty": "40", "release_days": 5}, method="PUT")
    house.send("tom", "/allocations", kept | {"channel": "WEB", "share_pct": "20", "priority": 2}, method="PUT")
    house.send("petra", "/made-items", {"sku": "PUMP-90", "warehouse_code": "VIE", "lead_days": 4, "per_day": "12"}, method="PUT")
    house.send("jonas", "/waves")


def _limit_and_set(house: House) -> None:
    for who, amount in (("group:sales-manager", "25000"), ("user:marcus", "40000")):
        limit = {"kind": "quote", "who": who, "currency": "EUR", "amount": amount, "reason": "As the board has decided"}
        house.send("edith", "/decision-limits", limit, method="PUT")
    first = {"process_key": "order-to-promise", "work_priority": 80, "reason": "Whoever orders gets an answer first"}
    house.send("olga", "/process-settings", first, method="PUT")
    house.send(
        "olga",
        "/process-settings",
        {"process_key": "quote-to-order", "keep_days": 730, "reason": "As our retention plan says"},
        method="PUT",
    )
    seen = {"list": "orders", "name": "What stands on credit hold", "query": "state=hold", "shared": True}
    house.send("tom", "/saved-views", seen)


def _talk(house: House) -> None:
    for row in house.rows(_OLDEST_ORDER):
        text = "@clara, they ask for the second time: what is missing?"
        house.send("tom", f"/cases/order/{row['order_no']}/comments", {"text": text})
        house.send(
            "clara", f"/cases/order/{row['order_no']}/comments", {"text": "Their transfer should be here tomorrow; then I release it."}
        )
    away = house.today + timedelta(days=5)
    absence = {"deputy": "clara", "begins_at": f"{away}T06:00:00Z", "ends_at": f"{away + timedelta(days=9)}T18:00:00Z"}
    house.send("ines", "/substitutions", absence | {"note": "A week by the sea"})


def _change_and_repair(house: House) -> None:
    for row in house.rows(_A_CAUSE):
        chosen = {"fingerprint": row["fingerprint"]}
        begun = house.send("olga", "/batches", {"verb": "retry", "chosen": chosen, "reason": "They answer again, says their page"})
        wait_for_the_carrier(house, chosen, begun["id"])
    account = {"iban": "DE02120300000000202051", "customer_no": "C-1006", "reason": "They wrote to us, with a stamp"}
    house.send("edith", "/customers/bank-accounts", account)
    accrued = {"reference": "RENT-BACK", "currency": "EUR", "narration": "Rent that was booked as revenue, taken back"}
    lines = [{"account": OTHER_EXPENSES, "debit": "1840.00"}, {"account": DEFERRED_REVENUE, "credit": "1840.00"}]
    house.send("ines", "/manual-journals", accrued | {"lines": lines})
    house.send("ravi", "/drafts", {"bundle": "quote-to-order"})


def wait_for_the_carrier(house: House, chosen: Mapping[str, str], batch_id: int) -> None:
    """Their hotline says otherwise: nothing is tried again before Thursday, and each of the orders says so."""
    house.send("olga", f"/batches/{batch_id}/abandon")
    told = {"carrier_note": "Their hotline: not before Thursday"}
    house.send("olga", "/batches", {"verb": "data", "chosen": chosen, "variables": told, "reason": "So that nobody asks them again"})
    batch_work.work(house.product.runtime)


def _bring_in(house: House) -> None:
    house.send("tom", "/imports/kinds/customers?file_name=customers.csv&dry_run=true", _RATES, media_type="application/octet-stream")
    house.send("amina", "/bank-layouts", _LAYOUT)


_OLDEST_ORDER = """
SELECT h.order_no FROM hold AS h WHERE h.hold_code = 'CREDIT_CHECK_FAILURE' AND h.released_at IS NULL ORDER BY h.order_no LIMIT 1
"""
_A_CAUSE = """
SELECT fingerprint FROM incident WHERE state = 'open' GROUP BY fingerprint ORDER BY count(*), fingerprint LIMIT 1
"""
