"""When timers are due, and which of several events decides."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.problems import Conflict
from engine.spiff.elements import Event
from engine.spiff.execution import Execution
from engine.spiff.timers import compile_timer
from tests.unit.spiff.drawing import (
    MONDAY,
    Answers,
    catch,
    end,
    flow,
    message,
    named,
    process,
    race,
    script,
    start,
    timer,
    user,
)

NAMES = named(messages="quote.accepted quote.declined order.received hold.released", signals="price_change")
HOUR = timedelta(hours=1)
VIENNA = ZoneInfo("Europe/Vienna")


def one(step, identity="wait", **options):
    return process(start(), step, end(), flow("start", identity, "end"), beside=NAMES, **options)


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("PT4H", "timeDuration", MONDAY + 4 * HOUR),
        ('"PT4H"', "timeDuration", MONDAY + 4 * HOUR),
        ("= duration(wait)", "timeDuration", MONDAY + timedelta(days=2)),
        ("wait", "timeDuration", MONDAY + timedelta(days=2)),
        ("P1W", "timeDuration", MONDAY + timedelta(weeks=1)),
        ("P1M", "timeDuration", datetime(2026, 2, 5, 9, 0, tzinfo=UTC)),
        ("2026-02-01T00:00:00Z", "timeDate", datetime(2026, 2, 1, tzinfo=UTC)),
        ("valid_until", "timeDate", datetime(2026, 3, 1, 12, 0, tzinfo=UTC)),
        ("= date and time(valid_until)", "timeDate", datetime(2026, 3, 1, 12, 0, tzinfo=UTC)),
        ("2026-02-01", "timeDate", datetime(2026, 2, 1, tzinfo=UTC)),
        ("= date(2026, 2, 1)", "timeDate", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_timer_is_due_when_it_says(play, text, kind, due):
    order = play(one(catch("wait", timer(text, kind))), {"wait": "P2D", "valid_until": "2026-03-01T12:00:00Z"})
    (wait,) = order.instance.waits.timers
    assert (wait.due_at, wait.kind, wait.element_id) == (due, "event", "wait")
    with pytest.raises(Conflict, match="not due"):
        order.instance.fire_timer(wait.task_id, due - timedelta(seconds=1))
    assert order.after(due - MONDAY).completed


def test_a_time_without_a_zone_is_in_the_business_zone(play):
    model = one(catch("wait", timer("2026-07-01T08:00:00", "timeDate")), time_zone=ZoneInfo("Europe/Paris"))
    assert play(model).instance.waits.timers[0].due_at == datetime(2026, 7, 1, 6, 0, tzinfo=UTC)


def test_the_business_zone_knows_winter_from_summer(play):
    model = one(catch("wait", timer("2026-03-28T08:00:00", "timeDate")), time_zone=ZoneInfo("Europe/Paris"))
    order = play(model)
    assert order.instance.waits.timers[0].due_at == datetime(2026, 3, 28, 7, 0, tzinfo=UTC)


def test_a_day_of_waiting_ends_at_the_same_time_of_day_whatever_the_clocks_do():
    saturday = datetime(2026, 3, 28, 8, tzinfo=UTC)  # 09:00 in Vienna; the clocks change that night
    for text, due in (
        ("P1D", "2026-03-29T09:00:00+02:00"),
        ("PT24H", "2026-03-29T10:00:00+02:00"),
        ('= duration("P1D")', "2026-03-29T09:00:00+02:00"),
        ("= pause", "2026-03-29T10:00:00+02:00"),
    ):
        compiled = compile_timer(Event("timer", timer="duration", expression=text), "wait", VIENNA)
        assert compiled.due({"pause": "PT24H"}, saturday).at.astimezone(VIENNA).isoformat() == due, text


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("P1D", "2026-03-29T07:00:00+00:00"),
        ("PT24H", "2026-03-29T08:00:00+00:00"),
        ('=date("2026-04-01")', "2026-03-31T22:00:00+00:00"),
        ("=valid_until", "2026-04-01T10:00:00+00:00"),
    ],
)
def test_a_task_is_due_by_the_company_s_calendar(text, due):
    saturday = datetime(2026, 3, 28, 8, tzinfo=UTC)
    execution = Execution.start(one(user("wait", dueIn=text), time_zone=VIENNA), {"valid_until": "2026-04-01T12:00"}, now=saturday)
    execution.run(Answers(), now=saturday)
    (task,) = execution.waits.user_tasks
    assert task.due_at == datetime.fromisoformat(due)


def test_a_moment_that_is_past_has_come_already(play):
    assert play(one(catch("wait", timer("2020-01-01T00:00:00Z", "timeDate")))).completed


@pytest.mark.parametrize("text", ["later", '"in a while"', "= 4"])
def test_a_timer_that_gives_no_time_waits_for_an_operator(play, text):
    order = play(one(catch("wait", timer(text, "timeDuration"))))
    assert order.failure.kind == "timer"
    assert "Timer of wait" in order.failure.message


def offer():
    return process(
        start(),
        race("outcome"),
        catch("accepted", message("quote.accepted"), correlation="= { quote_no: quote_no }"),
        catch("declined", message("quote.declined")),
        catch("reminder", timer("PT2H")),
        catch("expired", timer("PT1H")),
        end("won"),
        end("lost"),
        end("reminded"),
        end("late"),
        flow("start", "outcome", "accepted", "won"),
        flow("outcome", "declined", "lost"),
        flow("outcome", "reminder", "reminded"),
        flow("outcome", "expired", "late"),
        beside=NAMES,
    )


def test_of_two_timers_behind_one_gateway_the_earlier_decides(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    assert {(wait.element_id, wait.due_at) for wait in order.instance.waits.timers} == {
        ("reminder", MONDAY + 2 * HOUR),
        ("expired", MONDAY + HOUR),
    }
    assert order.after(3 * HOUR).path == ["start", "outcome", "expired", "late"]
    assert order.completed


def test_the_first_event_decides_and_the_others_do_not_wait_any_more(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    declined = order.task("declined")
    order.receive("accepted", customer_po="PO-77")
    assert order.path == ["start", "outcome", "accepted", "won"]
    assert order.variables == {"quote_no": "Q-000001", "customer_po": "PO-77"}
    with pytest.raises(Conflict):
        order.instance.deliver(declined, {"reason": "too dear"})


def test_the_second_event_is_refused_even_before_the_instance_runs(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    order.instance.deliver(order.task("accepted"), {})
    with pytest.raises(Conflict, match="overtaken"):
        order.instance.deliver(order.task("declined"), {})


def test_a_gateway_of_events_in_a_loop_waits_anew_in_each_turn(play):
    model = process(
        start(),
        '<bpmn:exclusiveGateway id="again"/>',
        race("outcome"),
        catch("done", message("quote.accepted")),
        catch("remind", timer("PT1H")),
        script("count", "{ reminders: reminders + 1 }"),
        end(),
        flow("start", "again", "outcome", "done", "end"),
        flow("outcome", "remind", "count", "again"),
        beside=NAMES,
    )
    order = play(model, {"reminders": 0}).after(3 * HOUR)
    assert order.variables == {"reminders": 3}
    assert len(order.instance.waits.timers) == 1
    assert order.receive("done").completed


def test_a_waiting_event_can_be_skipped_by_an_operator(play):
    order = play(offer(), {"quote_no": "Q-000001"})
    order.instance.skip(order.task("accepted"), {"customer_po": "by phone"})
    order.go()
    assert order.completed
    assert [step.outcome for step in order.steps("accepted")] == ["skipped"]
    assert order.variables["customer_po"] == "by phone"
