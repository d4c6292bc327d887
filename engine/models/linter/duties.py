"""Rules of duties: what one person asks for, another decides."""

from collections.abc import Iterator
from typing import Final

from engine.models.bundle import Severity
from engine.models.linter.ruling import Broken, Known, at, rule

#: The answer by which a form agrees to something.
_AGREES: Final = "approved"
_DUTIES: Final = ("decidesOn", "excludedUsers")


@rule("approval-without-duty", "warning")
def approvals_are_somebody_else_s(known: Known) -> Iterator[Broken]:
    """Without a declared duty the one who asked may approve it, or one person of two groups twice: where money moves that is refused."""
    severity: Severity = "error" if _moves_money(known) else "warning"
    for _, node in known.nodes("userTask"):
        form = known.forms.get(node.properties.get("formKey", ""))
        if form is not None and _AGREES in form.fields and not any(node.properties.get(name) for name in _DUTIES):
            yield at(
                node,
                f"{node.label} approves something, and nothing keeps whoever asked for it from doing so.",
                "Set excludedUsers (=[requester]), or decidesOn: what the decision is on, so that each person decides on it once.",
                severity,
            )


def _moves_money(known: Known) -> bool:
    operators = (node.operator for _, node in known.nodes() if node.operator is not None)
    return any(task is not None and task.moves_money for task in (known.service_tasks.get(each.get("id", "")) for each in operators))
