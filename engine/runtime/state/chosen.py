"""Which instances are meant: one filter for lists, for what is done to many, and for what is exported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Exists, exists, func, literal_column, or_, select

from engine.problems import Invalid
from engine.store import json_text
from engine.store.tables import InstanceState, incident, instance, subscription, timer, user_task, work

ENDED: Final = (InstanceState.COMPLETED, InstanceState.CANCELLED)
#: Written as the index has it.
_UNDER_WAY: Final[ColumnElement[bool]] = instance.c.state.notin_([literal_column(f"'{state}'") for state in ENDED])


@dataclass(frozen=True, slots=True)
class Filter:
    """Which instances; what is empty matches all. `variable` reads `name=value`; the value is JSON, or text when it is none.

    `state` is one of the states, or `active` for those that have not ended; `search` begins a business key, `business_key` is one.
    `ids` are those that were ticked one by one, `fingerprint` is the cause of an open incident, `element_id` a step they stand at.
    """

    state: str = ""
    process: str = ""
    search: str = ""
    variable: str = ""
    business_key: str = ""
    version_id: int | None = None
    element_id: str = ""
    fingerprint: str = ""
    ids: Sequence[UUID] = ()


def conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What an instance must fulfil. Raises Invalid when the filter cannot be understood."""
    found: list[ColumnElement[bool]] = []
    if wanted.state == "active":
        found.append(_UNDER_WAY)
    elif wanted.state:
        found.append(instance.c.state == _state(wanted.state))
    equal = {
        instance.c.process_key: wanted.process,
        instance.c.business_key: wanted.business_key,
        instance.c.process_version_id: wanted.version_id,
    }
    found += [column == value for column, value in equal.items() if value]
    if wanted.search:
        found.append(_is_called(wanted.search))
    if wanted.variable:
        found.append(has_variable(wanted.variable))
    if wanted.element_id:
        found.append(_stands_at(wanted.element_id))
    if wanted.fingerprint:
        found.append(has_failed(wanted.fingerprint))
    if wanted.ids:
        found.append(instance.c.id.in_(wanted.ids))
    return found


def has_failed(fingerprint: str = "") -> Exists:
    """Whether an instance has an open incident, of that cause if one is named."""
    of_cause = (incident.c.fingerprint == fingerprint,) if fingerprint else ()
    return exists().where(incident.c.instance_id == instance.c.id, incident.c.state == "open", *of_cause).correlate(instance)


def has_variable(written: str) -> ColumnElement[bool]:
    """Whether an instance has a variable of this value, written `name=value`; the value is JSON, or text when it is none."""
    name, equals, value = (part.strip() for part in written.partition("="))
    if not name or not equals:
        raise Invalid(
            f"{written!r} names no variable and its value.",
            code="filter_unreadable",
            next_step="Write it as name=value, such as order_no=SO-000123.",
            errors={"variable": ["must read name=value"]},
        )
    texts, parsed = {name: value}, {name: _json_value(value)}
    return or_(instance.c.variables.contains(texts), instance.c.variables.contains(parsed))


def _is_called(typed: str) -> ColumnElement[bool]:
    """Whether a business key begins so, in whatever case, or the id is this one; each is answered by an index."""
    begins = func.lower(instance.c.business_key).startswith(typed.lower(), autoescape=True)
    try:
        return or_(begins, instance.c.id == UUID(typed))
    except ValueError:
        return begins


def _state(given: str) -> str:
    if given not in set(InstanceState):
        raise Invalid(
            f"{given!r} is no state of an instance.",
            code="filter_unreadable",
            next_step=f"Choose one of {', '.join(InstanceState)}, or active.",
            errors={"state": ["is none of the states"]},
        )
    return given


def _stands_at(element_id: str) -> ColumnElement[bool]:
    places = (
        (user_task, (user_task.c.state == "open",)),
        (incident, (incident.c.state == "open",)),
        (timer, ()),
        (subscription, ()),
        (work, ()),
    )
    return or_(
        *(
            select(table.c.instance_id).where(table.c.instance_id == instance.c.id, table.c.element_id == element_id, *open_).exists()
            for table, open_ in places
        )
    )


def _json_value(text: str) -> Any:
    try:
        return json_text.decode(text)
    except ValueError:
        return text
