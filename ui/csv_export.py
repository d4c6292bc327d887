"""Lists as CSV that no spreadsheet will run: a text that begins like a formula gets an apostrophe in front."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from flask import Response, request

from engine.runtime.state import audit
from ui.product import person, product

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


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


def tell_export(name: str, rows: int | None = None) -> None:
    """Tell the audit log what leaves the house in one file: of which list, by which filter, and how many rows."""
    filter_ = {field: value[:200] for field, value in request.args.items() if field != "cursor"}
    entry = audit.Entry(person().name, "export", f"export:{name}", detail={"filter": filter_, "rows": rows, "path": request.path})
    product().database.run(lambda tx: audit.record(tx, entry))


def safe(value: Any) -> str:
    """A cell's text. Numbers stay numbers, negative ones too; only text can be a formula."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_DANGEROUS) else text
