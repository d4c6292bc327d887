"""Each scenario of bpmn/ and each stored fixture, led through SpiffWorkflow as it is: the same elements completed, the same data.

Where SpiffWorkflow cannot go that way, the fault of it that is the reason is named, and its smallest model is a test of its own in
`tests/unit/spiff/test_stock_faults.py`. What is left out so must really differ: a reason that explains nothing is no reason.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from lxml import etree

from engine.models.normaliser import normalise
from engine.runtime.dry_run import rehearsal
from engine.runtime.dry_run.scenario import read_scenario
from engine.runtime.dry_run.scribe import Scribe
from engine.spiff.elements import BPMN
from engine.spiff.parser import without_reserved_ids
from engine.spiff.process import CompiledProcess
from engine.spiff.records import Executed
from engine.spiff.seam import CHANGES
from tests.conformance.spiff import test_stock_oracle as oracle
from tests.conformance.spiff.replay import Replay
from tests.conformance.spiff.test_random_models import played
from tests.examples import examples
from tests.unit.bpmn.scenario_runner import FILES, checked_folder, id_of, tasks
from tests.unit.spiff.drawing import Play, drawn_as, end, flow, named, process, start
from tests.unit.spiff.stored import cases

_SCOPES = ("subProcess", "callActivity", "transaction")


@dataclass(frozen=True)
class Story:
    """What an instance of ours went through."""

    process: CompiledProcess
    trees: Sequence[etree._Element]
    given: Mapping[str, Any]
    trace: Sequence[Executed]
    variables: Mapping[str, Any]
    completed: bool

    @property
    def done(self) -> Counter[str]:
        return Counter(entry.element_id for entry in self.trace if entry.outcome == "completed")

    def drawn(self, *tags: str) -> Iterator[etree._Element]:
        return (node for tree in self.trees for tag in tags for node in tree.iter(f"{BPMN}{tag}"))

    def ids(self, *tags: str) -> set[str]:
        return {str(node.get("id")) for node in self.drawn(*tags)}

    def ran(self, element_ids: set[str], outcome: str = "completed") -> bool:
        return any(entry.outcome == outcome and entry.element_id in element_ids for entry in self.trace)


# ------------------------------------------------------- where SpiffWorkflow goes another way, by the name of the fault's own test


def _event_subprocess(story: Story) -> bool:
    return story.ran({str(start.get("id")) for start in story.drawn("startEvent") if start.getparent().get("triggeredByEvent") == "true"})


def _interrupted_scope(story: Story) -> bool:
    """A scope was given up for a message, signal or moment; what it had written goes on with us."""
    scopes = story.ids(*_SCOPES)
    events = [
        event for event in story.drawn("boundaryEvent") if event.get("cancelActivity") != "false" and event.get("attachedToRef") in scopes
    ]
    return story.ran({str(event.get("id")) for event in events if event.find(f"{BPMN}errorEventDefinition") is None})


def _heard_again(story: Story) -> bool:
    beside = {str(event.get("id")) for event in story.drawn("boundaryEvent") if event.get("cancelActivity") == "false"}
    beside -= {str(event.get("id")) for event in story.drawn("boundaryEvent") if event.find(f"{BPMN}timerEventDefinition") is not None}
    return any(story.done[event] > 1 for event in beside)


def _late_results(story: Story) -> bool:
    """Tasks that were done in another order than begun, with results."""
    activities = {str(repeat.getparent().get("id")) for repeat in _repeats(story) if repeat.find(f"{BPMN}loopDataOutputRef") is not None}
    return any(turns != sorted(turns) for activity in activities - story.ids(*_SCOPES) for turns in _rounds(story, activity))


def _second_count(story: Story) -> bool:
    """A repetition by count whose list of results is there already."""
    names = {
        str(repeat.getparent().get("id")): str(repeat.findtext(f"{BPMN}loopDataOutputRef"))
        for repeat in _repeats(story)
        if repeat.find(f"{BPMN}loopCardinality") is not None and repeat.find(f"{BPMN}loopDataOutputRef") is not None
    }
    known = set(story.given)
    for entry in story.trace:
        if names.get(entry.element_id) in known:
            return True
        known |= entry.changed.keys()
    return False


def _item_left(story: Story) -> bool:
    """A repetition has a turn where the item of an earlier one was left among the variables."""
    repeats = [(name, str(repeat.getparent().get("id"))) for repeat in _repeats(story) if (name := _leaks(repeat))]
    left = [name for name, activity in repeats for turns in _rounds(story, activity) if turns]
    return any(times > 1 for times in Counter(left).values())


def _repeats(story: Story) -> Iterator[etree._Element]:
    return story.drawn("multiInstanceLoopCharacteristics")


def _rounds(story: Story, activity: str) -> list[list[int]]:
    """The turns of each round of a repetition, in the order in which they were done."""
    rounds: list[list[int]] = [[]]
    for entry in story.trace:
        if entry.element_id == activity and entry.outcome == "completed":
            rounds[-1].append(entry.detail["index"]) if "index" in entry.detail else rounds.append([])
    return rounds


def _leaks(repeat: etree._Element) -> str | None:
    """The item that stays among the variables: without a list of results all of a turn is written."""
    item = repeat.find(f"{BPMN}inputDataItem")
    return str(item.get("name") or item.get("id")) if item is not None and repeat.find(f"{BPMN}loopDataOutputRef") is None else None


WRONG: Mapping[str, Callable[[Story], bool]] = {
    "event_subprocess_runs_beside": _event_subprocess,
    "interrupted_scope_is_forgotten": _interrupted_scope,
    "heard_once": _heard_again,
    "order_of_results": _late_results,
    "second_count": _second_count,
    "item_of_a_turn_stays": _item_left,
}


def differences(story: Story) -> dict[str, Any]:
    """What SpiffWorkflow makes of it otherwise, beyond three things that it counts or keeps otherwise, each a test of its own as well.

    `error_end_completes_its_scope`, `cycle_is_counted_at_its_end` and `item_of_a_turn_stays`. Its gateway of events is done with its event.
    """
    try:
        stock = Replay(story.trees, story.process.key, story.given, story.trace)
    except Exception as error:  # noqa: BLE001 - whatever it raises, it does not go this way
        return {"raised": f"{type(error).__name__}: {error}"}
    counted_otherwise = (
        story.ids("eventBasedGateway")
        | {str(timer.getparent().getparent().get("id")) for timer in story.drawn("timeCycle")}
        | {entry.element_id for entry in story.trace if entry.outcome == "cancelled" and entry.element_id in story.ids(*_SCOPES)}
    )
    ours, theirs = story.done, stock.done
    found = {
        name: (ours[name], theirs[name]) for name in story.process.elements if ours[name] != theirs[name] and name not in counted_otherwise
    }
    if story.completed != stock.completed:
        found["completed"] = (story.completed, stock.completed)
    if not story.completed:
        return found
    left = {_leaks(repeat) for repeat in _repeats(story)} - story.variables.keys()
    data = {name: value for name, value in stock.data.items() if name not in left}
    return found | {
        name: (story.variables.get(name), data.get(name))
        for name in story.variables.keys() | data.keys()
        if story.variables.get(name) != data.get(name)
    }


def reasons(story: Story) -> set[str]:
    """The faults of SpiffWorkflow that this story meets."""
    return {name for name, meets in WRONG.items() if meets(story)}


# ---------------------------------------------------------------------------------------------------------------------------- the stories


def _of_scenario(file: Path) -> Story:
    trace: list[Executed] = []

    class Noting(Scribe):
        def write(self, step: int, executed: Sequence[Executed], outgoing: Any) -> None:
            trace.extend(executed)
            super().write(step, executed, outgoing)

    checked, scenario = checked_folder(file.parent), read_scenario(file.read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rehearsal, "Scribe", Noting)
        run = rehearsal.play(checked, scenario, tasks(), UTC)
    process = next(process for process in checked.processes if process.key == scenario.process)
    trees = [without_reserved_ids(normalise(diagram)) for diagram in checked.known.diagrams]
    return Story(process, trees, scenario.given, trace, run.variables, run.state == "completed")


def _of_fixture(name: str) -> Story:
    case = cases()[name]
    play = Play(case.model, case.variables, restored=False, answer=case.answer)
    for act in (*case.before, *case.after):
        act(play)
        play.__dict__.pop("go", None)
    return Story(case.model, [drawn_as(case.model)], case.variables, play.trace, play.variables, play.completed)


#: Those that differ from another only in when the state was stored need no second look. A cancelled one, and what an operator wrote into a
#: failed step, are not SpiffWorkflow's (rule in `engine/spiff/seam.py`).
FIXTURES = [name for name, case in cases().items() if case.steps is None and name not in {"cancelled", "a failed branch"}]
STORIES = {**{id_of(file): (_of_scenario, file) for file in FILES}, **{name: (_of_fixture, name) for name in FIXTURES}}


@cache
def told(name: str) -> tuple[set[str], dict[str, Any]]:
    make, what = STORIES[name]
    story = make(what)  # type: ignore[operator]
    return reasons(story), differences(story)


@pytest.mark.parametrize("name", STORIES)
def test_spiffworkflow_as_it_is_goes_the_same_way_to_the_same_data_or_its_fault_is_named(name: str) -> None:
    left_out, differs = told(name)
    assert bool(differs) == bool(left_out), (sorted(left_out), differs)


def test_nearly_all_are_run_by_spiffworkflow_as_it_is_and_every_reason_is_one_of_the_seams() -> None:
    left_out = Counter(reason for name in STORIES for reason in told(name)[0])
    alike = sum(not told(name)[0] for name in STORIES)
    print(f"{alike} of {len(STORIES)} go the same way in SpiffWorkflow as it is; left out: {dict(left_out)}")  # noqa: T201  # with -s: how many, and why others not
    assert alike >= 0.95 * len(STORIES)
    known = {model for change in CHANGES for model in change.models}
    assert set(left_out) | {"error_end_completes_its_scope", "cycle_is_counted_at_its_end"} <= known


# ------------------------------------------------------------------------------------------------- random models with messages and services

_LEAVES = st.sampled_from(["script", "user", "service", "deferred"]).map(lambda kind: (kind,))


def _alone(blocks: st.SearchStrategy[Any]) -> list[st.SearchStrategy[Any]]:
    return [*oracle.alone(blocks), st.tuples(st.just("interrupted"), blocks, st.sampled_from([False]))]


def _turns(blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*_alone(blocks), st.tuples(st.just("loop"), blocks, st.integers(1, 3)))


def _branches(blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What runs side by side, chosen or not, and people who are told something meanwhile."""
    several = st.lists(blocks, min_size=2, max_size=3).map(tuple)
    told_once = st.tuples(st.just("told"), st.integers(0, 1))
    return st.one_of(*_alone(blocks), st.tuples(st.just("and"), several), told_once)


_MODELS = st.recursive(st.recursive(_LEAVES, _turns, max_leaves=6), _branches, max_leaves=4)


@examples(30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=_MODELS, seed=st.integers(0, 2**16))
def test_a_random_model_with_services_and_messages_goes_the_same_way(block: Any, seed: int) -> None:
    model = oracle.Fresh()
    entry, leaving = model.draw(block, 1)
    model.variables["last"] = "nothing"
    parts = [start(), *model.parts, end(), flow("start", entry), flow(leaving, "end")]
    compiled = process(*parts, beside=named(messages="stop tell"))
    play = played(model, compiled, seed, "in memory")
    story = Story(compiled, [drawn_as(compiled)], model.variables, play.trace, play.variables, play.completed)
    differs = differences(story)
    assert differs.keys() <= {"last"}, differs  # written on every branch: which one is the last, each says otherwise
