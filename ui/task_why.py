"""Why somebody is asked, in a few words: of the facts of a task those that a decision turns on."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from engine.runtime.read.worklist import TaskRow
from ui.formats import quantity, words

_MOST = 2
#: Facts that say themselves why, before any number does.
_SAID: Final = ("finding", "reason", "why", "refusal", "waits_for", "hold", "code", "decision")
_LONGEST = 90


def why_asked(task: TaskRow) -> str:
    """At most two facts, such as `discount 24 %, margin -9.4 %`; empty where the task shows none."""
    return ", ".join(_facts(task.form_data))


def about(task: TaskRow) -> list[str]:
    """The numbers of what a task is about, the nearest first."""
    numbers = [value for name, value in task.form_data.items() if name.endswith("_no") and isinstance(value, str)]
    return [number for number in dict.fromkeys((task.business_key, *numbers, task.order_no)) if number]


def _facts(data: Mapping[str, Any]) -> list[str]:
    said = [_short(data[name]) for name in _SAID if isinstance(data.get(name), str) and data[name]]
    if said:
        return said[:1]
    rates = [_rate(name, value) for name, value in data.items() if name.endswith(("_pct", "_late")) and _is_number(value)]
    return [each for each in rates if each][:_MOST]


def _rate(name: str, value: Decimal) -> str:
    if not value:
        return ""
    if name.endswith("_late"):
        return f"{quantity(value)} {words(name.removesuffix('_late')).lower()} late"
    label = words(name.removesuffix("_pct")).lower().removeprefix("current ")
    return f"{label} {quantity(round(Decimal(value), 1))} %"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
