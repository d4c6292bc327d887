"""Signals: everybody who waits for one hears it, and every process that begins with it begins. Nothing is kept for later."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.runtime.advance.advance import act
from engine.runtime.post.routing import signalled, starters
from engine.runtime.state import audit
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs.start import Beginning, StartOptions, begin
from engine.spiff.plain import plain_mapping


def broadcast(runtime: Runtime, tx: Session, name: str, payload: Mapping[str, Any], actor: str | None = None) -> list[UUID]:
    """Send a signal; answers the instances that heard it or began by it. The caller has locked nothing yet."""
    data = plain_mapping(payload, f"The payload of {name}")
    fact = Fact("signal", {"name": name, "payload": data}, actor)
    acted = {each: act(runtime, tx, each, fact, drop_late=True) for each in signalled(tx, name)}
    heard = [each for each, answer in acted.items() if answer.applied or answer.noted]
    begun = []
    for row in starters(tx, "signal", name):
        brought = runtime.models.process(tx, row.process_version_id).brought(row.element_id, data)
        beginning = Beginning(row.process_version_id, row.process_key, row.now, row.element_id)
        begun.append(begin(runtime, tx, beginning, brought, StartOptions(actor=actor)))
    if actor is not None:
        told = {"payload": sorted(data), "heard": len(heard), "began": len(begun)}
        audit.record(tx, audit.Entry(actor, "send_signal", f"signal:{name}", detail=told))
    return [*heard, *begun]
