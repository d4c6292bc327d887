"""Activities that are done more than once: multi-instance, parallel or one after the other, and the standard loop.

Each turn is a token of the body, below the token of the whole. What a turn writes comes back to the whole: with an output collection only
the output item, in the order of the items; without one every variable, the latest write of each.
"""

from abc import ABC, abstractmethod
from typing import Any, Final

from engine.spiff.expressions import Formula, condition, formula
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import Node, now_of
from engine.spiff.token import Token

#: More turns than this are a mistake, or work for instances of their own.
MAX_TURNS: Final = 10_000


class Repeat(Node, ABC):
    """What all repetitions share. `task_spec` names the body's node; SpiffWorkflow's parser sets it."""

    repeats = True
    task_spec: str

    @property
    def body(self) -> Node:
        """The node that is repeated."""
        node: Node = self._wf_spec.task_specs[self.task_spec]
        return node

    def begin_turn(self, token: Token, index: int, local: dict[str, Any]) -> None:
        """One turn more."""
        child = Token(token.workflow, self.body, token)
        child.data = {**token.data, **local, "loopCounter": index + 1}
        child.internal_data["index"] = index
        self.body.arrive(child)

    def child_retired(self, token: Token, child: Token) -> None:
        """A turn is done: take what it wrote, and go on with the next or with what follows."""
        top = token.workflow.top_workflow
        try:
            self.take_turn(token, child)
            done = self.go_on(token, child)
        except StepFailed as failure:
            top.fail(token, failure)
            return
        if done:
            for rest in token.below:
                rest.cancel()
            token.complete()

    @abstractmethod
    def take_turn(self, token: Token, child: Token) -> None:
        """Take what a turn wrote."""

    @abstractmethod
    def go_on(self, token: Token, child: Token | None) -> bool:
        """Begin what is to begin; True when the whole is done."""


class MultiInstance(Repeat):
    """Does its body for each item of a list, or a number of times."""

    sequential = False

    def __init__(self, wf_spec: Any, name: str, task_spec: str, **options: Any) -> None:
        super().__init__(wf_spec, name, **options)
        self.task_spec = task_spec
        self._input = _reference(options.get("data_input"))
        self._output = _reference(options.get("data_output"))
        self._input_item = _reference(options.get("input_item"))
        self._output_item = _reference(options.get("output_item"))
        self.keeps_local = self._output is not None
        cardinality, ends = options.get("cardinality"), options.get("condition")
        self._cardinality: Formula | None = formula(cardinality, f"Cardinality of {name}", name) if cardinality else None
        self._ends = condition(ends, f"Completion condition of {name}", name) if ends else None

    def act(self, token: Token) -> bool | None:
        """Count the items and begin; after a failure, go on where it stopped."""
        internal = token.internal_data
        if "total" not in internal:
            internal.pop("items", None)  # a first try may have failed on a list that was corrected since
            internal["total"] = self._count(token)
            internal["begun"], internal["done"], internal["results"] = 0, 0, {}
        return True if self.go_on(token, None) else None

    def take_turn(self, token: Token, child: Token) -> None:
        """With an output collection, keep the output item under the turn's place."""
        internal = token.internal_data
        internal["done"] += 1
        if self._output is None:
            local = {self._input_item, "loopCounter"}
            own = {name: stamp for name, stamp in child.stamps.items() if name not in local}
            token.take_over(child.data, own)
        elif self._output_item is not None:
            internal["results"][str(child.internal_data["index"])] = child.data.get(self._output_item)

    def go_on(self, token: Token, child: Token | None) -> bool:
        """Begin the next turn, or all of them; done when all are, or the completion condition holds."""
        internal = token.internal_data
        total = internal["total"]
        if internal["done"] == total or (
            child is not None and self._ends is not None and self._ends(self._seen(token, child), now_of(token))
        ):
            self._give_output(token)
            return True
        if self.sequential and self._output is not None:
            token.data = {**token.data, self._output: self._collected(token)}
        until = min(total, internal["done"] + 1) if self.sequential else total
        while internal["begun"] < until:
            index = internal["begun"]
            item = self._item(token, index)
            internal["begun"] += 1
            self.begin_turn(token, index, item)
        if internal["begun"] == total:
            internal.pop("items", None)
        return False

    def _count(self, token: Token) -> int:
        if self._input is not None:
            total = len(self._items(token))
        else:
            number = self._cardinality(token.data, now_of(token)) if self._cardinality else None
            if number is None or isinstance(number, bool | str | list | dict) or number != int(number) or number < 0:
                raise _no_turns(self.label, f"the cardinality is {number!r}, no whole number from 0")
            total = int(number)
        if total > MAX_TURNS:
            raise _no_turns(self.label, f"{total} turns are more than {MAX_TURNS}")
        return total

    def _item(self, token: Token, index: int) -> dict[str, Any]:
        if self._input is None:
            return {}
        items = self._items(token)
        if index >= len(items):  # only of a state that an earlier release began
            raise _no_turns(self.label, f"the list {self._input} has no item {index + 1} any more")
        return {self._input_item or "item": items[index]}

    def _items(self, token: Token) -> list[Any]:
        """The list as it was when the activity began, whatever its turns make of the variable (BPMN 2.0.2, 13.3.7)."""
        items = token.internal_data.setdefault("items", token.data.get(str(self._input)))
        if not isinstance(items, list):
            del token.internal_data["items"]
            raise _no_turns(self.label, f"the variable {self._input} is no list")
        return items

    def _collected(self, token: Token) -> list[Any]:
        results = token.internal_data["results"]
        return [results[place] for place in sorted(results, key=int)]

    def _seen(self, token: Token, child: Token) -> dict[str, Any]:
        """What the completion condition reads."""
        internal = token.internal_data
        done, begun = internal["done"], internal["begun"]
        seen = {**token.data, **child.data}
        if self._output is not None:
            seen[self._output] = self._collected(token)
        counts = {"numberOfInstances": internal["total"], "numberOfCompletedInstances": done, "numberOfActiveInstances": begun - done}
        return {**seen, **counts, "numberOfTerminatedInstances": 0}

    def _give_output(self, token: Token) -> None:
        token.say(turns=token.internal_data["done"])
        if self._output is not None:
            token.write({self._output: self._collected(token)})


class SequentialMultiInstance(MultiInstance):
    """One item after the other."""

    sequential = True


class StandardLoop(Repeat):
    """Does its body as long as a condition holds, at most a number of times."""

    def __init__(self, wf_spec: Any, name: str, task_spec: str, *rules: Any, **options: Any) -> None:
        super().__init__(wf_spec, name, **options)
        maximum, loop_condition, test_before = rules  # in the order of SpiffWorkflow's parser
        self.task_spec = task_spec
        self._maximum: int | None = maximum
        self._holds = condition(loop_condition, f"Loop condition of {name}", name) if loop_condition else None
        self._test_before = bool(test_before)

    def act(self, token: Token) -> bool | None:
        """Begin; after a failure, go on where it stopped."""
        token.internal_data.setdefault("done", 0)
        return True if self.go_on(token, None) else None

    def take_turn(self, token: Token, child: Token) -> None:
        """Everything a turn wrote stays."""
        token.internal_data["done"] += 1
        token.take_over(child.data, {name: stamp for name, stamp in child.stamps.items() if name != "loopCounter"})

    def go_on(self, token: Token, child: Token | None) -> bool:  # noqa: ARG002  # what other repetitions need
        """Begin the next turn; True when there is none."""
        done = token.internal_data["done"]
        tested = done > 0 or self._test_before
        if (self._maximum is not None and done >= self._maximum) or (
            tested and self._holds is not None and not self._holds({**token.data, "loopCounter": done}, now_of(token))
        ):
            token.say(turns=done)
            return True
        self.begin_turn(token, done, {})
        return False


def _reference(found: Any) -> str | None:
    """The variable that SpiffWorkflow's data reference names."""
    return None if found is None else str(found.bpmn_id).strip()


def _no_turns(label: str, why: str) -> StepFailed:
    return StepFailed("multi_instance", f"{label} cannot be repeated: {why}.", "Correct the variable and retry the step.")
