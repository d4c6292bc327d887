"""The last steps of a check: the schema of BPMN, and the compiler of the engine, both told as findings."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from engine.dmn import Decision
from engine.models.bundle import Finding
from engine.models.diagram import Diagram
from engine.models.normaliser import normalise
from engine.models.trees import line_of
from engine.problems import Problem
from engine.spiff.process import CompiledProcess, NormalisedFile, compile_process
from engine.spiff.schema import validate_schema

_NAMESPACE: Final = re.compile(r"\{[^{}]*\}")
_REPORT: Final = "Draw it more simply; report this, it is a defect of the check."


def schema_findings(diagram: Diagram) -> Iterator[Finding]:
    """What breaks the BPMN 2.0 schema, each place once."""
    told: set[int] = set()
    for message, line in validate_schema(diagram.root):
        if line not in told:
            told.add(line)
            element_id = next((name for name, element in diagram.by_id.items() if line_of(element) == line), None)
            plain = _NAMESPACE.sub("", message)[:400]
            next_step = "Export the diagram again from the modeler, or correct the element in this line."
            yield Finding("schema", "error", f"BPMN does not allow this: {plain}", next_step, diagram.path, element_id, line)


def compile_all(
    diagrams: Sequence[Diagram], decisions: Mapping[str, Decision], time_zone: tzinfo = UTC
) -> tuple[list[CompiledProcess], list[Finding]]:
    """Compile every executable process of diagrams that have no errors so far. Never raises: what cannot be compiled is a finding."""
    processes: list[CompiledProcess] = []
    findings: list[Finding] = []
    try:
        files = [NormalisedFile(diagram.path, normalise(diagram)) for diagram in diagrams]
    except Exception as error:  # noqa: BLE001 - an odd model must not crash whoever deploys it, and must not pass either
        return [], [_failed("", "", error)]
    for diagram in diagrams:
        for process in diagram.processes:
            if process.element.get("isExecutable") == "true":
                compiled = _compile(_Source(files, diagram.path, process.id), decisions, time_zone)
                (processes if isinstance(compiled, CompiledProcess) else findings).append(compiled)  # type: ignore[arg-type]
    return processes, findings


@dataclass(frozen=True, slots=True)
class _Source:
    """One process, and where it stands."""

    files: list[NormalisedFile]
    path: str
    key: str


def _compile(source: _Source, decisions: Mapping[str, Decision], time_zone: tzinfo) -> CompiledProcess | Finding:
    path, key = source.path, source.key
    try:
        return compile_process(source.files, key, decisions, time_zone=time_zone)
    except Problem as problem:
        next_step = problem.next_step or "Correct the diagram at this element."
        return Finding("does-not-compile", "error", problem.detail, next_step, path, problem.element_id or key)
    except Exception as error:  # noqa: BLE001 - as above
        return _failed(path, key, error)


def _failed(path: str, key: str, error: Exception) -> Finding:
    message = f"The process could not be compiled ({type(error).__name__}: {str(error)[:200]})."
    return Finding("compiler-failed", "error", message, _REPORT, path, key or None)
