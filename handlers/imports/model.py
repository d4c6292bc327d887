"""The imports and their rows: what came, what was found in it, what was written of it and what was there before."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.base import Base
from handlers.columns import Flag, JsonList, JsonObject, Label, Moment, SerialId, Written


class DataImport(Base):
    """One file of one kind. CHECKED nothing of it is written yet, APPLIED its good rows are, UNDONE they were taken back."""

    __tablename__ = "data_import"
    __table_args__ = (
        CheckConstraint("state IN ('CHECKED', 'APPLIED', 'UNDONE', 'DISCARDED')", name="state"),
        CheckConstraint("(state IN ('APPLIED', 'UNDONE')) = (applied_at IS NOT NULL)", name="applied"),
        # The same file is not taken in twice.
        Index("data_import_once_ix", "kind", "sha256", unique=True, postgresql_where=text("state IN ('CHECKED', 'APPLIED')")),
        Index("data_import_latest_ix", "created_at", "id"),
    )

    id: Mapped[SerialId]
    kind: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    headings: Mapped[JsonList]
    commas: Mapped[Flag]
    state: Mapped[str] = mapped_column(server_default=text("'CHECKED'"))
    #: How many rows have which verdict.
    counts: Mapped[JsonObject]
    created_by: Mapped[str]
    created_at: Mapped[Written]
    applied_by: Mapped[str | None]
    applied_at: Mapped[Moment | None]
    undone_by: Mapped[str | None]
    undone_at: Mapped[Moment | None]
    #: The change that waits for a second person, where rows do.
    pending_change_id: Mapped[int | None] = mapped_column(BigInteger)


class DataImportRow(Base):
    """One row of a file: its cells as they were written, what became of it, and what it changed."""

    __tablename__ = "data_import_row"
    __table_args__ = (
        CheckConstraint("verdict IN ('ADD', 'CHANGE', 'SAME', 'WRONG', 'WAITS')", name="verdict"),
        Index("data_import_row_verdict_ix", "import_id", "verdict", "line_no"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("data_import.id"), primary_key=True)
    line_no: Mapped[int] = mapped_column(primary_key=True)
    row_key: Mapped[Label]
    verdict: Mapped[str]
    cells: Mapped[JsonObject]
    #: By column: what is wrong with it and what to do.
    errors: Mapped[JsonObject]
    before: Mapped[JsonObject | None]
    after: Mapped[JsonObject | None]
