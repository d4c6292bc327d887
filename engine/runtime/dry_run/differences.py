"""Two dry runs of one scenario compared, as people speak of it: the end, whom it asks, the way, decisions, variables and messages."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.models.reading.scenarios import words_of
from engine.runtime.dry_run.record import DryRun, Line

#: How many names one sentence tells, how many variables are told, and how deep into a variable it is looked.
_MOST: Final = 6
_DEEPEST: Final = 3
_PASSED: Final = frozenset({"completed", "refused"})
_TIMES: Final = {1: "once", 2: "twice"}
_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that turned out differently. `kind` is end, people, way, decisions, variables or messages; `says` begins with a verb."""

    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Ran:
    """A run, with the names of all elements of its version by id."""

    run: DryRun
    names: Mapping[str, str]

    def name(self, element_id: str) -> str:
        """What people call an element."""
        return self.names.get(element_id) or element_id


def differences(before: Ran, after: Ran) -> Iterator[Difference]:
    """What turned out differently; nothing where the two runs are alike."""
    for kind, told in (
        ("end", _end(before, after)),
        ("people", _people(before.run, after.run)),
        ("way", _way(before, after)),
        ("decisions", _decisions(before.run, after.run)),
        ("variables", _variables(before.run, after.run)),
        ("messages", _messages(before.run, after.run)),
    ):
        yield from (Difference(kind, says) for says in told)


def _end(before: Ran, after: Ran) -> Iterator[str]:
    (verb, place), (was, there) = _stands(after), _stands(before)
    if (verb, place) == (was, there):
        return
    if verb == was:
        yield f"{verb} {place} instead of {there}"
    else:
        yield f"{verb} {place}, where it {_PAST[was]} {there} before"


_PAST: Final = {"ends in": "ended in", "waits at": "waited at", "fails at": "failed at", "stops at step": "stopped at step"}


def _stands(ran: Ran) -> tuple[str, str]:
    """How a run stands at its end: a verb, and where."""
    run = ran.run
    if run.state == "completed":
        ends = [line.name for line in run.lines if line.type == "endEvent" and line.outcome == "completed"]
        return "ends in", ends[-1] if ends else "its end"
    if run.state == "failed":
        return "fails at", ", ".join(dict.fromkeys(ran.name(each.element_id) for each in run.waiting.failed))
    if run.fault is not None:
        return "stops at step", f"{run.fault.step} ({run.fault.message.rstrip('.')})"
    waits = run.waiting
    every: Sequence[Any] = waits.people or waits.calls or (*waits.messages, *waits.timers)
    return "waits at", ", ".join(dict.fromkeys(ran.name(each.element_id) for each in every)) or "nothing"


def _people(before: DryRun, after: DryRun) -> Iterator[str]:
    """Tasks asked more or less often, or of somebody else."""
    old, new = Counter(_asked(before)), Counter(_asked(after))
    less, more = old - new, new - old
    for (name, who), times in list(more.items()):
        instead = next((asked for asked in less if asked[0] == name and less[asked] == times), None)
        if instead is not None:
            yield f"asks {who} instead of {instead[1]}: {name}"
            del less[instead], more[name, who]
    for (name, who), times in more.items():
        yield f"asks {who}{f' {_times(times)} more' if old[name, who] else _more_than_once(times)}: {name}"
    for (name, who), times in less.items() if _reaches_as_far(before, after) else ():
        yield f"asks {who} {f'{_times(times)} less' if new[name, who] else 'no more'}: {name}"


def _asked(run: DryRun) -> list[tuple[str, str]]:
    """Each task that was asked of people: its name, and of whom."""
    return [(each.name, ", ".join(_group(who) for who in (*each.groups, *each.users)) or "everybody") for each in run.asked]


def _group(name: str) -> str:
    return name.replace("-", " ").replace("_", " ").capitalize()


def _way(before: Ran, after: Ran) -> Iterator[str]:
    """Named steps that are passed more or less often; what people are asked and where it ends is told already."""
    old, new = Counter(_passed(before.run)), Counter(_passed(after.run))
    whole = _reaches_as_far(before.run, after.run)
    added = [after.name(each) for each in new if each not in old]
    gone = [before.name(each) for each in old if each not in new] if whole else []
    changed = [(after.name(each), old[each], new[each]) for each in new if each in old and old[each] != new[each]]
    if added:
        yield f"also passes {_listed(added)}"
    if gone:
        yield f"passes {_listed(gone)} no more"
    for name, was, is_ in changed[:_MOST] if whole else ():
        yield f"passes {name} {_times(is_)} instead of {_times(was)}"


def _reaches_as_far(before: DryRun, after: DryRun) -> bool:
    """Whether what is missing is not missing only because the run stands still before it."""
    return after.state == "completed" or before.state != "completed"


def _passed(run: DryRun) -> Iterator[str]:
    for line in run.lines:
        named = line.name != line.element_id
        if line.outcome in _PASSED and named and line.type not in {"userTask", "manualTask", "endEvent", "startEvent"}:
            yield line.element_id


def _decisions(before: DryRun, after: DryRun) -> Iterator[str]:
    """Decisions by which other rules matched, one after the other."""
    old, new = _decided(before), _decided(after)
    for element, made in new.items():
        for earlier, now in zip(old.get(element, ()), made, strict=False):
            if (was := _rules(earlier)) != (is_ := _rules(now)):
                yield f"{now.name} is decided by {_told(is_, was)} instead of {_told(was, is_)}"
                break


def _decided(run: DryRun) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in run.lines:
        if line.decided is not None:
            found.setdefault(line.element_id, []).append(line)
    return found


def _rules(line: Line) -> dict[tuple[str, str], int]:
    """The rules that matched: decision and id of the rule, with the number of its row."""
    return {(each.decision, each.rule_id): each.rule for each in line.decided.matched} if line.decided else {}


def _told(rules: Mapping[tuple[str, str], int], others: Mapping[tuple[str, str], int]) -> str:
    """The rules of the tables that were decided otherwise."""
    apart = {decision for decision, rule in rules.keys() ^ others.keys()}
    by_table: dict[str, list[str]] = {}
    for (decision, _), row in rules.items():
        if decision in apart:
            by_table.setdefault(decision, []).append(str(row))
    told = [f"rule{'s' if len(rows) > 1 else ''} {' and '.join(rows)} of {decision}" for decision, rows in by_table.items()]
    return ", ".join(told) or "no rule"


def _variables(before: DryRun, after: DryRun) -> Iterator[str]:
    if not _reaches_as_far(before, after):  # what would have been written later says nothing
        return
    told = list(_values("", before.variables, after.variables, 0))
    for name, was, is_ in told[:_MOST]:
        if was is _NOTHING:
            yield f"{name} is {words_of(is_)}, and was not there"
        elif is_ is _NOTHING:
            yield f"{name} is not there, and was {words_of(was)}"
        else:
            yield f"{name} is {words_of(is_)} instead of {words_of(was)}"
    if len(told) > _MOST:
        yield f"{len(told) - _MOST} more variables differ"


def _values(name: str, before: Any, after: Any, depth: int) -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts of the variables that differ."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and depth < _DEEPEST:
        for key in dict.fromkeys((*before, *after)):
            inside = f"{name}.{key}" if name else str(key)
            yield from _values(inside, before.get(key, _NOTHING), after.get(key, _NOTHING), depth + 1)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after) and depth < _DEEPEST:
        for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
            yield from _values(f"{name}[{number}]", one, other, depth + 1)
    else:
        yield name, before, after


def _messages(before: DryRun, after: DryRun) -> Iterator[str]:
    old, new = Counter(each.name for each in before.sent), Counter(each.name for each in after.sent)
    for name, times in (new - old).items():
        yield f"sends {name}{f' {_times(times)} more' if old[name] else _more_than_once(times)}"
    for name, times in (old - new).items() if _reaches_as_far(before, after) else ():
        yield f"sends {name} {f'{_times(times)} less' if new[name] else 'no more'}"


def _times(count: int) -> str:
    return _TIMES.get(count, f"{count} times")


def _more_than_once(count: int) -> str:
    return "" if count == 1 else f" {_times(count)}"


def _listed(names: Sequence[str]) -> str:
    told = list(dict.fromkeys(names))
    shown, left = told[:_MOST], len(told) - _MOST
    return f"{', '.join(shown)} and {left} more" if left > 0 else " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
