"""What OCEL 2.0 asks of a log in JSON (https://www.ocel-standard.org/specification/formats/json), as checks of the structure."""

from datetime import datetime
from typing import Any

#: How a value of each attribute type is written.
_VALUES: dict[str, tuple[type, ...]] = {"string": (str,), "time": (str,), "integer": (int,), "float": (int, float), "boolean": (bool,)}


def breaches(log: dict[str, Any]) -> list[str]:
    """Everything that breaks a rule, in words."""
    if set(log) != {"objectTypes", "eventTypes", "objects", "events"} or not all(isinstance(part, list) for part in log.values()):
        return ["the four arrays are not all there"]
    found = [*_types(log["objectTypes"]), *_types(log["eventTypes"])]
    objects = {each["id"] for each in log["objects"]}
    for what, types, timed in (("objects", "objectTypes", True), ("events", "eventTypes", False)):
        known = {each["name"]: {one["name"]: one["type"] for one in each["attributes"]} for each in log[types]}
        ids = [each["id"] for each in log[what]]
        found += [f"{what}: {each} comes twice" for each in {one for one in ids if ids.count(one) > 1}]
        for each in log[what]:
            found += _node(each, known, objects, timed=timed)
    found += [f"{each['id']} has no time" for each in log["events"] if not _is_time(each.get("time"))]
    return found


def _types(types: list[dict[str, Any]]) -> list[str]:
    names = [each["name"] for each in types]
    found = [f"the type {name} comes twice" for name in {one for one in names if names.count(one) > 1}]
    found += [f"{each} is no attribute type" for one in types for each in one["attributes"] if each["type"] not in _VALUES]
    return found


def _node(node: dict[str, Any], types: dict[str, dict[str, str]], objects: set[str], *, timed: bool) -> list[str]:
    if not isinstance(node["id"], str) or node["type"] not in types:
        return [f"{node['id']} is of no known type"]
    found = []
    for value in node["attributes"]:
        kind = types[node["type"]].get(value["name"], "")
        if not isinstance(value["value"], _VALUES.get(kind, ())) or (kind == "time" and not _is_time(value["value"])):
            found.append(f"{node['id']}: {value} is not of type {kind!r}")
        if set(value) != ({"name", "value", "time"} if timed else {"name", "value"}) or (timed and not _is_time(value["time"])):
            found.append(f"{node['id']}: {value} has the wrong members")
    found += [
        f"{node['id']}: {relation} leads nowhere"
        for relation in node["relationships"]
        if set(relation) != {"objectId", "qualifier"} or relation["objectId"] not in objects or not relation["qualifier"]
    ]
    return found


def _is_time(text: Any) -> bool:
    return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
