"""What takes a second person among imports: the rows of a file that would take one each, confirmed together."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from engine.runtime.state.guarded_acts import GuardedAct, Wanting, Weighed
from engine.runtime.state.runtime import Runtime
from engine.store import json_text
from handlers.imports.kinds import find_kind
from handlers.imports.verbs import GuardedRows, write_guarded

#: So many rows are shown to whoever confirms; all of them are on the import's page.
_MOST_SHOWN = 20


def _weigh(_runtime: Runtime, tx: Session, given: GuardedRows, _by: Wanting) -> Weighed:
    rows = tx.execute(_WAITING, {"id": given.import_id}).mappings().all()
    effect = {
        f"{row['row_key']} {name}": {"from": (row["before"] or {}).get(name), "to": value}
        for row in rows[:_MOST_SHOWN]
        for name, value in _different(row["before"], row["after"]).items()
    }
    title = find_kind(rows[0]["kind"]).title.lower() if rows else "nothing"
    seen = sha256(json_text.encode([[row["line_no"], row["before"], row["after"]] for row in rows])).hexdigest()
    return Weighed(
        f"import:{given.import_id}",
        f"Write {len(rows)} rows of import {given.import_id}, {title}, that take two",
        effect,
        {"rows": seen},
        "Each of these rows takes a second person by itself." if rows else "",
    )


def _different(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in after.items() if before is None or before.get(name) != value}


_WAITING = text("""
SELECT data_import.kind, line_no, row_key, before, after FROM data_import_row JOIN data_import ON data_import.id = import_id
WHERE import_id = :id AND verdict = 'WAITS' ORDER BY line_no
""")

ACTS = (
    GuardedAct("import.customers", "Import of customers", GuardedRows, ("credit", "finance"), _weigh, write_guarded),
    GuardedAct(
        "import.bank_accounts",
        "Import of bank accounts",
        GuardedRows,
        ("accounts-receivable", "treasury"),
        _weigh,
        write_guarded,
    ),
)
