"""Whether the text of a timer gives a time of its kind: computed now, by the engine's own reader, where no variable is read."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final

from engine.feel import FeelSyntaxError, compile_expression
from engine.iso8601 import read_duration
from engine.problems import Problem
from engine.spiff.elements import Event
from engine.spiff.failures import StepFailed
from engine.spiff.timers import compile_timer, is_plain_time

#: The elements of a timer, and what the engine calls them.
TIMES: Final[Mapping[str, str]] = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def is_literal(tag: str, text: str) -> bool:
    """Whether the text of a timer element is ISO 8601 or cron, which need no quotation marks: PT4H, R3/PT10M, 0 6 * * mon-fri."""
    return is_plain_time(TIMES[tag], text)


def is_duration(text: str) -> bool:
    """Plain ISO 8601, such as PT4H or P10D."""
    return read_duration(text) is not None


def reads_variables(tag: str, text: str) -> bool:
    """Whether a timer element can be computed only while it is waited for. What is no FEEL reads nothing: another rule speaks of it."""
    if is_literal(tag, text):
        return False
    try:
        expression = compile_expression(text)
    except FeelSyntaxError:
        return False
    return bool(expression.variables or expression.possible_variables)


def no_time(tag: str, text: str, element_id: str, zone: tzinfo) -> StepFailed | None:
    """Why a timer that reads no variable would fail every instance; None where it gives a time, or is no FEEL."""
    try:
        timer = compile_timer(Event("timer", timer=TIMES[tag], expression=text), element_id, zone)
    except Problem:  # the rule of expressions speaks of it
        return None
    try:
        # The moment matters only to a text that leads beyond the year 9999, or that itself asks for now.
        timer.due({}, datetime.now(UTC))
    except StepFailed as failure:
        return failure
    return None
