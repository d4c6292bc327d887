"""What the forms of this room share: what was typed, what is wrong beside which field, and a secret that is shown once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import request

from api.auth.roles import Role
from api.auth.tokens import MOST_DAYS, NewToken
from engine.lexical import read_count
from engine.problems import Invalid, Problem
from engine.store.paging import Asked

REFUSED = 422
#: What is never shown again in a form that was refused.
_SECRET = {"csrf_token", "password", "old", "new", "code"}


@dataclass(frozen=True, slots=True)
class Refused:
    """A form that was refused: which one, why, and what was typed."""

    form: str
    problem: Problem

    @property
    def errors(self) -> Mapping[str, list[str]]:
        """What is wrong, by field."""
        return self.problem.errors

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, but no secret."""
        return {name: value for name, value in request.form.items() if name not in _SECRET}


def asked_of(list_name: str, shown: int) -> Asked:
    """Which page of one of several lists of a page the address asks for: `of` names the list that its cursor is of."""
    return Asked(shown, request.args.get("cursor") or None if request.args.get("of") == list_name else None)


def typed_token() -> NewToken:
    """The token that was asked for. Raises Invalid by field."""
    days = read_count(request.form.get("days", "").strip()) or 0
    errors = {}
    if not 1 <= days <= MOST_DAYS:
        errors["days"] = [f"is a number from 1 to {MOST_DAYS}"]
    roles = [role for role in Role if role in request.form.getlist("roles")]
    if not roles:
        errors["roles"] = ["are missing: choose at least one"]
    if errors:
        raise Invalid("The token cannot be made like this.", code="token_invalid", next_step="Correct the fields named.", errors=errors)
    topics = tuple(topic.strip()[:200] for topic in request.form.get("topics", "").split(",") if topic.strip())
    return NewToken(request.form.get("label", ""), tuple(roles), timedelta(days=days), topics)
