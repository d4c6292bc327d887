"""What the last token of an activity throws reaches whoever hears it, before the activity ends."""

import pytest

from tests.unit.spiff.drawing import (
    boundary,
    each,
    end,
    escalation,
    flow,
    hears,
    named,
    on_event,
    process,
    signal,
    start,
    subprocess,
    user,
)

NAMES = named(signals="LATE", escalations="LATE")
KINDS = pytest.mark.parametrize("thrown", [signal("LATE"), escalation("LATE")], ids=["signal", "escalation"])
WAYS = pytest.mark.parametrize("interrupting", [True, False], ids=["interrupting", "beside"])


def packing(thrown, *, repeat="", inside=""):
    parts = start("in"), user("pack"), end("too_late", thrown), flow("in", "pack", "too_late")
    return subprocess("packing", *parts, inside, repeat=repeat)


@KINDS
@WAYS
def test_the_boundary_event_hears_what_the_last_step_inside_throws(play, thrown, interrupting):
    caught = (
        boundary("caught", "packing", thrown, interrupting=interrupting),
        user("chase"),
        end("chased"),
        flow("caught", "chase", "chased"),
    )
    model = process(start(), packing(thrown), *caught, user("ship"), end(), flow("start", "packing", "ship", "end"), beside=NAMES)
    order = play(model).do("pack")
    assert order.waiting_at() == ({"chase"} if interrupting else {"chase", "ship"})
    assert ("packing" in order.path) is not interrupting


@KINDS
@WAYS
def test_an_event_subprocess_inside_hears_it_and_the_activity_ends_after_it(play, thrown, interrupting):
    inside = on_event(
        "chasing", hears("caught", thrown, interrupting=interrupting), user("chase"), end("chased"), flow("caught", "chase", "chased")
    )
    model = process(start(), packing(thrown, inside=inside), user("ship"), end(), flow("start", "packing", "ship", "end"), beside=NAMES)
    order = play(model).do("pack")
    assert order.waiting_at() - {"caught"} == {"chase"}
    assert order.do("chase").waiting_at() == {"ship"}


@KINDS
@WAYS
def test_an_event_subprocess_of_the_process_hears_it(play, thrown, interrupting):
    chasing = on_event(
        "chasing", hears("caught", thrown, interrupting=interrupting), user("chase"), end("chased"), flow("caught", "chase", "chased")
    )
    model = process(start(), packing(thrown), chasing, user("ship"), end(), flow("start", "packing", "ship", "end"), beside=NAMES)
    order = play(model).do("pack")
    assert order.waiting_at() - {"caught"} == ({"chase"} if interrupting else {"chase", "ship"})


@KINDS
def test_the_last_step_of_the_process_itself_is_heard_by_its_event_subprocess(play, thrown):
    chasing = on_event(
        "chasing", hears("caught", thrown, interrupting=False), user("chase"), end("chased"), flow("caught", "chase", "chased")
    )
    order = play(process(start(), user("pack"), end("too_late", thrown), flow("start", "pack", "too_late"), chasing, beside=NAMES)).do(
        "pack"
    )
    assert not order.completed
    assert order.do("chase").completed


@KINDS
def test_each_last_turn_of_a_repetition_is_heard(play, thrown):
    caught = boundary("caught", "packing", thrown, interrupting=False), user("chase"), end("chased"), flow("caught", "chase", "chased")
    model = process(start(), packing(thrown, repeat=each("lines", "line")), *caught, end(), flow("start", "packing", "end"), beside=NAMES)
    order = play(model, {"lines": [1, 2]}).do("pack").do("pack")
    assert order.path.count("caught") == 2
    assert "packing" in order.path
    order.do("chase").do("chase")
    assert order.completed
