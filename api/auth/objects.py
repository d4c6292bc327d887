"""Whose the objects in addresses are: beside the role that a route asks for, a rule for each thing that its address names.

The rule is kept in the query that finds the object, so that a foreign one is not there. Here it is declared: a test
refuses a route whose address names something that is not in this table, the OpenAPI says it as `x-object`, and another one asks for a
foreign object of each kind at every route.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class ObjectRule(StrEnum):
    """Who may come to an object, having the role of the route."""

    COMPANY = "everybody with the role"
    CANDIDATES = "candidates, the assignee, whoever stands in for them, and overseers; nobody whom a duty excludes"
    OWN = "its owner"
    PARTIES = "who asked for it and who may confirm it"
    AWAY = "who is away, their deputy, and overseers"
    SUBJECT = "whoever may see the subject that it belongs to, and comes from there"
    TOPIC = "workers whose token serves its topic"


#: By the name of a part of the address; the beginning of an address that follows says otherwise there.
_COMPANY: Final = (
    "address_id", "batch_id", "bundle", "code", "comment_id", "customer_no", "day", "delivery_id", "element_id", "file_format", "filename",
    "fingerprint", "group", "group_no", "hold_code", "id", "import_id", "incident_id", "instance_id", "interchange_id", "invoice_no",
    "key", "kind", "name", "number", "order_no", "partner_no", "path", "process_key", "quote_no", "rank", "receipt_no", "received_id",
    "session_id", "source_name",
    "starts_on", "step", "subscription_id", "target_id", "timer_id", "token_id", "verb", "version", "version_id",
)  # fmt: skip
_RULES: Final[Mapping[str, ObjectRule]] = {
    **dict.fromkeys(_COMPANY, ObjectRule.COMPANY),
    "task_id": ObjectRule.CANDIDATES,
    "change_id": ObjectRule.PARTIES,
    "substitution_id": ObjectRule.AWAY,
    "document_id": ObjectRule.SUBJECT,
    "attachment_id": ObjectRule.SUBJECT,
    "view_id": ObjectRule.OWN,
}
_ELSEWHERE: Final[Mapping[tuple[str, str], ObjectRule]] = {
    ("/api/v1/me/", "passkey_id"): ObjectRule.OWN,
    ("/api/v1/me/", "session_id"): ObjectRule.OWN,
    ("/api/v1/me/", "token_id"): ObjectRule.OWN,
    ("/profile/", "passkey_id"): ObjectRule.OWN,
    ("/profile/", "session_id"): ObjectRule.OWN,
    ("/profile/", "token_id"): ObjectRule.OWN,
    ("/engine-rest/external-task", "id"): ObjectRule.TOPIC,
    ("/api/v1/external-tasks", "task_id"): ObjectRule.COMPANY,
    ("/operations/external-tasks", "task_id"): ObjectRule.COMPANY,
}


def rules_of(address: str, parts: Iterable[str]) -> Mapping[str, ObjectRule | None]:
    """The rule of each part of an address; None for one that is not declared."""
    return {part: _rule_of(address, part) for part in sorted(parts)}


def _rule_of(address: str, part: str) -> ObjectRule | None:
    elsewhere = (rule for (begins, name), rule in _ELSEWHERE.items() if name == part and address.startswith(begins))
    return next(elsewhere, _RULES.get(part))
