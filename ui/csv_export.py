"""Lists as CSV that no spreadsheet will run: a text that begins like a formula gets an apostrophe in front."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

from flask import Response, request, stream_with_context

from engine.runtime.state import audit
from handlers.reporting.spreadsheets import safe
from ui.product import person, product

#: Characters that are sent at once.
_PIECE = 60_000


def csv_response(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A file to download, in UTF-8 with a byte order mark, so that Excel reads umlauts."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    many = 0
    for row in rows:
        writer.writerow([safe(value) for value in row])
        many += 1
    tell_export(name, many)
    answer = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def stream_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A file to download as `csv_response` makes it, sent while it is read: it may be larger than the memory."""

    def lines() -> Iterator[str]:
        text = StringIO()
        writer = csv.writer(text)
        writer.writerow(head)
        yield "\ufeff" + _taken(text)
        for row in rows:
            writer.writerow([safe(value) for value in row])
            if text.tell() > _PIECE:
                yield _taken(text)
        yield _taken(text)

    tell_export(name)
    answer = Response(stream_with_context(lines()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def _taken(text: StringIO) -> str:
    written = text.getvalue()
    text.seek(0)
    text.truncate()
    return written


def tell_export(name: str, rows: int | None = None) -> None:
    """Tell the audit log what leaves the house in one file: of which list, by which filter, and how many rows."""
    filter_ = {field: value[:200] for field, value in request.args.items() if field != "cursor"}
    entry = audit.Entry(person().name, "export", f"export:{name}", detail={"filter": filter_, "rows": rows, "path": request.path})
    product().database.run(lambda tx: audit.record(tx, entry))
