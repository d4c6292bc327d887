"""The instance in memory: as it was kept there, or else from its blob."""

from dataclasses import replace

from engine.runtime.state.stretch import Advance
from engine.spiff.execution import Execution


def restore(record: Advance) -> None:
    """Make the record's instance live, and note what it waited for."""
    held = record.held
    if record.live is None:
        process = record.runtime.models.process(record.tx, held.process_version_id)
        record.live = Execution.restore(process, bytes(held.blob or b""))
    record.held = replace(held, blob=None)
    record.before = record.live.waits
    record.initial = record.live.variables if held.lock_version == 0 else None
