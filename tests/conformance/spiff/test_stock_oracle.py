"""SpiffWorkflow as it is as the oracle: what it runs rightly, ours runs to the same end, with the same elements done and the same data.

What it gets wrong is left out: `tests/unit/spiff/test_stock_faults.py` keeps that.
"""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from SpiffWorkflow.util.task import TaskState

from tests.conformance.spiff.test_random_models import Model
from tests.examples import examples
from tests.unit.spiff.drawing import Play, end, flow, process, script, start
from tests.unit.spiff.stock import Stock

LEAVES = st.sampled_from(["script", "user"]).map(lambda kind: (kind,))


def alone(blocks: st.SearchStrategy[Any]) -> list[st.SearchStrategy[Any]]:
    several = st.lists(blocks, min_size=2, max_size=3).map(tuple)
    return [
        st.tuples(st.just("seq"), several),
        st.tuples(st.just("xor"), several, st.integers(0, 2)),
        st.tuples(st.just("sub"), blocks),
    ]


def _turns(blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*alone(blocks), st.tuples(st.just("loop"), blocks, st.integers(1, 3)))


#: In a loop nothing runs side by side: at the second join an older value of one branch undoes what another wrote.
_LOOPS = st.recursive(LEAVES, _turns, max_leaves=6)


def _branches(blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(*alone(blocks), st.tuples(st.just("and"), st.lists(blocks, min_size=2, max_size=3).map(tuple)))


_ONCE = st.recursive(_LOOPS, _branches, max_leaves=4)
#: A list of results that exists already is refused, so repetitions stand beside one another and in no loop.
BLOCKS = st.lists(st.one_of(_ONCE, st.tuples(st.just("each"), _LOOPS, st.integers(0, 3), st.booleans())), min_size=1, max_size=3).map(
    lambda blocks: ("seq", tuple(blocks))
)


class Fresh(Model):
    """No variable exists before it is written: at a join an older value of one branch undoes what another wrote."""

    def _leaf(self, identity: str, turns: int, part: str) -> str:
        super()._leaf(identity, turns, part)
        del self.variables[f"v_{identity}"]
        return identity

    def _script(self, number: int, turns: int) -> str:
        name = f"script{number}"
        return self._leaf(name, turns, script(name, f"{{ v_{name}: (if v_{name} = null then 0 else v_{name}) + 1 }}"))


def in_stock(model: Any, entry: str, leaving: str) -> Stock:
    """Play it in SpiffWorkflow: people answer in the order they were asked."""
    parts = [start(), *model.parts, end(), flow("start", entry), flow(leaving, "end")]
    order = Stock(*parts, **model.variables)
    while not order.completed:
        waiting = [task for task in order.tasks if task.state == TaskState.READY and task.task_spec.manual]
        task = min(waiting, key=lambda task: task.task_spec.name)
        task.set_data(**{f"v_{task.task_spec.name}": 7})
        task.run()
        order.go()
    return order


@examples(30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=BLOCKS)
def test_what_spiffworkflow_runs_rightly_ends_the_same_here(block: Any) -> None:
    model = Fresh()
    entry, leaving = model.draw(block, 1)
    compiled = process(start(), *model.parts, end(), flow("start", entry), flow(leaving, "end"))
    play = Play(compiled, model.variables, restored=False)
    while not play.completed:
        wait = min(play.instance.waits.user_tasks, key=lambda wait: wait.element_id)
        play.do(wait.element_id, **{f"v_{wait.element_id}": 7})
    stock = in_stock(model, entry, leaving)
    done = Counter(task.task_spec.bpmn_id for task in stock.tasks if task.state == TaskState.COMPLETED and task.task_spec.bpmn_id)
    assert {name: done[name] for name in model.expected} == {name: play.path.count(name) for name in model.expected}
    assert play.variables == stock.data
