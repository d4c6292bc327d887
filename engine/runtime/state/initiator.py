"""Who began an instance stands in the variable that its start event names for it, and nobody else can put a name there."""

from collections.abc import Mapping
from typing import Any

from engine.spiff.process import CompiledProcess


def initiated(process: CompiledProcess, element_id: str | None, variables: Mapping[str, Any], actor: str | None) -> Mapping[str, Any]:
    """The variables an instance begins with. What the product itself begins (`actor` is None) keeps whom it was told."""
    if actor is None:
        return variables
    at = next((each for each in process.start_events if element_id in {None, each.id}), None)
    name = at.properties.get("initiator") if at is not None else None
    return {**variables, name: actor} if name else variables
