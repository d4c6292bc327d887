"""Everything that is looked at before a bundle may be deployed, step by step; each step adds its findings."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from engine.dmn import Decision
from engine.forms import Form
from engine.models.assets import read_assets
from engine.models.bundle import MAX_BUNDLE_BYTES, MAX_FILES, Bundle, FileKind, Finding, is_inside, kind_of
from engine.models.compilation import compile_all, schema_findings
from engine.models.diagram import Diagram, build_diagram
from engine.models.global_tasks import unfold
from engine.models.linter import RULES, Known, run_rules
from engine.models.reader import read_diagram
from engine.service_tasks import ServiceTasks
from engine.spiff.process import CompiledProcess

#: Findings shown at most: a hostile file must not make a report larger than itself.
MAX_FINDINGS = 500


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """A bundle with all that was found in it, and, where it is sound, what is to run."""

    bundle: Bundle
    findings: tuple[Finding, ...]
    #: The processes that may be started, compiled; empty where there are errors.
    processes: tuple[CompiledProcess, ...] = ()
    forms: Mapping[str, Form] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    #: What the rules looked at; None where the files could not be read at all.
    known: Known | None = None

    @property
    def ok(self) -> bool:
        """Whether it may be deployed."""
        return not _has_errors(self.findings)

    def path_of(self, process_key: str) -> str:
        """The diagram that holds a process; empty where none does."""
        diagrams = self.known.diagrams if self.known else ()
        return next((diagram.path for diagram in diagrams if any(process.id == process_key for process in diagram.processes)), "")


def check(
    bundle: Bundle,
    service_tasks: ServiceTasks,
    groups: Collection[str] | None = None,
    time_zone: tzinfo = UTC,
    calendars: Collection[str] | None = None,
) -> CheckedBundle:
    """Look at every file of a bundle. Never raises on a bad model: everything wrong is a finding.

    `time_zone` is the company's, in which times without one are meant; `calendars` the codes of its
    business calendars, where they are known.
    """
    findings = list(_bundle_findings(bundle))
    if _has_errors(findings):
        return CheckedBundle(bundle, _in_order(findings))
    diagrams, found = _read_diagrams(bundle)
    assets = read_assets(bundle)
    findings += [*found, *assets.findings]
    for diagram in diagrams:
        findings.extend(schema_findings(diagram))
    known = Known(bundle, tuple(diagrams), service_tasks, groups, assets.decisions, assets.forms, time_zone, calendars)
    findings.extend(run_rules(known, RULES))
    processes: list[CompiledProcess] = []
    if not _has_errors(findings):
        processes, refusals = compile_all(diagrams, assets.decisions, time_zone)
        findings.extend(refusals)
    return CheckedBundle(bundle, _in_order(findings), tuple(processes), assets.forms, assets.decisions, known)


def reload(bundle: Bundle, time_zone: tzinfo = UTC) -> CheckedBundle:
    """Compile a bundle that was deployed before, for the instances that run on it; findings are only what does not compile any more.

    The rules of today are not asked: a rule that came later, or a service task or group that has gone, must not stop running orders.
    """
    diagrams, findings = _read_diagrams(bundle)
    assets = read_assets(bundle)
    processes, refusals = compile_all(diagrams, assets.decisions, time_zone)
    return CheckedBundle(bundle, _in_order([*findings, *assets.findings, *refusals]), tuple(processes), assets.forms, assets.decisions)


def _bundle_findings(bundle: Bundle) -> Iterator[Finding]:
    if len(bundle.files) > MAX_FILES or sum(map(len, bundle.files.values())) > MAX_BUNDLE_BYTES:
        message = f"The bundle has more than {MAX_FILES} files or {MAX_BUNDLE_BYTES} bytes."
        yield Finding("bundle-too-large", "error", message, "Deploy the processes in bundles of their own.", "")
    elif not bundle.of_kind(FileKind.DIAGRAM):
        yield Finding("no-diagram", "error", "The bundle holds no diagram.", "Add a .bpmn file.", "")
    for path in bundle.files:
        if not is_inside(path):
            message = f"{path[:200]!r} is no name of a file inside of the bundle."
            yield Finding(
                "file-name", "error", message, "Use a relative name with '/', without '..', of at most 200 characters.", path[:200]
            )
        elif kind_of(path) is None:
            message = f"{path[:200]!r} is no kind of file that a deployment knows."
            yield Finding("unknown-file", "warning", message, f"Name it by what it is: {', '.join(FileKind)}.", path)


def _read_diagrams(bundle: Bundle) -> tuple[list[Diagram], list[Finding]]:
    diagrams: list[Diagram] = []
    findings: list[Finding] = []
    for path, content in bundle.of_kind(FileKind.DIAGRAM).items():
        reading = read_diagram(path, content)
        findings.extend(reading.findings)
        if reading.root is not None:
            called = unfold(reading.root)
            diagrams.append(replace(build_diagram(path, reading.root), unfolded=called))
    return diagrams, findings


def _has_errors(findings: Iterable[Finding]) -> bool:
    return any(finding.severity == "error" for finding in findings)


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Errors first, then by file and line."""
    rank = {"error": 0, "warning": 1, "info": 2}
    ordered = sorted(dict.fromkeys(findings), key=lambda item: (rank[item.severity], item.path, item.line or 0, item.rule))
    return tuple(ordered[:MAX_FINDINGS])
