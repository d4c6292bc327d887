"""Random models of nested blocks: what must happen is counted by the block itself, and storing the state changes nothing.

Each model is played three times with the same decisions of people and the same messages: in memory, restored from its bytes after every
single step, and migrated to the same version at every wait. All must give the same history and the same variables, and each step must run
as often as its block says.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from engine.spiff.calls import Deferred, Done
from engine.spiff.process import CompiledProcess
from tests.examples import examples
from tests.unit.spiff.drawing import (
    Play,
    becomes,
    boundary,
    catch,
    each,
    either,
    end,
    flow,
    fork,
    hears,
    message,
    named,
    on_event,
    process,
    script,
    service,
    start,
    subprocess,
    user,
    when,
    xor,
)

LEAVES = st.sampled_from(["script", "service", "deferred", "user"]).map(lambda kind: (kind,))


def _inner(blocks: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(blocks, min_size=1, max_size=3).map(tuple)
    several = st.lists(blocks, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.tuples(st.just("seq"), some),
        st.tuples(st.just("xor"), several, st.integers(0, 2)),
        st.tuples(st.just("or"), several, st.sets(st.integers(0, 2), min_size=1).map(frozenset)),
        st.tuples(st.just("and"), several),
        st.tuples(st.just("loop"), blocks, st.integers(1, 3)),
        st.tuples(st.just("sub"), blocks),
        st.tuples(st.just("each"), blocks, st.integers(0, 3), st.booleans()),
        st.tuples(st.just("interrupted"), blocks, st.booleans()),
        st.tuples(st.just("told"), st.integers(0, 2)),
        st.tuples(st.just("heard"), blocks, st.integers(0, 2)),
        st.tuples(st.just("called_off"), blocks, st.booleans()),
        st.tuples(st.just("awaited"), blocks),
    )


BLOCKS = st.recursive(LEAVES, _inner, max_leaves=10)


@dataclass
class Model:
    """A block drawn as BPMN, with what is to happen."""

    parts: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)
    variables: dict[str, Any] = field(default_factory=dict)
    expected: Counter[str] = field(default_factory=Counter)
    interrupted: set[str] = field(default_factory=set)
    told: dict[str, int] = field(default_factory=dict)

    def draw(self, block: Any, turns: int) -> tuple[str, str]:
        """Draw a block that runs `turns` times in all; answer where it begins and ends."""
        number = next(self.numbers)
        drawn = getattr(self, f"_{block[0]}")(number, turns, *block[1:])
        return drawn if isinstance(drawn, tuple) else (drawn, drawn)

    def _leaf(self, identity: str, turns: int, part: str) -> str:
        self.parts.append(part)
        self.expected[identity] += turns
        self.variables[f"v_{identity}"] = 0
        return identity

    def _script(self, number: int, turns: int) -> str:
        name = f"script{number}"
        return self._leaf(name, turns, script(name, f'{{ v_{name}: v_{name} + 1, last: "{name}" }}'))

    def _service(self, number: int, turns: int) -> str:
        return self._leaf(f"service{number}", turns, service(f"service{number}", result=f"r{number}", parameters={"n": "last"}))

    def _deferred(self, number: int, turns: int) -> str:
        return self._leaf(f"deferred{number}", turns, service(f"deferred{number}", "slow.work", result=f"r{number}"))

    def _user(self, number: int, turns: int) -> str:
        return self._leaf(f"user{number}", turns, user(f"user{number}", title="= last"))

    def _seq(self, _number: int, turns: int, blocks: Any) -> tuple[str, str]:
        ends = [self.draw(block, turns) for block in blocks]
        self.parts += [flow(one[1], other[0]) for one, other in pairwise(ends)]
        return ends[0][0], ends[-1][1]

    def _xor(self, number: int, turns: int, blocks: Any, wanted: int) -> tuple[str, str]:
        taken = min(wanted, len(blocks) - 1)
        split, join = f"xor{number}", f"merge{number}"
        self.parts += [xor(split, f"{split}_default"), xor(join)]
        for place, block in enumerate(blocks):
            entry, leaving = self.draw(block, turns if place == taken else 0)
            if place == len(blocks) - 1:
                self.parts.append(f'<bpmn:sequenceFlow id="{split}_default" sourceRef="{split}" targetRef="{entry}"/>')
            else:
                self.parts.append(when(split, entry, f"{place} = {taken}"))
            self.parts.append(flow(leaving, join))
        return split, join

    def _or(self, number: int, turns: int, blocks: Any, wanted: frozenset[int]) -> tuple[str, str]:
        split, join = f"or{number}", f"orjoin{number}"
        self.parts += [either(split), either(join)]
        taken = {min(place, len(blocks) - 1) for place in wanted}
        for place, block in enumerate(blocks):
            entry, leaving = self.draw(block, turns if place in taken else 0)
            self.parts += [when(split, entry, str(place in taken).lower()), flow(leaving, join)]
        self.expected[join] += turns
        return split, join

    def _and(self, number: int, turns: int, blocks: Any) -> tuple[str, str]:
        split, join = f"and{number}", f"join{number}"
        self.parts += [fork(split), fork(join)]
        for block in blocks:
            entry, leaving = self.draw(block, turns)
            self.parts += [flow(split, entry), flow(leaving, join)]
        self.expected[join] += turns
        return split, join

    def _loop(self, number: int, turns: int, block: Any, times: int) -> tuple[str, str]:
        begin, again, next_turn, more = f"begin{number}", f"again{number}", f"next{number}", f"more{number}"
        out, turn = f"out{number}", f"turn{number}"
        entry, leaving = self.draw(block, turns * times)
        self.parts += [
            script(begin, f"{{ {turn}: 0 }}"),
            xor(again),
            script(next_turn, f"{{ {turn}: {turn} + 1 }}"),
            xor(more, f"{more}_to_{out}"),
            script(out, "{}"),
            flow(begin, again, entry),
            flow(leaving, next_turn, more, out),
            when(more, again, f"{turn} < {times}"),
        ]
        self.expected[next_turn] += turns * times
        return begin, out

    def _scope(self, number: int, block: Any, turns: int) -> list[str]:
        outer, self.parts = self.parts, []
        entry, leaving = self.draw(block, turns)
        inner = [start(f"in{number}"), *self.parts, end(f"done{number}"), flow(f"in{number}", entry), flow(leaving, f"done{number}")]
        self.parts = outer
        return inner

    def _sub(self, number: int, turns: int, block: Any) -> str:
        self.parts.append(subprocess(f"sub{number}", *self._scope(number, block, turns)))
        self.expected[f"sub{number}"] += turns
        return f"sub{number}"

    def _each(self, number: int, turns: int, block: Any, items: int, sequential: bool) -> str:
        self.variables[f"items{number}"] = list(range(items))
        repeat = each(f"items{number}", f"item{number}", f"all{number}", f"item{number}", sequential=sequential)
        self.parts.append(subprocess(f"each{number}", *self._scope(number, block, turns * items), repeat=repeat))
        self.expected[f"each{number}"] += turns * (items + 1)
        return f"each{number}"

    def _interrupted(self, number: int, turns: int, block: Any, happens: bool) -> tuple[str, str]:
        """A person is asked first, then the block; or a message takes the whole away while the person is asked."""
        asked, sub, merge, stop = f"first{number}", f"sub{number}", f"merge{number}", f"stop{number}"
        inner = self._scope(number, ("seq", (("ask", asked), block)), 0 if happens else turns)
        handler = script(f"handler{number}", '{ last: "handler" }')
        self.parts += [
            subprocess(sub, *inner),
            boundary(stop, sub, message("stop")),
            handler,
            xor(merge),
            flow(sub, merge),
            flow(stop, f"handler{number}", merge),
        ]
        self.expected[f"handler{number}"] += turns if happens else 0
        if happens:
            self.interrupted.add(stop)
            self.interrupted.add(asked)
        return sub, merge

    def _ask(self, _number: int, turns: int, identity: str) -> str:
        return self._leaf(identity, turns, user(identity))

    def _told(self, number: int, turns: int, times: int) -> str:
        """A person is asked; before they answer, messages come that do not interrupt."""
        asked, listener = f"user{number}", f"tell{number}"
        self.parts += [
            user(asked),
            boundary(listener, asked, message("tell"), interrupting=False),
            script(f"heard{number}", "{}"),
            end(f"after{number}"),
            flow(listener, f"heard{number}", f"after{number}"),
        ]
        self.told[listener] = times
        self.expected[asked] += turns
        self.expected[f"heard{number}"] += turns * times
        return asked

    def _heard(self, number: int, turns: int, block: Any, times: int) -> str:
        """A person is asked, then the block; an event subprocess beside them hears messages before that and does not interrupt."""
        inner = self._scope(number, ("seq", (("ask", f"user{number}"), block)), turns)
        came, noted, over = f"tell{number}", f"heard{number}", f"over{number}"
        hears_it = hears(came, message("tell"), interrupting=False), script(noted, "{}"), end(over), flow(came, noted, over)
        self.parts.append(subprocess(f"sub{number}", *inner, on_event(f"listen{number}", *hears_it)))
        self.told[came] = times
        self.expected[f"sub{number}"] += turns
        self.expected[noted] += turns * times
        return f"sub{number}"

    def _called_off(self, number: int, turns: int, block: Any, happens: bool) -> str:
        """A person is asked first, then the block; or a message takes the place of both, and the way goes on all the same."""
        asked, came, handled, over = f"first{number}", f"stop{number}", f"handler{number}", f"over{number}"
        inner = self._scope(number, ("seq", (("ask", asked), block)), 0 if happens else turns)
        hears_it = hears(came, message("stop")), script(handled, '{ last: "handler" }'), end(over), flow(came, handled, over)
        self.parts.append(subprocess(f"sub{number}", *inner, on_event(f"listen{number}", *hears_it)))
        self.expected[f"sub{number}"] += turns
        self.expected[handled] += turns if happens else 0
        if happens:
            self.interrupted |= {came, asked}
        return f"sub{number}"

    def _awaited(self, number: int, turns: int, block: Any) -> tuple[str, str]:
        """Beside a block another branch waits until the block has counted one round more."""
        counted, begun, split, join = f"round{number}", f"begin{number}", f"and{number}", f"join{number}"
        entry, leaving = self.draw(block, turns)
        self.variables[counted] = 0
        self.parts += [
            script(begun, f"{{ wanted{number}: {counted} + 1 }}"),
            fork(split),
            script(f"count{number}", f"{{ {counted}: {counted} + 1 }}"),
            catch(f"until{number}", becomes(f"{counted} >= wanted{number}")),
            fork(join),
            flow(begun, split, entry),
            flow(leaving, f"count{number}", join),
            flow(split, f"until{number}", join),
        ]
        self.expected[f"until{number}"] += turns
        self.expected[join] += turns
        return begun, join


def drawn(block: Any) -> tuple[Model, CompiledProcess]:
    model = Model()
    model.variables["last"] = "nothing"
    entry, leaving = model.draw(block, 1)
    parts = [start(), *model.parts, end(), flow("start", entry), flow(leaving, "end")]
    return model, process(*parts, beside=named(messages="stop tell"))


def played(model: Model, compiled: CompiledProcess, seed: int, how: str) -> Play:
    """Decide by the seed in which order people answer and messages come."""
    chance = random.Random(seed)
    play = Play(
        compiled,
        model.variables,
        restored=how == "restored",
        answer=lambda call: Deferred() if call.handler == "slow.work" else Done({"n": call.attempt}),
    )
    heard: Counter[Any] = Counter()
    for _ in range(3_000):
        waits = play.instance.waits
        assert not waits.failed, waits.failed
        open_tells = [
            wait
            for wait in waits.subscriptions
            if (wait.name == "tell" and heard[wait.task_id] < model.told[wait.element_id]) or wait.element_id in model.interrupted
        ]
        silent = {wait.element_id.replace("tell", "user") for wait in open_tells if wait.name == "tell"}
        people = [wait for wait in waits.user_tasks if wait.element_id not in model.interrupted | silent]
        choices = [*people, *waits.work, *open_tells]
        if not choices:
            return play
        chosen = chance.choice(choices)
        if chosen in open_tells:
            heard[chosen.task_id] += 1
            play.instance.deliver(chosen.task_id, None)
        elif chosen in people:
            play.instance.complete(chosen.task_id, {f"v_{chosen.element_id}": chance.randrange(9), "last": chosen.element_id})
        else:
            play.instance.work_done(chosen.task_id, {"n": chance.randrange(9)})
        if how == "migrated":
            play.instance = play.instance.migrate(compiled)
        play.go()
    raise AssertionError("it does not come to an end")


@examples(75, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(block=BLOCKS, seed=st.integers(0, 2**16))
def test_a_random_model_does_what_its_blocks_say_and_storing_it_changes_nothing(block: Any, seed: int) -> None:
    model, compiled = drawn(block)
    in_memory, *others = [played(model, compiled, seed, how) for how in ("in memory", "restored", "migrated")]
    for play in (in_memory, *others):
        assert play.completed
        done = Counter(play.path)
        assert {name: done[name] for name in model.expected} == dict(model.expected)
    told = [(step.element_id, step.outcome, step.changed, step.detail) for step in in_memory.trace]
    for play in others:
        assert [(step.element_id, step.outcome, step.changed, step.detail) for step in play.trace] == told
        assert play.variables == in_memory.variables
