"""Somebody who fills in any form: every field gets a value that its schema allows, chosen by chance."""

from decimal import Decimal
from random import Random
from typing import Any

WORDS = ("the customer asked for it", "checked with the warehouse", "as agreed by phone", "wrong in the paper")


def fill(schema: dict[str, Any], shown: dict[str, Any], chance: Random) -> dict[str, Any]:
    """Values for every field of a form-js schema that a person may write."""
    given: dict[str, Any] = {}
    _fill(schema.get("components", []), shown, chance, given)
    return given


def _fill(components: list[dict[str, Any]], shown: dict[str, Any], chance: Random, given: dict[str, Any]) -> None:
    for each in components:
        if each["type"] == "group" and not each.get("path"):
            _fill(each.get("components", []), shown, chance, given)
        elif each["type"] == "dynamiclist":
            if each.get("allowAddRemove") is False and chance.random() < 0.5:  # else its rows are left as they are shown
                given[each["path"]] = [row | fill(each, row, chance) for row in shown.get(each["path"]) or []]
        elif each.get("key") and not each.get("readonly") and not each.get("disabled"):
            value = _value(each, shown, chance)
            if value is not None:
                given[each["key"]] = value


def _value(field: dict[str, Any], shown: dict[str, Any], chance: Random) -> Any:  # noqa: PLR0911  # one return a kind of field
    kind, rules = field["type"], field.get("validate", {})
    if kind in {"radio", "select"}:
        options = [option["value"] for option in field.get("values", [])] or _offered(field, shown)
        return chance.choice(options) if options else None
    if kind in {"checklist", "taglist"}:
        options = [option["value"] for option in field.get("values", [])] or _offered(field, shown)
        return options[:1]
    if kind == "checkbox":
        return True if rules.get("required") else chance.random() < 0.7
    if kind == "number":
        return _number(field, shown, chance)
    if kind == "datetime":
        return None
    if kind in {"textfield", "textarea"}:
        return shown.get(field["key"]) or chance.choice(WORDS)
    return None


def _offered(field: dict[str, Any], shown: dict[str, Any]) -> list[Any]:
    rows = shown.get(field.get("valuesKey", ""), [])
    return [row.get("value", row) if isinstance(row, dict) else row for row in rows] if isinstance(rows, list) else []


def _number(field: dict[str, Any], shown: dict[str, Any], chance: Random) -> Any:
    rules = field.get("validate", {})
    known = shown.get(field["key"])
    if known is not None and chance.random() < 0.6:
        return known
    least = rules.get("min", 1)
    most = rules.get("max", 20)
    least = Decimal(str(least)) if isinstance(least, int | float | Decimal) else Decimal(1)
    named = shown.get(most.removeprefix("=")) if isinstance(most, str) else most
    most = Decimal(str(named)) if isinstance(named, int | float | Decimal) else Decimal(20)
    return int(chance.randint(int(least) + (least != int(least)), max(int(min(most, Decimal(30))), int(least) + 1)))
