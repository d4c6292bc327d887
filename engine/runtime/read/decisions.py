"""Asks a decision table that is in force, outside of any instance: what a page shows before somebody asks for it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.dmn.model import load_decisions
from engine.models.bundle import FileKind
from engine.problems import NotFound
from engine.runtime.read.bundles import files_in_force


def ask_decision(tx: Session, decision_id: str, file: str, cases: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What the decision of a file in force answers to each case, in their order. Raises NotFound, DmnError, FeelLimitExceeded."""
    for files in files_in_force(tx, FileKind.DECISION).values():
        if file in files:
            others = [content for path, content in files.items() if path != file]
            decision = load_decisions(files[file], others).decisions[decision_id]
            return [decision.evaluate(case).value for case in cases]
    raise NotFound(
        f"No deployment in force has the decision {decision_id}.",
        code="decision_unknown",
        next_step=f"Deploy the bundle with {file} (`ordercraft deploy`), then try again.",
    )
