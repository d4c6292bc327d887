"""Small certain changes that mend a finding: worked out where the finding is made, applied by whoever has the file open.

A fix is offered only where one answer is right: a single near name, the one flow without a condition. It is data, not text of the file,
so that an editor applies it as one step that can be taken back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

#: How alike two names are that are one name and a slip of the pen.
_SLIP = 0.8
#: How much nearer the meant one is than the next.
_APART = 0.05


class Change(StrEnum):
    """What is changed at `element_id`. `name` and `value` are as each says; a `value` of None takes the thing away."""

    #: The flow `value` becomes the default of the step, and loses its condition.
    SET_DEFAULT = "set-default"
    #: The condition of the flow becomes `value`.
    SET_CONDITION = "set-condition"
    #: The service task calls `value`.
    SET_SERVICE_TASK = "set-service-task"
    #: The parameter `name` becomes `value`.
    SET_PARAMETER = "set-parameter"
    #: The parameter `name` is called `value` from now on.
    RENAME_PARAMETER = "rename-parameter"
    #: The setting `name` becomes `value`.
    SET_SETTING = "set-setting"
    #: The setting `name` is called `value` from now on.
    RENAME_SETTING = "rename-setting"
    #: The attribute `name` of the element becomes `value`.
    SET_ATTRIBUTE = "set-attribute"
    #: The business rule task calls the decision `value`.
    SET_DECISION = "set-decision"
    #: The process, at which this is, gets a property `value`: modelers then keep references to the variable.
    DECLARE_VARIABLE = "declare-variable"
    #: The text of a cell or expression of a decision becomes `value`.
    SET_TEXT = "set-text"
    #: The property `name` of a form's component is called `value` from now on.
    RENAME_PROPERTY = "rename-property"


@dataclass(frozen=True, slots=True)
class Fix:
    """One change, and what a button that makes it says."""

    label: str
    change: Change
    element_id: str
    name: str = ""
    value: str | None = None


def meant(name: str, names: Collection[str]) -> str | None:
    """The one of the names that `name` must have been meant to be; None where several are near, or none is."""
    ranked = sorted(((SequenceMatcher(None, name, each).ratio(), each) for each in names), reverse=True)
    if not ranked or ranked[0][0] < _SLIP:
        return None
    apart = len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= _APART
    return ranked[0][1] if apart else None
