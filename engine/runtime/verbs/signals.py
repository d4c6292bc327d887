"""Signals: everybody who waits for one hears it, and every process that begins with it begins. Nothing is kept for later."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.problems import Conflict
from engine.runtime.advance.advance import act
from engine.runtime.post.routing import signalled, starters
from engine.runtime.state.runtime import Runtime
from engine.runtime.state.stretch import Fact
from engine.runtime.verbs.start import Beginning, StartOptions, begin
from engine.spiff.plain import plain_mapping


def broadcast(runtime: Runtime, tx: Session, name: str, payload: Mapping[str, Any], actor: str | None = None) -> list[UUID]:
    """Send a signal; answers the instances that heard it or began by it."""
    data = plain_mapping(payload, f"The payload of {name}")
    heard = []
    for instance_id in signalled(tx, name):
        with suppress(Conflict):  # it ended in this moment
            act(runtime, tx, instance_id, Fact("signal", {"name": name, "payload": data}, actor))
            heard.append(instance_id)
    begun = [
        begin(runtime, tx, Beginning(row.process_version_id, row.process_key, row.now, row.element_id), data, StartOptions(actor=actor))
        for row in starters(tx, "signal", name)
    ]
    return [*heard, *begun]
