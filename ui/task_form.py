"""Parts what a form only shows from what is entered in it: facts are shown as facts, and the form holds fields alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Label:
    """What a form calls a value it only shows, and its unit: `%`, or `=currency` for the variable that names it."""

    text: str
    unit: str = ""


def part_facts(schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Label]]:
    """The form without what nobody may change, and what it called each of that. Rows of a list keep theirs: they tell the rows apart."""
    shown: dict[str, Label] = {}
    return {**schema, "components": _entered(schema.get("components", ()), shown)}, shown


def _entered(components: Sequence[Mapping[str, Any]], shown: dict[str, Label]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for component in components:
        if component.get("readonly") is True and isinstance(component.get("key"), str):
            unit = component.get("appearance", {}).get("suffixAdorner", "")
            shown[component["key"]] = Label(str(component.get("label") or component["key"]), str(unit))
        elif component.get("type") == "group":
            inner = _entered(component.get("components", ()), shown)
            kept += [{**component, "components": inner}] if inner else []
        else:
            kept.append(dict(component))
    return kept
