"""The instance in memory: as it was kept there, or else from its blob."""

from dataclasses import replace

from engine.runtime.state.stretch import Stretch
from engine.spiff.execution import Execution


def restore(stretch: Stretch) -> None:
    """Make the stretch's instance live, and note what it waited for."""
    held = stretch.held
    if stretch.live is None:
        process = stretch.runtime.models.process(stretch.tx, held.process_version_id)
        stretch.live = Execution.restore(process, bytes(held.blob or b""))
    stretch.held = replace(held, blob=None)
    stretch.before = stretch.live.waits
    stretch.initial = stretch.live.variables if held.lock_version == 0 else None
