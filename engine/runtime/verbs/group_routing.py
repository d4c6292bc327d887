"""Says which groups' tasks go to one of their people by themselves."""

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Invalid
from engine.runtime.state import audit
from engine.runtime.state.directory import Directory
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.store.tables import group_routing


def list_routed(tx: Session) -> list[str]:
    """The groups that are routed by load, by name."""
    return list(tx.scalars(select(group_routing.c.group_name).order_by(group_routing.c.group_name)))


def route(runtime: Runtime, tx: Session, group: str, actor: Person, *, by_load: bool) -> None:
    """Let new tasks of a group go to who has the least open ones and is there, or stay with the group. Raises Invalid for no group."""
    directory: Any = runtime.ports.get(Directory)
    if directory is not None and group not in directory.known(tx, [group], ()):
        said = {"group": ["is no group"]}
        raise Invalid(f"{group[:80]!r} is no group.", code="group_unknown", next_step="Choose one of the list.", errors=said)
    if by_load:
        tx.execute(insert(group_routing).values(group_name=group, set_by=actor.name).on_conflict_do_nothing())
    else:
        tx.execute(delete(group_routing).where(group_routing.c.group_name == group))
    audit.record(tx, audit.Entry(actor.name, "route", f"group:{group}", detail={"by_load": by_load}))
    runtime.routed.forget()
