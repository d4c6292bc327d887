"""The one family of errors that people read: each says what is wrong and what to do about it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar


class Problem(Exception):
    """Something a person or a program asked for cannot be done; nothing was changed.

    `detail` says what is wrong, `next_step` what to do, `element_id` where in a model, `errors` which fields of a form or body.
    The subclass says what kind of refusal it is; only the API turns that into an HTTP status.
    """

    default_code: ClassVar[str] = "problem"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        next_step: str = "",
        element_id: str | None = None,
        errors: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.next_step = next_step
        self.element_id = element_id
        self.errors = {key: list(messages) for key, messages in (errors or {}).items()}

    @property
    def members(self) -> Mapping[str, Any]:
        """What the answer says beside the usual (RFC 9457, 3.2), by name: what a subclass found, for programs to go on with."""
        return {}


class Invalid(Problem):
    """The input breaks a rule (HTTP 422)."""

    default_code = "invalid"


def refuse_unknown(given: str, known: Collection[str], what: str, field: str) -> None:
    """A filter that is not empty must be one of these: what it does not know would be nothing, or all. Raises Invalid."""
    if given and given not in known:
        few = ", ".join(sorted(known))
        raise Invalid(
            f"There is no {what} {given[:80]!r}.",
            code=f"{field}_unknown",
            next_step=f"Use one of {few}." if known else "Leave the filter out: there are none yet.",
            errors={field: [f"must be one of {few}"]},
        )


class NotFound(Problem):
    """There is no such thing, or the asker may not know of it (HTTP 404)."""

    default_code = "not_found"


class Conflict(Problem):
    """The state has moved on: someone else was first, or the key was used for something else (HTTP 409)."""

    default_code = "conflict"


class TooNew(Problem):
    """What a newer release has written, and only that reads (HTTP 503)."""

    default_code = "newer_release"


class Forbidden(Problem):
    """The actor may not do this (HTTP 403)."""

    default_code = "forbidden"


class TooLarge(Problem):
    """The input passes a documented limit (HTTP 413)."""

    default_code = "too_large"
