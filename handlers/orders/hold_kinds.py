"""The catalogue of holds: the kinds as delivered, and what the company has changed or added."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from engine.problems import Conflict, Invalid
from engine.runtime.state import audit
from handlers.identifiers import prose
from handlers.orders.hold_rules import HOLDS, STAGES, HoldKind
from handlers.orders.model import KeptHoldKind

_COLUMNS = ("code", "sentence", "blocks", "applied_by", "release_group", "by_another", "ends_after_days", "ask_again_days", "has_task")
#: What diagrams of ours rely on: the process that puts these on asks about them itself.
_ASKED_ELSEWHERE = frozenset(code for code, kind in HOLDS.items() if not kind.has_task)
_MOST_DAYS = 3650
_LONGEST_CODE = 40


def catalogue(tx: Session) -> dict[str, HoldKind]:
    """Every kind of hold by its code, as it is now."""
    kept = {row["code"]: _kind(dict(row)) for row in tx.execute(select(*(getattr(KeptHoldKind, name) for name in _COLUMNS))).mappings()}
    return dict(sorted({**HOLDS, **kept}.items(), key=lambda item: (STAGES.index(item[1].blocks), item[0])))


def kind_of(tx: Session, code: str) -> HoldKind:
    """One kind of hold. Raises Invalid for one there is not."""
    row = tx.execute(select(*(getattr(KeptHoldKind, name) for name in _COLUMNS)).where(KeptHoldKind.code == code)).mappings().one_or_none()
    kind = _kind(dict(row)) if row is not None else HOLDS.get(code)
    if kind is None:
        raise Invalid(
            f"There is no hold {code!r}.",
            code="hold_unknown",
            next_step=f"Use one of {', '.join(sorted(catalogue(tx)))}.",
            errors={"hold_code": ["is no kind of hold"]},
        )
    return kind


def version_of(tx: Session, code: str) -> int:
    """The version of a kind that the company keeps; 0 where it is as delivered, or new."""
    return tx.scalar(select(KeptHoldKind.version_no).where(KeptHoldKind.code == code)) or 0


def keep_kind(tx: Session, kind: HoldKind, *, seen: int, actor: str, groups: Collection[str]) -> int:
    """Change or add a kind of hold; answer its version. It counts for holds that are put on from now on.

    `seen` is the version the author saw, `groups` those that there are. Raises Invalid by field, Conflict when somebody was faster.
    """
    kind = replace(kind, code=kind.code.strip().upper(), sentence=prose(kind.sentence, "sentence"))
    _check(kind, groups)
    values = {**asdict(kind), "applied_by": list(kind.applied_by), "version_no": seen + 1}
    before = catalogue(tx).get(kind.code)
    if seen == 0:
        found = tx.execute(_added(values)).first()
    else:
        mine = (KeptHoldKind.code == kind.code, KeptHoldKind.version_no == seen)
        found = tx.execute(update(KeptHoldKind).where(*mine).values(values).returning(KeptHoldKind.code)).first()
    if found is None:
        raise Conflict(
            f"Somebody changed the hold {kind.code} meanwhile.",
            code="version_lost",
            next_step="Load it again, and repeat what is still to be changed.",
        )
    detail = {name: value for name, value in values.items() if before is None or asdict(before).get(name) != value}
    audit.record(tx, audit.Entry(actor=actor, action="hold_kind_kept", target=f"hold-kind:{kind.code}", detail=_plain(detail)))
    return seen + 1


def _added(values: Mapping[str, Any]) -> Any:
    return insert(KeptHoldKind).values(values).on_conflict_do_nothing().returning(KeptHoldKind.code)


def _plain(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in detail.items()}


def _check(kind: HoldKind, groups: Collection[str]) -> None:
    known = frozenset(groups)
    wrong = {
        "code": not kind.code.replace("_", "").isalnum() or len(kind.code) > _LONGEST_CODE,
        "sentence": not kind.sentence,
        "blocks": kind.blocks not in STAGES,
        "applied_by": not known.issuperset(kind.applied_by),
        "release_group": kind.release_group not in known,
        "ends_after_days": kind.ends_after_days is not None and not 1 <= kind.ends_after_days <= _MOST_DAYS,
        "ask_again_days": not 1 <= kind.ask_again_days <= _MOST_DAYS,
        "has_task": kind.has_task == (kind.code in _ASKED_ELSEWHERE),
    }
    said = {
        "code": f"must be up to {_LONGEST_CODE} letters, digits and underscores",
        "sentence": "must not be blank",
        "blocks": f"must be one of {', '.join(STAGES)}",
        "applied_by": "names a group there is not",
        "release_group": "is no group",
        "ends_after_days": f"must lie between 1 and {_MOST_DAYS}",
        "ask_again_days": f"must lie between 1 and {_MOST_DAYS}",
        "has_task": "cannot be changed: the process that puts it on asks about it"
        if not kind.has_task or kind.code in _ASKED_ELSEWHERE
        else "",
    }
    errors = {name: [said[name]] for name, is_wrong in wrong.items() if is_wrong}
    if errors:
        raise Invalid(
            f"The hold {kind.code!r} cannot be kept so.",
            code="hold_kind_wrong",
            next_step="Correct the fields that are named.",
            errors=errors,
        )


def _kind(row: Mapping[str, Any]) -> HoldKind:
    return HoldKind(**{**row, "applied_by": tuple(row["applied_by"])})
