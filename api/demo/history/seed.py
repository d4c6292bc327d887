"""The days that were lived, as a file: what each table holds, to open an empty installation with. The product made all of it.

Rows are kept by the names of their columns, so that a table may get new ones. What belongs to one run of the product (sessions, workers,
keys of requests) is left out.
"""

import io
import json
import lzma
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Computed, Table, select, text
from sqlalchemy.orm import Session

from api.tables import metadata
from engine.problems import Invalid
from engine.store.clock import machine_now, move_company
from engine.store.locks import Advisory, advisory
from engine.store.unit_of_work import Database
from handlers.parties.model import Company

#: The file that the product comes with.
SEED: Final = Path(__file__).with_name("ninety-days.tar.xz")
_SMALLEST: Final = 9
_MANIFEST: Final = "manifest.json"
_LEFT_OUT: Final = frozenset(
    {
        "business_clock", "external_identity", "idempotency_key", "known_browser", "one_time_link", "passkey", "passkey_challenge",
        "recovery_code", "refused_act",
        "second_factor", "service_task_load", "sign_in", "sign_in_pause", "sign_on_attempt", "task_link", "worker",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """When the days ended, by the company's clock; which columns of which tables there are; where the sequences stood."""

    ended_at: datetime
    tables: dict[str, list[str]]
    sequences: dict[str, int]


def write(database: Database, path: Path) -> int:
    """Keep what the database holds, and answer the size of the file in bytes."""
    contents = _read_all(database)  # packing takes longer than a transaction may stand still
    with lzma.open(path, "wb", preset=_SMALLEST) as packed, tarfile.open(fileobj=packed, mode="w|") as file:
        for name, content in contents.items():
            _add(file, name, content)
    return path.stat().st_size


def _read_all(database: Database) -> dict[str, bytes]:
    with database.transaction() as tx:
        tables = {table.name: _columns(table) for table in _tables()}
        ended_at = tx.execute(text("SELECT business_now()")).scalar_one()
        sequences: dict[str, int] = {row.name: row.value for row in tx.execute(_SEQUENCES)}
        told = {"ended_at": ended_at.isoformat(), "tables": tables, "sequences": sequences}
        rows = {name: _copied_out(tx, name, columns) for name, columns in tables.items()}
    return {_MANIFEST: json.dumps(told, indent=1).encode(), **rows}


def load_days(database: Database) -> None:
    """Fill an installation without a company with the days that the product comes with; where there is one already, nothing changes."""
    with database.transaction() as tx:
        advisory(tx, Advisory.DEMO)  # two servers starting together load them once
        if tx.scalar(select(Company.code)) is None:
            load(tx, SEED)


def load(tx: Session, path: Path) -> None:
    """Fill a migrated database that holds no company, and set its clock to when the days ended.

    Raises Invalid where a table or column of the file is no more: the days have to be lived anew (`ordercraft demo history`).
    """
    with tarfile.open(path, "r:xz") as file:
        manifest = _read_manifest(file)
        gone = [f"{name}.{column}" for name, columns in manifest.tables.items() for column in columns if not _is_known(name, column)]
        if gone:
            advice = "Live the days anew: ordercraft demo history FILE."
            raise Invalid(f"The kept days have what no table has any more: {', '.join(gone)}.", code="seed_old", next_step=advice)
        _copy_all_in(tx, file, manifest)
        for name, value in manifest.sequences.items():
            tx.execute(_SET_SEQUENCE, {"name": name, "value": value})
        move_company(tx, manifest.ended_at - machine_now(tx))


def _tables() -> Sequence[Table]:
    return [metadata.tables[name] for name in sorted(metadata.tables) if name not in _LEFT_OUT]


def _columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if not isinstance(column.server_default, Computed)]


def _is_known(name: str, column: str) -> bool:
    table = metadata.tables.get(name)
    return table is not None and column in table.columns


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _copied_out(tx: Session, name: str, columns: Sequence[str]) -> bytes:
    with _cursor(tx) as cursor, cursor.copy(f'COPY (SELECT {_quoted(columns)} FROM "{name}" ORDER BY 1) TO STDOUT') as copy:
        return b"".join(bytes(block) for block in copy)


def _copy_all_in(tx: Session, file: tarfile.TarFile, manifest: Manifest) -> None:
    """Triggers of ours rest meanwhile: what they would write is in the file. Foreign keys are looked at when all rows are there."""
    keys = tx.execute(_FOREIGN_KEYS, {"tables": list(manifest.tables)}).all()
    for key in keys:
        tx.execute(text(f'ALTER TABLE "{key.table_name}" DROP CONSTRAINT "{key.name}"'))
    for name, columns in manifest.tables.items():
        tx.execute(text(f'ALTER TABLE "{name}" DISABLE TRIGGER USER'))
        with _cursor(tx) as cursor, cursor.copy(f'COPY "{name}" ({_quoted(columns)}) FROM STDIN') as copy:
            copy.write(_content(file, name))
        tx.execute(text(f'ALTER TABLE "{name}" ENABLE TRIGGER USER'))
    for key in keys:
        tx.execute(text(f'ALTER TABLE "{key.table_name}" ADD CONSTRAINT "{key.name}" {key.definition}'))


def _cursor(tx: Session) -> Any:
    return tx.connection().connection.cursor()


def _add(file: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    file.addfile(member, io.BytesIO(content))


def _content(file: tarfile.TarFile, name: str) -> bytes:
    member = file.extractfile(name)
    return member.read() if member else b""


def _read_manifest(file: tarfile.TarFile) -> Manifest:
    told = json.loads(_content(file, _MANIFEST))
    return Manifest(datetime.fromisoformat(told["ended_at"]), told["tables"], told["sequences"])


_SEQUENCES = text(
    "SELECT sequencename AS name, last_value AS value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL"
)
_FOREIGN_KEYS = text("""
SELECT tables.relname AS table_name, conname AS name, pg_get_constraintdef(keys.oid) AS definition
FROM pg_constraint AS keys JOIN pg_class AS tables ON tables.oid = keys.conrelid
WHERE keys.contype = 'f' AND tables.relname = ANY(:tables) AND tables.relnamespace = current_schema()::regnamespace
ORDER BY tables.relname, conname
""")
_SET_SEQUENCE = text("SELECT setval(CAST(:name AS text)::regclass, :value)")
