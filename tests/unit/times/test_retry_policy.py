from datetime import timedelta

import pytest

from engine.problems import Invalid
from engine.retry_policy import read_policy

HOUR = timedelta(hours=1)


def test_the_default_policy_doubles_its_pause_five_times_and_gives_up():
    policy = read_policy("R5/PT10S")
    for attempt, seconds in enumerate((10, 20, 40, 80, 160), start=1):
        pause = policy.pause(attempt, HOUR)
        assert pause is not None
        assert 0.8 * seconds <= pause.total_seconds() <= 1.2 * seconds
    assert policy.pause(6, HOUR) is None


def test_pauses_differ_so_that_a_thousand_retries_do_not_come_at_once():
    policy = read_policy("R5/PT10S")
    assert len({policy.pause(1, HOUR) for _ in range(20)}) > 10


def test_no_pause_is_much_longer_than_the_ceiling():
    pause = read_policy("R100/P1D").pause(90, HOUR)
    assert pause is not None
    assert pause <= HOUR * 1.2


def test_zero_retries_never_retry():
    assert read_policy("R0/PT0S").pause(1, HOUR) is None


@pytest.mark.parametrize("text", ["", "5 times", "R/PT10S", "R5", "PT10S", "R5/10S"])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(Invalid) as refused:
        read_policy(text)
    assert refused.value.detail == f"{text!r} is not a retry policy."
    assert "R5/PT10S" in refused.value.next_step
