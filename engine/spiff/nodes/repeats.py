# ruff: noqa: SLF001  # SpiffWorkflow's hooks
"""Activities that are done more than once: multi-instance, parallel or one after the other, and the standard loop.

SpiffWorkflow begins, ends and cancels the turns. What a turn sees and gives back is ours: with an output collection only the output item,
in the order of the items; without one every variable, the latest write of each. Each turn is a token of the body, below the whole's.
"""

from decimal import Decimal
from typing import Any, Final

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.mixins.multiinstance_task import LoopTask, MultiInstanceTask

from engine.feel import kind_of
from engine.spiff.expressions import Formula, Text, condition, formula
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import OwnStep, now_of
from engine.spiff.token import READY, Token

#: More turns than this are a mistake, or work for instances of their own.
MAX_TURNS: Final = 10_000


class Repeat(OwnStep, LoopTask):
    """What all repetitions share. `task_spec` names the body; SpiffWorkflow's parser sets it.

    What is kept in the token: `done` turns, `total` of them where that is known, `begun`, and `ended` when a condition ended it early.
    """

    repeats = True
    holds_others = True
    task_spec: str

    def seal(self) -> None:
        """Hear of the turns. SpiffWorkflow connects at the first turn, which races between threads, and is lost when one is restored."""
        self._wf_spec.task_specs[self.task_spec].completed_event.connect(self.merge_child)

    def _run_hook(self, my_task: Token) -> bool | None:
        """Begin; after a failure, go on where it stopped; end when all turns are done."""
        internal = my_task.internal_data
        if "done" not in internal:
            self.prepare(my_task)
            if not self.begin(my_task):
                return None
        elif not self.ended(my_task):
            self.go_on(my_task)
            return None
        my_task.say(turns=internal["done"])
        self.give_output(my_task)
        for rest in my_task.children:
            rest.cancel()
        return bool(super()._run_hook(my_task))

    def begin_turn(self, token: Token, index: int, local: dict[str, Any]) -> None:
        """One turn more."""
        body = self._wf_spec.task_specs[self.task_spec]
        child = token._add_child(body)
        child.triggered = True
        child.data = {**token.data, **local, "loopCounter": index + 1}
        child.internal_data["index"] = index
        body._update(child)

    def merge_child(self, workflow: Any, child: Token) -> None:
        """A turn is done: take what it wrote, and go on with the next or with what follows. What goes wrong here is the whole's failure."""
        token = child.above
        try:
            self.turn_done(workflow, child)
        except StepFailed as failure:
            token.workflow.top_workflow.fail(token, failure)

    def turn_done(self, workflow: Any, child: Token) -> None:
        """What SpiffWorkflow does with a turn that is done."""
        super().merge_child(workflow, child)

    def take_turn(self, token: Token, child: Token, local: set[str | None]) -> None:
        """Everything a turn wrote stays, but what is only its own."""
        token.take_over(child.data, {name: stamp for name, stamp in child.stamps.items() if name not in local})

    def prepare(self, token: Token) -> None:
        """Before the first turn."""
        token.internal_data["done"] = 0

    def ended(self, token: Token) -> bool:
        """Whether no turn is to come and none runs."""
        raise NotImplementedError

    def go_on(self, token: Token) -> None:
        """Begin what is to begin."""
        raise NotImplementedError

    def give_output(self, token: Token) -> None:
        """Write what all turns gave."""


class Turns(MultiInstanceTask):
    """Stands between SpiffWorkflow's classes in the order of inheritance: where theirs ask `super()`, this answers."""

    def merge_child(self, _workflow: Any, child: Token) -> None:
        """Keep a turn's output item under its place. SpiffWorkflow appends it, in the order in which turns end."""
        token = child.above
        internal = token.internal_data
        internal["done"] += 1
        internal["merged"] = [child.id]
        if self.data_output is None:
            self.take_turn(token, child, {self.item_name, "loopCounter"})
        elif self.output_item is not None:
            internal["results"][str(child.internal_data["index"])] = child.data.get(self.output_item.bpmn_id)


class MultiInstance(Repeat, MultiInstanceTask):
    """Does its body for each item of a list, or a number of times."""

    sequential = False

    def __init__(self, wf_spec: Any, name: str, task_spec: str, **options: Any) -> None:
        for reference in ("data_input", "data_output", "input_item", "output_item"):
            if options.get(reference) is not None:
                options[reference].bpmn_id = str(options[reference].bpmn_id).strip()
        super().__init__(wf_spec, name, task_spec=task_spec, **options)
        self.keeps_local = self.data_output is not None
        self.item_name = None if self.input_item is None else self.input_item.bpmn_id
        number = options.get("cardinality")
        self._number: Formula | None = formula(number, f"Cardinality of {name}", name) if number else None
        if number:  # counted before; this is for SpiffWorkflow, which counts once more
            self.cardinality = Text(number, lambda token: token.internal_data["total"])
        self._ends = condition(self.condition, f"Completion condition of {name}", name) if self.condition else None

    def prepare(self, token: Token) -> None:
        """Count the items. Raises StepFailed when they cannot be counted."""
        internal = token.internal_data
        internal.pop("items", None)  # a first try may have failed on a list that was corrected since
        internal["total"] = self._count(token)
        internal["begun"], internal["done"], internal["results"] = 0, 0, {}

    def begin(self, my_task: Token) -> bool | None:
        """SpiffWorkflow's, which keeps a list of turns to come and of those that were; numbers are enough here."""
        at_once = super().begin(my_task)
        for key in ("merged", "remaining", "cardinality", "current"):
            my_task.internal_data.pop(key, None)
        return at_once

    def create_children(self, my_task: Token) -> None:
        """All turns at once."""
        self.go_on(my_task)

    def add_next_child(self, my_task: Token) -> None:
        """The next turn. SpiffWorkflow begins none for an item that is null, and waits for ever."""
        self.go_on(my_task)

    def init_remaining_items(self, _my_task: Token) -> list[Any]:
        """SpiffWorkflow keeps the places still to come, a list that is copied at each turn."""
        return []

    def init_data_output_with_input_data(self, my_task: Token, input_data: Any) -> None:
        """The output is written at the end; SpiffWorkflow refuses a variable that exists already."""

    def init_data_output_with_cardinality(self, my_task: Token) -> None:
        """The same; SpiffWorkflow's has a slip."""

    def children_complete(self, my_task: Token) -> bool:
        """Whether all turns are done; SpiffWorkflow looks at each of them."""
        internal = my_task.internal_data
        return bool(internal["done"] == internal["total"])

    def check_completion_condition(self, my_task: Token) -> bool:
        """Whether it ends early. SpiffWorkflow's condition sees the last turn only, neither the output so far nor BPMN's counts."""
        internal = my_task.internal_data
        child = my_task.workflow.tasks[internal.pop("merged")[0]]
        if self._ends is None or internal["done"] == internal["total"]:
            return False
        internal["ended"] = self._ends(self._seen(my_task, child), now_of(my_task))
        return bool(internal["ended"])

    def ended(self, token: Token) -> bool:
        """All turns are done, or the condition holds."""
        return self.children_complete(token) or bool(token.internal_data.get("ended"))

    def go_on(self, token: Token) -> None:
        """Begin the next turn, or all of them."""
        internal = token.internal_data
        total = internal["total"]
        if self.sequential and self.data_output is not None:
            token.data = {**token.data, self.data_output.bpmn_id: self._collected(token)}
        until = min(total, internal["done"] + 1) if self.sequential else total
        while internal["begun"] < until:
            index = internal["begun"]
            item = self._item(token, index)
            internal["begun"] += 1
            self.begin_turn(token, index, item)
        if internal["begun"] == total:
            internal.pop("items", None)

    def give_output(self, token: Token) -> None:
        """The output collection, in the order of the items."""
        token.internal_data.pop("merged", None)
        if self.data_output is not None:
            token.write({self.data_output.bpmn_id: self._collected(token)})

    def _count(self, token: Token) -> int:
        if self.data_input is not None:
            total = len(self._items(token))
        else:
            number = self._number(token.data, now_of(token)) if self._number else None
            if number is None or isinstance(number, bool | str | list | dict) or number != int(number) or number < 0:
                raise _no_turns(
                    self.label, f"the cardinality is {number if isinstance(number, Decimal) else kind_of(number)}, no whole number from 0"
                )
            total = int(number)
        if total > MAX_TURNS:
            raise _no_turns(self.label, f"{total} turns are more than {MAX_TURNS}")
        return total

    def _item(self, token: Token, index: int) -> dict[str, Any]:
        if self.data_input is None:
            return {}
        items = self._items(token)
        if index >= len(items):  # only of a state that an earlier release began
            raise _no_turns(self.label, f"the list {self.data_input.bpmn_id} has no item {index + 1} any more")
        return {self.item_name or "item": items[index]}

    def _items(self, token: Token) -> list[Any]:
        """The list as it was when the activity began, whatever its turns make of the variable (BPMN 2.0.2, 13.3.7)."""
        items = token.internal_data.setdefault("items", token.data.get(self.data_input.bpmn_id))
        if not isinstance(items, list):
            del token.internal_data["items"]
            raise _no_turns(self.label, f"the variable {self.data_input.bpmn_id} is no list")
        return items

    def _collected(self, token: Token) -> list[Any]:
        results = token.internal_data["results"]
        if self.sequential:  # each turn gets a list of its own: copied as a whole, 10,000 turns stay cheap
            return list(results.values())
        return [results[place] for place in sorted(results, key=int)]

    def _seen(self, token: Token, child: Token) -> dict[str, Any]:
        """What the completion condition reads."""
        internal = token.internal_data
        done, begun = internal["done"], internal["begun"]
        seen = {**token.data, **child.data}
        if self.data_output is not None:
            seen[self.data_output.bpmn_id] = self._collected(token)
        counts = {"numberOfInstances": internal["total"], "numberOfCompletedInstances": done, "numberOfActiveInstances": begun - done}
        return {**seen, **counts, "numberOfTerminatedInstances": 0}


class ParallelMultiInstance(MultiInstance, defaults.ParallelMultiInstanceTask, Turns):
    """All at once."""


class SequentialMultiInstance(MultiInstance, defaults.SequentialMultiInstanceTask, Turns):
    """One item after the other."""

    sequential = True


class StandardLoop(Repeat, defaults.StandardLoopTask):
    """Does its body as long as a condition holds, at most a number of times."""

    def __init__(self, wf_spec: Any, name: str, task_spec: str, *rules: Any, **options: Any) -> None:
        maximum, loop_condition, test_before = rules  # in the order of SpiffWorkflow's parser
        more = {"maximum": maximum, "condition": loop_condition, "test_before": bool(test_before)}
        super().__init__(wf_spec, name, task_spec=task_spec, **more, **options)
        self._holds = condition(loop_condition, f"Loop condition of {name}", name) if loop_condition else None

    def begin(self, my_task: Token) -> bool | None:
        """SpiffWorkflow's, which keeps a list of the turns that were; a number is enough here."""
        at_once = True if self.maximum == 0 else super().begin(my_task)
        my_task.internal_data.pop("merged", None)
        return at_once

    def turn_done(self, _workflow: Any, child: Token) -> None:
        """Everything a turn wrote stays. SpiffWorkflow merges lists and contexts instead of writing them."""
        token = child.above
        token.internal_data["done"] += 1
        self.take_turn(token, child, {"loopCounter"})
        if self.loop_complete(token):
            token.become(READY)
        else:
            self.create_child(token)

    def create_child(self, my_task: Token) -> None:
        """The next turn."""
        self.begin_turn(my_task, my_task.internal_data["done"], {})

    def go_on(self, token: Token) -> None:
        """After a failure: the next turn, unless one runs."""
        if not any(child.live for child in token.children):
            self.create_child(token)

    def loop_complete(self, my_task: Token) -> bool:
        """Whether no turn is to come. Raises StepFailed when the condition is neither true nor false."""
        done = my_task.internal_data["done"]
        if self.maximum is not None and done >= self.maximum:
            return True
        return self._holds is not None and not self._holds({**my_task.data, "loopCounter": done}, now_of(my_task))

    def ended(self, token: Token) -> bool:
        """It was found out when the last turn ended; after a failure, now."""
        if any(child.live for child in token.children):
            return False
        return self.loop_complete(token)


def _no_turns(label: str, why: str) -> StepFailed:
    return StepFailed("multi_instance", f"{label} cannot be repeated: {why}.", "Correct the variable and retry the step.")


def seal(spec: Any) -> None:
    """Let the repetitions of a scope hear of their turns, once, before anything runs."""
    for step in spec.task_specs.values():
        if isinstance(step, Repeat):
            step.seal()
