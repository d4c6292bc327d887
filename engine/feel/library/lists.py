"""Functions that find, cut and build lists (DMN 1.5, section 10.3.4.4); sums and their like are in `aggregates`."""

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key
from operator import lt
from typing import Any

from engine.feel.library.registry import builtin, metered
from engine.feel.limits import Run
from engine.feel.operators import equal, order
from engine.feel.values import Function, as_index

_HASHABLE = (str, Decimal, bool, type(None))


@builtin("count", "list:l")
def _count(items: list[object]) -> Decimal:
    return Decimal(len(items))


@metered("list contains", "list:l, element:*")
def _list_contains(run: Run, items: list[object], element: object) -> bool:
    run.charge(len(items))
    return any(equal(item, element, run) is True for item in items)


@metered("index of", "list:l, match:*")
def _index_of(run: Run, items: list[object], match: object) -> list[object]:
    run.charge(len(items))
    return [Decimal(place) for place, item in enumerate(items, 1) if equal(item, match, run) is True]


def _offset(items: list[object], position: Decimal) -> int | None:
    """The Python index of an existing position; None outside the list."""
    index = as_index(position)
    if index is None or index == 0 or abs(index) > len(items):
        return None
    return index - 1 if index > 0 else len(items) + index


@metered("sublist", "list:l, start position:n, length:n?")
def _sublist(run: Run, items: list[object], start: Decimal, length: Decimal | None = None) -> list[object] | None:
    first = _offset(items, start)
    run.grow_list(len(items))
    if first is None or length is None:
        return None if first is None else items[first:]
    count = as_index(length)
    if count is None or count < 1 or first + count > len(items):
        return None
    return items[first : first + count]


@metered("append", "list:l, item:*+")
def _append(run: Run, items: list[object], *more: object) -> list[object]:
    run.grow_list(len(items) + len(more))
    return [*items, *more]


@metered("concatenate", "list:l+")
def _concatenate(run: Run, *lists: list[object]) -> list[object]:
    run.grow_list(sum(map(len, lists)))
    return [item for items in lists for item in items]


@metered("insert before", "list:l, position:n, newItem:*")
def _insert_before(run: Run, items: list[object], position: Decimal, item: object) -> list[object] | None:
    place = _offset(items, position)
    run.grow_list(len(items) + 1)
    return None if place is None else [*items[:place], item, *items[place:]]


@metered("remove", "list:l, position:n")
def _remove(run: Run, items: list[object], position: Decimal) -> list[object] | None:
    place = _offset(items, position)
    run.grow_list(len(items))
    return None if place is None else [*items[:place], *items[place + 1 :]]


def _replace_at(run: Run, items: list[object], position: Decimal, item: object) -> list[object] | None:
    place = _offset(items, position)
    run.grow_list(len(items))
    return None if place is None else [*items[:place], item, *items[place + 1 :]]


@metered("list replace", "list:l, position:n, newItem:*", "list:l, match:f, newItem:*")
def _list_replace(run: Run, items: list[object], match: Decimal | Function, item: object) -> object:
    if isinstance(match, Decimal):
        return _replace_at(run, items, match, item)
    run.grow_list(len(items))
    verdicts = [match.call(run, [old, item]) for old in items]
    if not all(isinstance(verdict, bool) for verdict in verdicts):
        return None
    return [item if verdict else old for old, verdict in zip(items, verdicts, strict=True)]


@metered("reverse", "list:l")
def _reverse(run: Run, items: list[object]) -> list[object]:
    run.grow_list(len(items))
    return items[::-1]


def distinct(run: Run, items: list[object]) -> list[object]:
    """The items without repetitions, in the order they first come."""
    run.grow_list(len(items))
    seen: set[tuple[type, object]] = set()
    others: list[object] = []
    result: list[object] = []
    for item in items:
        if isinstance(item, _HASHABLE):
            fresh = (type(item), item) not in seen
            seen.add((type(item), item))
        else:
            run.charge(len(others))
            fresh = not any(equal(item, other, run) is True for other in others)
            others += [item] if fresh else []
        result += [item] if fresh else []
    return result


@metered("distinct values", "list:l")
def _distinct_values(run: Run, items: list[object]) -> list[object]:
    return distinct(run, items)


@metered("union", "list:l+")
def _union(run: Run, *lists: list[object]) -> list[object]:
    run.grow_list(sum(map(len, lists)))
    return distinct(run, [item for items in lists for item in items])


def _flattened(run: Run, items: list[object], result: list[object]) -> list[object]:
    run.charge(len(items))
    for item in items:
        if isinstance(item, list):
            _flattened(run, item, result)
        else:
            result.append(item)
    return result


@metered("flatten", "list:l")
def _flatten(run: Run, items: list[object]) -> list[object]:
    return _flattened(run, items, [])


@metered("sort", "list:l, precedes:f?")
def _sort(run: Run, items: list[object], precedes: Function | None = None) -> list[object]:
    run.grow_list(len(items))

    def before(left: object, right: object) -> bool:
        run.charge(1)
        verdict = precedes.call(run, [left, right]) if precedes else order(lt, left, right)
        return verdict is True

    return sorted(items, key=_sort_key(before))


def _sort_key(before: Callable[[object, object], bool]) -> Callable[[object], Any]:
    def compare(left: object, right: object) -> int:
        if before(left, right):
            return -1
        return 1 if before(right, left) else 0

    return cmp_to_key(compare)


@metered("duplicate values", "list:l")
def _duplicate_values(run: Run, items: list[object]) -> list[object]:
    once = distinct(run, items)
    return [item for item in once if _times(run, items, item) > 1]


def _times(run: Run, items: list[object], wanted: object) -> int:
    run.charge(len(items))
    return sum(equal(item, wanted, run) is True for item in items)


@metered("partition", "list:l, size:n")
def _partition(run: Run, items: list[object], size: Decimal) -> list[object] | None:
    length = as_index(size)
    if length is None or length < 1:
        return None
    run.grow_list(len(items))
    return [items[start : start + length] for start in range(0, len(items), length)]


@builtin("is empty", "list:l")
def _is_empty(items: list[object]) -> bool:
    return not items
