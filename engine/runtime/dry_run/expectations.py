"""Compares what came of a dry run with what its scenario expects, a sentence for each."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from engine.runtime.dry_run.record import Comparison, Sent


def compare(
    expect: Mapping[str, Any] | None, path: Sequence[str], variables: Mapping[str, Any], sent: Sequence[Sent], *, completed: bool
) -> Iterator[Comparison]:
    """Everything the scenario expects; nothing where it expects nothing. Unless `ended` is false its process is to have ended."""
    if expect is None:
        return
    if "path" in expect:
        yield _path(expect["path"], path)
    for name, value in (expect.get("variables") or {}).items():
        found = variables.get(name)
        ok = found == value
        yield Comparison("variables", name, ok, value, found, f"{name} is as expected." if ok else f"{name} is not as expected.")
    if "sent" in expect:
        yield _sent(expect["sent"], sent)
    ended = expect.get("ended", True)
    says = "The process has ended." if completed else "The process has not ended."
    yield Comparison("end", "", completed == ended, ended, completed, says)


def _path(expected: Sequence[str], found: Sequence[str]) -> Comparison:
    if list(expected) == list(found):
        return Comparison("path", "", ok=True, expected=expected, found=found, says="It went the expected way.")
    pairs = enumerate(zip_longest(expected, found), 1)
    number, (wanted, taken) = next((number, pair) for number, pair in pairs if pair[0] != pair[1])
    says = f"Step {number} of the way is {taken or 'missing'}; expected was {wanted or 'the end'}."
    return Comparison("path", "", ok=False, expected=expected, found=found, says=says)


def _sent(expected: Sequence[Mapping[str, Any]], sent: Sequence[Sent]) -> Comparison:
    found = [{"message": each.name, "payload": dict(each.payload), "business_key": each.business_key} for each in sent]
    same = found == list(expected)
    says = "The expected messages were sent." if same else f"{len(found)} messages were sent that are not the {len(expected)} expected."
    return Comparison("sent", "", ok=same, expected=expected, found=found, says=says)
