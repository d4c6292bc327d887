"""Instances whose states earlier releases have stored: how they were brought there, and how they go on.

`states/format_1.json` was written by the last release that stored format 1; nothing but that release can write it again. A case is a
model, what was done before its state was stored, and what is done after; the file keeps the state, what it waited for, and the end that
the old release came to.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from engine.spiff.calls import CallOutcome, Deferred, Done, Failure, ServiceCall
from engine.spiff.execution import Execution
from engine.spiff.process import CompiledProcess
from engine.spiff.records import Budget
from tests.unit.spiff.drawing import (
    MONDAY,
    Answers,
    Play,
    boundary,
    call,
    called,
    catch,
    each,
    either,
    end,
    error,
    flow,
    fork,
    loop,
    message,
    named,
    node,
    process,
    race,
    script,
    service,
    signal,
    start,
    subprocess,
    throw,
    timer,
    user,
    when,
)

HOUR = timedelta(hours=1)
NAMES = named(messages="accepted stop", signals="price_change", errors="SHORT")
Act = Callable[[Play], object]


@dataclass(frozen=True)
class Case:
    """`steps` says after how many steps of the first run the state was stored; without it, at the wait that `before` leads to."""

    model: CompiledProcess
    variables: dict[str, Any] = field(default_factory=dict)
    before: tuple[Act, ...] = ()
    after: tuple[Act, ...] = ()
    steps: int | None = None
    answer: Callable[[ServiceCall], CallOutcome] | None = None

    def resumed(self, state: bytes) -> Play:
        """The stored instance, not yet run."""
        play = Play.__new__(Play)
        play.model, play.restored, play.now, play.trace, play.outgoing = self.model, False, MONDAY, [], []
        play.answers = Answers(self.answer)
        play.instance = Execution.restore(self.model, state)
        return play

    def stored(self) -> bytes:
        """What a release writes for this case."""
        if self.steps is not None:
            instance = Execution.start(self.model, self.variables, now=MONDAY)
            instance.run(Answers(self.answer), now=MONDAY, budget=Budget(steps=self.steps, seconds=60))
            return instance.dump()
        play = Play(self.model, self.variables, restored=False, answer=self.answer)
        for act in self.before:
            act(play)
        return play.instance.dump()


def do(identity: str, place: int = 0, **result: Any) -> Act:
    return lambda play: play.do(identity, place, **result)


def receive(identity: str, **payload: Any) -> Act:
    return lambda play: play.receive(identity, **payload)


def later(hours: int) -> Act:
    return lambda play: play.after(hours * HOUR)


def go(play: Play) -> object:
    return play.go()


def work_done(identity: str, **result: Any) -> Act:
    def act(play: Play) -> object:
        play.instance.work_done(play.task(identity), result)
        return play.go()

    return act


def noted(fact: Act) -> Act:
    """Only the fact, without the run after it."""

    def act(play: Play) -> object:
        play.go = lambda: play  # type: ignore[method-assign]
        return fact(play)

    return act


def retried(**variables: Any) -> Act:
    def act(play: Play) -> object:
        play.instance.retry(play.failure.task_id, variables)
        return play.go()

    return act


def _line(*parts: str, beside: str = NAMES) -> CompiledProcess:
    chain = [part.split('id="', 1)[1].split('"', 1)[0] for part in parts]
    return process(start(), *parts, end(), flow("start", *chain, "end"), beside=beside)


def _approval() -> CompiledProcess:
    """A person with an interrupting timer, a reminder each hour, and a message that does not interrupt."""
    return process(
        start(),
        user("approve", title='= "Approve " + quote_no', dueIn="PT4H"),
        boundary("late", "approve", timer("PT8H")),
        boundary("remind", "approve", timer("R3/PT1H", "timeCycle"), interrupting=False),
        boundary("told", "approve", message("accepted"), interrupting=False, resultVariable="note", correlation="= { no: quote_no }"),
        service("reminder"),
        script("heard", "{ heard: note.n }"),
        end(),
        end("too_late"),
        end("reminded"),
        end("e_heard"),
        flow("start", "approve", "end"),
        flow("late", "too_late"),
        flow("remind", "reminder", "reminded"),
        flow("told", "heard", "e_heard"),
        beside=NAMES,
    )


def _forked() -> CompiledProcess:
    return process(
        start(),
        fork("f"),
        user("a"),
        user("b"),
        script("c", "{ c: 1.50 }"),
        fork("j"),
        script("after", "{ after: a + b }"),
        end(),
        flow("start", "f", "a", "j", "after", "end"),
        flow("f", "b", "j"),
        flow("f", "c", "j"),
    )


def _chosen() -> CompiledProcess:
    return process(
        start(),
        either("split", "split_to_plain"),
        user("risk"),
        user("margin"),
        script("plain", "{}"),
        either("join"),
        end(),
        flow("start", "split"),
        when("split", "risk", "amount > 100"),
        when("split", "margin", "amount > 200"),
        flow("split", "plain", "join"),
        flow("risk", "join", "end"),
        flow("margin", "join"),
    )


def _nested() -> CompiledProcess:
    inner = subprocess("deep", start("s3"), script("write", "{ written: 1 }"), user("ask"), end("e3"), flow("s3", "write", "ask", "e3"))
    middle = subprocess("middle", start("s2"), inner, end("e2"), flow("s2", "deep", "e2"))
    return process(
        start(),
        middle,
        call("help", "helper"),
        boundary("late", "middle", timer("PT4H")),
        end(),
        end("too_late"),
        flow("start", "middle", "help", "end"),
        flow("late", "too_late"),
        beside=called("helper", start("hs"), user("assist"), end("he"), flow("hs", "assist", "he")),
    )


def _events() -> CompiledProcess:
    return process(
        start(),
        race("outcome"),
        catch("accepted", message("accepted"), correlation="= { no: quote_no }"),
        catch("expired", timer("PT2H")),
        end(),
        end("lost"),
        flow("start", "outcome", "accepted", "end"),
        flow("outcome", "expired", "lost"),
        beside=NAMES,
    )


def _ends() -> CompiledProcess:
    return process(start(), fork("f"), user("a"), user("b"), end("e1"), end("e2"), flow("start", "f", "a", "e1"), flow("f", "b", "e2"))


def _turns(body: str, **how: Any) -> CompiledProcess:
    return _line(user("work", each("cases", "case", "answers", "answer", **how)) if body == "user" else body)


def _sub_turns(*, sequential: bool) -> CompiledProcess:
    inner = (start("in"), script("square", "{ square: n * n }"), user("ask"), end("out"), flow("in", "square", "ask", "out"))
    return _line(subprocess("work", *inner, repeat=each("numbers", "n", "squares", "square", sequential=sequential)))


def _refused() -> CompiledProcess:
    inner = subprocess("sub", start("in"), user("ask"), end("oops", error("SHORT")), flow("in", "ask", "oops"))
    return process(
        start(),
        inner,
        boundary("short", "sub", error("SHORT"), resultVariable="why"),
        end(),
        end("sorry"),
        flow("start", "sub", "end"),
        flow("short", "sorry"),
        beside=NAMES,
    )


def _told_twice(play: Play) -> object:
    for number in (1, 2):
        play.instance.deliver(play.task("told"), {"n": number})
    return play


def _cancelled(play: Play) -> object:
    play.instance.cancel(now=MONDAY)
    return play


def _late(request: ServiceCall) -> CallOutcome:
    return Failure("timeout", "Silent.", retry_at=MONDAY + HOUR) if request.attempt == 1 else Done({"net": 12})


def _broken(_request: ServiceCall) -> CallOutcome:
    return Failure("broken", "Down.", "Mend it.", "Traceback …")


def _deferred(_request: ServiceCall) -> CallOutcome:
    return Deferred()


QUOTE = {"quote_no": "Q-000001", "total": 5}
CASES = {"cases": [{"no": 1}, {"no": 2}, {"no": 3}]}
ANSWERED = (do("work", 0, answer="B"), do("work", 0, answer="C"))


@cache
def cases() -> dict[str, Case]:
    """Every drawn case by its name."""
    long = _line(*(script(f"s{number}", "{ n: n + 1 }") for number in range(6)))
    priced = _line(service("price", "orders.price", "priced", {"no": "quote_no"}))
    found = {
        "a person": Case(_approval(), QUOTE, after=(do("approve", approved=True),)),
        "a person who comes too late": Case(_approval(), QUOTE, after=(later(9),)),
        "a reminder that has fired once": Case(_approval(), QUOTE, (later(1),), (later(1), later(1), do("approve"))),
        "a person has answered": Case(_approval(), QUOTE, (noted(do("approve", approved=True)),), (go,)),
        "the clock has struck": Case(_approval(), QUOTE, (noted(lambda play: _strike(play, "late", 8)),), (go,)),
        "two messages have come": Case(_approval(), QUOTE, (_told_twice,), (go, do("approve"))),
        "branches, one of them done": Case(_forked(), {}, (do("b", b=2),), (do("a", a=1),)),
        "branches, none of them done": Case(_forked(), {}, (), (do("a", a=1), do("b", b=2))),
        "flows that were chosen": Case(_chosen(), {"amount": 300}, (do("margin", m=1),), (do("risk", r=1),)),
        "a flow that was chosen": Case(_chosen(), {"amount": 150}, (), (do("risk", r=1),)),
        "a subprocess": Case(_nested(), {}, (), (do("ask", said=1), do("assist", helped=True))),
        "a subprocess that is late": Case(_nested(), {}, (), (later(5),)),
        "a called process": Case(_nested(), {}, (do("ask", said=1),), (do("assist", helped=True),)),
        "events that race": Case(_events(), QUOTE, (), (receive("accepted", po="PO-7"),)),
        "events of which time wins": Case(_events(), QUOTE, (), (later(3),)),
        "a message has come": Case(_events(), QUOTE, (noted(receive("accepted", po="PO-7")),), (go,)),
        "one end was reached": Case(_ends(), {}, (do("a", a=1),), (do("b", b=2),)),
        "turns side by side": Case(_turns("user"), CASES, (do("work", 1, answer="A"),), ANSWERED),
        "turns one by one": Case(_turns("user", sequential=True), CASES, (do("work", 0, answer="A"),), ANSWERED),
        "turns that may end early": Case(
            _turns("user", until='answer = "B"'), CASES, (do("work", 2, answer="A"),), (do("work", 0, answer="B"),)
        ),
        "turns of a subprocess side by side": Case(
            _sub_turns(sequential=False), {"numbers": [3, 4, 5]}, (do("ask", 1),), (do("ask", 1), do("ask", 0))
        ),
        "turns of a subprocess one by one": Case(_sub_turns(sequential=True), {"numbers": [3, 4, 5]}, (do("ask"),), (do("ask"), do("ask"))),
        "a loop": Case(_line(user("work", loop("n < 3"))), {"n": 0}, (do("work", n=1),), (do("work", n=2), do("work", n=3))),
        "work elsewhere": Case(priced, QUOTE, (), (work_done("price", net=12),), answer=_deferred),
        "work elsewhere is done": Case(priced, QUOTE, (noted(work_done("price", net=12)),), (go,), answer=_deferred),
        "an attempt that waits": Case(priced, QUOTE, (), (later(1),), answer=_late),
        "a failed step": Case(priced, QUOTE, (), (), answer=_broken),
        "a failed branch": Case(_turns("user", until="stop"), CASES, (do("work", 0, answer="A"),), (retried(stop=False), *ANSWERED)),
        "an error end event to come": Case(_refused(), {}, (), (do("ask", asked=True),)),
        "a signal to come": Case(_line(catch("wait", signal("price_change"))), {}, (), (_signal,)),
        "a receive task": Case(
            _line(node("receiveTask", "wait", attributes='messageRef="message_accepted"')), {}, (), (receive("wait", po=7),)
        ),
        "an end": Case(_ends(), {}, (do("a", a=1), do("b", b=2))),
        "cancelled": Case(_approval(), QUOTE, (_cancelled,)),
        "a message to send": Case(
            _line(throw("tell", message("accepted"), payload="= { total: 12.50 }"), user("ask")), {}, (), (do("ask"),)
        ),
    }
    for steps in (1, 3, 5):
        found[f"a chain after {steps} steps"] = Case(long, {"n": 0}, after=(go,), steps=steps)
    for steps in (2, 3, 4):
        found[f"an approval after {steps} steps"] = Case(_approval(), QUOTE, after=(go, do("approve")), steps=steps)
        found[f"a subprocess after {steps} steps"] = Case(_nested(), {}, after=(go, do("ask"), do("assist")), steps=steps)
        found[f"branches after {steps} steps"] = Case(_forked(), {}, after=(go, do("a", a=1), do("b", b=2)), steps=steps)
        found[f"turns after {steps} steps"] = Case(
            _sub_turns(sequential=False), {"numbers": [3, 4]}, after=(go, do("ask", 1), do("ask")), steps=steps
        )
    return found


def _strike(play: Play, identity: str, hours: int) -> object:
    play.now = MONDAY + hours * HOUR
    play.instance.fire_timer(play.task(identity), play.now)
    return play


def _signal(play: Play) -> object:
    play.instance.broadcast_signal("price_change", {"rate": 3})
    return play.go()


def told(play: Play) -> dict[str, Any]:
    """What an instance has come to, as JSON keeps it."""
    return {
        "waiting": sorted(play.waiting_at()),
        "failed": sorted(failed.kind for failed in play.instance.waits.failed),
        "done": sorted(f"{step.element_id} {step.outcome}" for step in play.trace),
        "sent": [sent.name for sent in play.outgoing],
        "variables": {name: str(value) for name, value in sorted(play.variables.items())},
        "completed": play.completed,
    }
