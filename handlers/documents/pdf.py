"""Prints papers as PDF with typst. Templates are constant text and what is printed comes as JSON: nothing a customer wrote is a command.

A template begins below `letter.typ`, which gives every paper of the house the same head, address field, tables and foot; `data` is what
it is given. The same data and time give the same bytes, so that printing again after a crash makes no second document.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from engine.store import json_text

_LETTER = Path(__file__).parent / "letter.typ"


def print_pdf(template: Path, data: Mapping[str, Any], printed_at: datetime) -> bytes:
    """Print `data` on the paper of the house as PDF/A-2b, or as PDF where a font lacks a letter. Amounts are passed as text."""
    return _compile(_text(_LETTER) + _text(template), data, printed_at)


def print_pdf_plain(template: Path, data: Mapping[str, Any], printed_at: datetime) -> bytes:
    """Print `data` with a template that brings its own page, such as a label."""
    return _compile(_text(template), data, printed_at)


def _compile(source: str, data: Mapping[str, Any], printed_at: datetime) -> bytes:
    import typst

    settings: dict[str, Any] = {
        "sys_inputs": {"data": json_text.encode(data).decode()},
        "format": "pdf",
        "timestamp": int(printed_at.timestamp()),
    }
    try:
        return bytes(typst.compile(source.encode(), pdf_standards="a-2b", **settings))
    except typst.TypstError:
        # PDF/A wants a glyph for every letter. Where this machine has no font for one (a name in Han letters), an ordinary PDF shows a box
        # in its place, which is better than no invoice.
        return bytes(typst.compile(source.encode(), **settings))


@cache
def _text(template: Path) -> str:
    return template.read_text(encoding="utf-8")
