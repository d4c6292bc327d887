"""What the database refuses, in words: the one place where the name of a constraint becomes a problem with a code and a next step.

A check has its own sentence in a table of rules, because only its author knows what it means; keys and references are told by the
catalogue itself: which table, which columns, which values.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DataError, IntegrityError

from engine.problems import Conflict, Invalid, Problem

_KEY = re.compile(r"Key \((?P<columns>.+?)\)=\((?P<values>.*)\)")
_UNIQUE, _REFERENCE, _MISSING = "23505", "23503", "23502"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a constraint means to a person."""

    code: str
    detail: str
    next_step: str


#: The engine's own. Its checks guard what only its verbs write.
RULES: Mapping[str, Rule] = {
    "instance_running_business_key": Rule(
        "business_key_taken",
        "Another instance of this process runs under the same business key.",
        "Look at that instance, or start this one under another key.",
    ),
    "instance_dedupe_key": Rule("start_repeated", "This start came before.", "Look at the instance it began."),
    "pending_change_subject_ix": Rule("change_pending", "A change of this waits for a second person already.", "Let it be decided first."),
    "process_setting_keep_days_check": Rule("keep_days", "Ended instances are kept 30 to 36,500 days, or for ever.", "Give other days."),
    "process_setting_work_priority_check": Rule("work_priority", "A priority is from 0 to 100.", "Give a number from 0 to 100."),
    "decision_limit_amount_check": Rule("limit_negative", "A limit may not be negative.", "Give zero or more."),
    "decision_limit_who_check": Rule("limit_whose", "A limit is a group's or a person's.", "Write group:NAME or user:NAME."),
    "pending_change_four_eyes_check": Rule(
        "four_eyes", "Whoever asked does not decide.", "Let another one of those who may confirm do it."
    ),
    "business_clock_one_check": Rule("clock_one", "There is one business clock.", "Move the one there is."),
}


def problem_of(error: IntegrityError | DataError, rules: Mapping[str, Rule]) -> Problem:
    """The refusal as a person reads it; `rules` are those of the business tables, by the constraint's name."""
    told: Any = getattr(error.orig, "diag", None)
    if isinstance(error, DataError):
        reason = str(error.orig).splitlines()[0]
        return Invalid(f"A value cannot be stored: {reason}.", code="value_unstorable", next_step="Correct the value and send it again.")
    name, state = getattr(told, "constraint_name", None), getattr(error.orig, "sqlstate", None)
    kind = Conflict if state == _UNIQUE else Invalid
    rule = rules.get(name or "") or RULES.get(name or "")
    if rule is not None:
        return kind(rule.detail, code=rule.code, next_step=rule.next_step)
    if state == _MISSING:
        return _missing(told)
    key = _KEY.search(getattr(told, "message_detail", None) or "")
    if state == _REFERENCE and key:
        return _reference(told, key)
    if state == _UNIQUE and key:
        return _twice(told, key)
    return Conflict(
        f"It contradicts what is stored ({name or 'a constraint'}); nothing was changed.",
        code="contradiction",
        next_step="Look at what is stored under these numbers, and correct yours.",
    )


def deterministic(error: Exception) -> bool:
    """Whether trying again must end the same way: a value or reference is wrong. A key that is taken may be free a moment later."""
    return isinstance(error, DataError) or (isinstance(error, IntegrityError) and getattr(error.orig, "sqlstate", None) != _UNIQUE)


def _missing(told: Any) -> Problem:
    return Invalid(
        f"{told.column_name} of {_words(told.table_name)} is missing.",
        code="value_missing",
        next_step=f"Give {told.column_name}.",
        errors={told.column_name: ["is missing"]},
    )


def _reference(told: Any, key: re.Match[str]) -> Problem:
    stranger = re.search(r'table "(\w+)"', told.message_detail)
    table, value = stranger.group(1) if stranger else told.table_name, key["values"]
    if "still referenced" in told.message_detail:
        return Conflict(
            f"{value} is still used by {_words(table)}.", code="still_used", next_step="Switch it off, or remove what uses it first."
        )
    return Invalid(
        f"There is no {_words(table)} {value}.",
        code=f"{table}_unknown",
        next_step="Check the number, or add it first.",
        errors={key["columns"]: ["does not exist"]},
    )


def _twice(told: Any, key: re.Match[str]) -> Problem:
    return Conflict(
        f"There is a {_words(told.table_name)} with {key['columns']} = {key['values']} already.",
        code="exists",
        next_step="Use another number, or change the one that exists.",
    )


def _words(table: str) -> str:
    return table.replace("_", " ")
