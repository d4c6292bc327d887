"""Two forms compared field by field."""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

from engine.models.diff.model import Change
from engine.models.reading.forms import KINDS, text_in

#: What places a component in the form, and what it holds: told as such, not as settings.
_APART = frozenset({"components", "layout", "id"})
_DEEPEST = 12


def compare_forms(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every difference: fields by their id, else by their key; what changed place among the others has moved."""
    before, after = dict(_components(old.get("components"), "", 0)), dict(_components(new.get("components"), "", 0))
    changes = [_change("removed", before[key]) for key in before if key not in after]
    changes += [_change("added", after[key]) for key in after if key not in before]
    for key, one in before.items():
        other = after.get(key)
        if other is not None:
            changes += _differences(one, other)
    common_old, common_new = [key for key in before if key in after], [key for key in after if key in before]
    steady = {key for a, _, size in SequenceMatcher(None, common_old, common_new).get_matching_blocks() for key in common_old[a : a + size]}
    changes += [_change("moved", after[key], "order") for key in common_new if key not in steady]
    return tuple(changes)


#: A component with what holds it.
_Placed = tuple[Mapping[str, Any], str]


def _components(found: Any, inside: str, depth: int) -> Iterator[tuple[str, _Placed]]:
    for number, item in enumerate(found if isinstance(found, list) and depth < _DEEPEST else ()):
        if isinstance(item, dict):
            key = text_in(item.get("id")) or f"{inside}/{text_in(item.get('key')) or number}"
            yield key, (item, inside)
            yield from _components(item.get("components"), text_in(item.get("label")) or key, depth + 1)


def _differences(one: _Placed, other: _Placed) -> Iterator[Change]:
    before, after = dict(_settings(one[0], "")), dict(_settings(other[0], ""))
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield _change("changed", other, name, before.get(name), after.get(name))
    if one[1] != other[1]:
        yield _change("moved", other, "group", one[1], other[1])


def _settings(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """The settings inside one another as one name each; options as one text."""
    for name, inner in value.items():
        if prefix or name not in _APART:
            if isinstance(inner, dict):
                yield from _settings(inner, f"{prefix}{name} ")
            elif name == "values" and isinstance(inner, list):
                yield "options", "; ".join(_option(option) for option in inner)
            else:
                yield f"{prefix}{name}", text_in(inner)


def _option(option: Any) -> str:
    if not isinstance(option, dict):
        return text_in(option)
    label, value = text_in(option.get("label")), text_in(option.get("value"))
    return f"{label} ({value})" if label != value else label


def _change(kind: str, placed: _Placed, setting: str = "", old: str | None = None, new: str | None = None) -> Change:
    item = placed[0]
    identity = text_in(item.get("id")) or text_in(item.get("key"))
    name = text_in(item.get("label")) or text_in(item.get("key")) or text_in(item.get("text"))[:60] or identity
    what = KINDS.get(text_in(item.get("type")), text_in(item.get("type"))).capitalize()
    return Change(kind, identity, name, what, setting, old, new)  # type: ignore[arg-type]  # one of Kind
