"""What of a result goes on, by the setting `outputs`: a context of assignments that sees the variables and the entries of the result."""

from typing import Any

from engine.problems import Problem
from engine.spiff.elements import Element
from engine.spiff.expressions import assignments
from engine.spiff.failures import StepFailed
from engine.spiff.nodes.base import now_of
from engine.spiff.plain import plain, within_limit
from engine.spiff.token import Token


class Outputs:
    """The assignments of one element; false where it has none, and its result goes on as it is."""

    def __init__(self, element: Element) -> None:
        text = element.properties.get("outputs", "").strip()
        self._label = element.label
        self._result_variable = element.result_variable
        self._assign = assignments(text, f"outputs of {element.label}", element.id) if text.startswith("=") else None

    def __bool__(self) -> bool:
        return self._assign is not None

    def store(self, token: Token, result: Any) -> None:
        """Assign. Raises StepFailed for what is no data, or too much of it."""
        if self._assign is None:
            return
        try:
            given = plain(result)
            whole = {self._result_variable: given} if self._result_variable else {}
            changed = self._assign({**token.data, **(given if isinstance(given, dict) else {}), **whole}, now_of(token))
            within_limit(changed)
        except Problem as problem:
            raise StepFailed.of(problem, self._label) from None
        token.write(changed)
