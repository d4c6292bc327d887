"""What our people do with what waits for them: each works off most of a worklist a day, and answers as such people mostly do."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, Final

from api.demo.history.house import House

#: Who looks at a worklist, in the order of a day.
_PEOPLE: Final = ("sara", "tom", "clara", "marcus", "ines", "petra", "jonas", "amina", "edith")
#: Nobody is quick with these: they are what lies about.
_SLOWLY: Final = 0.2
_SLOW: Final = frozenset(
    {"research_dispute", "review_unapplied", "trace_payment", "call_customer", "chase_supply", "take_over", "decide_overdue"}
)
_SOME_TIMES: Final = 4

Shown = Mapping[str, Any]
Answer = Callable[[House, Shown, date], Mapping[str, Any]]


def work(house: House, day: date, *, busy: float) -> None:
    """Everybody does what waits, each thing with the likelihood `busy` (1: all of it); what follows of it the same day, too."""
    left: set[str] = set()
    for _ in range(_SOME_TIMES):
        if not sum(_work_as(house, name, day, busy, left) for name in _PEOPLE):
            return
        house.work()


def _work_as(house: House, name: str, day: date, busy: float, left: set[str]) -> int:
    """How much somebody does; what was left once is left by everybody until the next time."""
    done = 0
    for task in house.get(name, "/user-tasks?limit=200") or []:
        answer = _ANSWERS.get(task["element_id"])
        likely = busy * _SLOWLY if task["element_id"] in _SLOW else busy
        if answer is None or task["id"] in left or not house.happens(likely):
            left.add(task["id"])
            continue
        opened = house.get(name, f"/user-tasks/{task['id']}")
        if opened is None or house.send(name, f"/user-tasks/{task['id']}/claim") is None:
            continue
        data = answer(house, opened["form_data"], day)
        done += house.send(name, f"/user-tasks/{task['id']}/complete", {"data": data}) is not None
    return done


def _fixed(**data: Any) -> Answer:
    return lambda _house, _shown, _day: data


def _approve(house: House, _shown: Shown, _day: date) -> Mapping[str, Any]:
    if house.happens(0.85):
        return {"approved": True, "comment": "Fine for this customer."}
    return {"approved": False, "comment": "Too much for this quantity; offer five points less."}


def _revise(house: House, shown: Shown, _day: date) -> Mapping[str, Any]:
    if house.happens(0.3):
        return {"action": "withdraw", "discount_pct": 0, "comment": "Not without the discount, they say."}
    lines = [{"discount_pct": min(12, int(row.get("discount_pct") or 0))} for row in shown.get("lines") or []]
    return {"action": "offer", "discount_pct": 0, "lines": lines, "comment": "Offered with less."}


def _credit(house: House, _shown: Shown, _day: date) -> Mapping[str, Any]:
    if house.happens(0.8):
        return {"action": "release", "reason": "Pays late, but always pays."}
    return {"action": "cancel", "reason": "Too much is overdue already."}


def _pack(house: House, _shown: Shown, _day: date) -> Mapping[str, Any]:
    return {"packages": house.chance.choice([1, 1, 2, 3]), "weight_kg": house.chance.choice([6, 12, 18, 25, 40])}


def _later(_house: House, _shown: Shown, day: date) -> Mapping[str, Any]:
    return {"outcome": "later", "due_date": str(day + timedelta(days=4)), "reason": "Their lorry broke down, says the supplier."}


def _call(house: House, _shown: Shown, day: date) -> Mapping[str, Any]:
    if house.happens(0.6):
        return {"outcome": "promised", "promised_on": str(day + timedelta(days=7)), "note": "Will pay with the next run."}
    return {"outcome": "unreached", "note": "Nobody answered."}


def _took_back(_house: House, shown: Shown, _day: date) -> Mapping[str, Any]:
    return {"came": True, "lines": [{"qty": row["expected"]} for row in shown.get("lines") or []]}


def _inspected(house: House, shown: Shown, _day: date) -> Mapping[str, Any]:
    return {"lines": [{"restocked": row["came"] if house.happens(0.7) else 0} for row in shown.get("lines") or []]}


_ANSWERS: Final[Mapping[str, Answer]] = {
    "approve_quote": _approve,
    "revise_quote": _revise,
    "resolve_acceptance": _fixed(action="accept", reason="Still worth it at this price."),
    "repair_order": _fixed(action="repaired", reason="Asked the customer."),
    "settle_price_discrepancy": _fixed(action="our_price", reason="They looked at last year's list."),
    "decide_credit_hold": _credit,
    "decide_release": _fixed(action="release", reason="Has paid since."),
    "pick_and_pack": _pack,
    "confirm_shipment": _fixed(handed_over=True),
    "resolve_shortage": _fixed(action="wait", note="More is coming."),
    "trace_delivery": _fixed(outcome="arrived", proof="Signed for at the gate, says the carrier."),
    "chase_supply": _later,
    "chase_supplier": _fixed(action="wait", reason="They deliver this week."),
    "chase_answer": _fixed(action="wait", reason="They answer tomorrow."),
    "approve_low_margin": _fixed(approved=True, reason="We keep the customer."),
    "decide_acknowledgement": _fixed(decision="accept", reason="As near as we can get."),
    "resolve_match_hold": _fixed(action="accept", reason="Copper rose; agreed with the supplier by phone."),
    "trace_payment": _fixed(action="wait", reason="The bank says it is under way."),
    "call_customer": _call,
    "review_unapplied": _fixed(outcome="suggested", reason="Amount and customer fit."),
    "research_dispute": _fixed(resolution="CREDIT", note="They are right."),
    "approve_adjustment": _fixed(approved=True, reason="Small, and they are right."),
    "approve_write_off": _fixed(approved=True, comment="Too small to chase."),
    "approve_change": _fixed(action="agree", reason="Costs us nothing yet."),
    "decide_return": _fixed(approved=True, restocking_fee_pct=0, comment="Within the thirty days."),
    "receive_goods": _took_back,
    "inspect_goods": _inspected,
    "approve_credit_memo": _fixed(approved=True, new_fee_pct=0, comment="Goods are back."),
    "settle_open": _fixed(action="leave"),
    "confirm_close": _fixed(action="close"),
    "take_over": _fixed(outcome="by_hand", reason="Done on the phone."),
    "tell_too_late": _fixed(told=True),
    "settle_cancellation": _fixed(action="stopped", reason="They had not built it yet."),
    "deal_with_message": _fixed(outcome="discard", days=1, reason="Heard by phone before."),
}
