"""How a stay divides into waiting and work, with the clock in hand."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.mining.stays import Attempt, Stay, divide

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def stay(tag: str, until: float, **more: object) -> Stay:
    return Stay("step", tag, NINE, at(until), **more)  # type: ignore[arg-type]


def test_a_user_task_waits_until_it_is_claimed_and_is_work_from_then_on():
    assert divide(stay("userTask", 60, claimed_at=at(45))) == (45 * 60, 15 * 60)


def test_a_user_task_done_or_given_up_without_a_claim_was_with_nobody():
    assert divide(stay("userTask", 60)) == (3600, 0)


def test_a_claim_before_the_beginning_or_after_the_end_makes_no_negative_time():
    assert divide(stay("userTask", 60, claimed_at=at(-5))) == (0, 3600)
    assert divide(stay("userTask", 60, claimed_at=at(70))) == (3600, 0)
    assert divide(stay("serviceTask", -3)) == (0, 0)


@pytest.mark.parametrize("tag", ["intermediateCatchEvent", "receiveTask", "startEvent", "parallelGateway"])
def test_what_waits_for_something_else_only_waits(tag: str):
    assert divide(stay(tag, 10)) == (600, 0)


@pytest.mark.parametrize("tag", ["boundaryEvent", "subProcess", "callActivity"])
def test_what_stands_beside_or_around_others_has_no_time_of_its_own(tag: str):
    assert divide(stay(tag, 10)) == (0, 0)


def test_an_outside_call_is_work_but_for_the_pauses_after_failed_attempts():
    # Fails after 1 minute, due again at 6; fails at 8, due again at 18; fails at 19, due at 29 and done at 30: it waited 5 + 10 + 10.
    failures = (Attempt(at(1), at(6)), Attempt(at(8), at(18)), Attempt(at(19), at(29)))
    assert divide(stay("serviceTask", 30, failures=failures)) == (25 * 60, 5 * 60)


def test_a_retry_that_an_operator_brought_forward_ends_the_pause():
    assert divide(stay("serviceTask", 4, failures=(Attempt(at(1), at(60)),))) == (3 * 60, 60)
    early = (Attempt(at(1), at(60)), Attempt(at(3), at(90)))
    assert divide(stay("serviceTask", 10, failures=early)) == ((2 + 7) * 60, 60)


def test_a_failure_that_needs_an_operator_waits_until_the_next_attempt_is_over():
    assert divide(stay("serviceTask", 120, failures=(Attempt(at(0), None), Attempt(at(90), at(100))))) == (100 * 60, 20 * 60)
