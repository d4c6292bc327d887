"""Prints papers as PDF with typst. Templates are constant text and what is printed comes as JSON: nothing a customer wrote is a command.

A template begins below `letter.typ`, which gives every paper of the house the same head, address field, tables and foot; `data` is what
it is given. The same data and time give the same bytes, so that printing again after a crash makes no second document.

Letters come from fonts that are installed with the product, never from the machine's, so that a paper looks the same everywhere. Each
text is set in its own direction. A letter that none of the fonts has is printed as its number, `[U+12000]`, and is a finding of the
paper: an empty box would tell neither the reader nor us what is missing. All of it happens in the process of the `press`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from engine.service_tasks import Broken
from engine.store import json_text
from handlers.countries import COUNTRY_NAMES
from handlers.documents.press import press

#: PDF for archives, alone or with something attached.
Standard = Literal["a-2b", "a-3b"]
_LETTER = Path(__file__).parent / "letter.typ"
#: Packages of fonts, and the families they bring for the scripts that the first, Noto Sans, lacks. The large font of Han letters is last.
_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
_FAMILIES = (
    "Noto Sans", "Noto Sans Arabic", "Noto Sans Armenian", "Noto Sans Bengali", "Noto Sans Devanagari", "Noto Sans Ethiopic",
    "Noto Sans Georgian", "Noto Sans Gujarati", "Noto Sans Gurmukhi", "Noto Sans Hebrew", "Noto Sans Kannada", "Noto Sans Khmer",
    "Noto Sans Lao", "Noto Sans Malayalam", "Noto Sans Myanmar", "Noto Sans Oriya", "Noto Sans Sinhala", "Noto Sans Tamil",
    "Noto Sans Telugu", "Noto Sans Thai", "Noto Sans Symbols", "Noto Emoji",
)  # fmt: skip
#: Whose form of the Han letters a paper shows: Japan's where it holds kana, Korea's where it holds Hangul, else China's.
_KANA, _HANGUL = re.compile("[\u3040-\u30ff\uff66-\uff9f]"), re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_FROM_THE_RIGHT = frozenset({"R", "AL", "RLE", "RLO", "RLI"})
_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
#: Each round takes out one text that cannot be shown; nobody's invoice has more of them.
_MOST_ROUNDS = 200
_LETTER_MISSING = "No font has the letter {letter} (U+{number:04X}); its number is printed in its place."


class Paper(bytes):
    """A printed PDF; `findings` are what whoever looks at it should know, such as letters that no font of ours has."""

    findings: tuple[str, ...] = ()

    def noting(self, *findings: str) -> "Paper":
        """The same paper with more findings."""
        paper = Paper(self)
        paper.findings = (*self.findings, *findings)
        return paper


def print_pdf(template: Path, data: Mapping[str, Any], printed_at: datetime, standard: Standard = "a-2b") -> Paper:
    """Print `data` on the paper of the house as PDF/A-2b, or as a-3b where something is to be attached. Amounts are passed as text."""
    return _print(_text(_LETTER) + _text(template), data, printed_at, standard)


def print_pdf_plain(template: Path, data: Mapping[str, Any], printed_at: datetime) -> Paper:
    """Print `data` with a template that brings its own page, such as a label."""
    return _print(_text(template), data, printed_at)


def _print(source: str, data: Mapping[str, Any], printed_at: datetime, standard: Standard = "a-2b") -> Paper:
    content, unprintable = _compile(source, json_text.encode(data).decode(), printed_at, standard)
    return Paper(content).noting(*(_LETTER_MISSING.format(letter=each, number=ord(each)) for each in unprintable))


def _compile(source: str, shown: str, printed_at: datetime, standard: Standard) -> tuple[bytes, Sequence[str]]:
    """The PDF, and the letters that are printed as their numbers."""
    return press.do(typeset, source, shown, printed_at, standard)


def typeset(source: str, shown: str, printed_at: datetime, standard: Standard) -> tuple[bytes, Sequence[str]]:
    """Print, in the process of the press; `shown` is JSON. Answers the PDF and the letters that no font has, in order."""
    import typst

    shown = json_text.encode(_each_in_its_direction(json_text.decode(shown))).decode()
    unprintable: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        try:
            return _typeset_once(source, shown, printed_at, standard), sorted(unprintable)
        except typst.TypstError as error:
            found = _letters_without_a_font(error) - unprintable
            if not found:
                raise
            unprintable |= found
            shown = "".join(f"[U+{ord(letter):04X}]" if letter in found else letter for letter in shown)
    raise Broken("The paper holds too many letters that no font has.", next_step="Correct the names and texts on it, then retry.")


def _typeset_once(source: str, shown: str, printed_at: datetime, standard: Standard) -> bytes:
    import typst

    families = ", ".join(f'"{family}"' for family in (*_FAMILIES, _han_family(shown)))
    inked = f"#set text(font: ({families}))\n{source}"
    settings: dict[str, Any] = {"sys_inputs": {"data": shown, "countries": _country_names()}, "timestamp": int(printed_at.timestamp())}
    return bytes(typst.compile(inked.encode(), format="pdf", pdf_standards=standard, font_paths=_fonts(), **settings))


def _han_family(shown: str) -> str:
    if _KANA.search(shown):
        return "Noto Sans CJK JP"
    return "Noto Sans CJK KR" if _HANGUL.search(shown) else "Noto Sans CJK SC"


def _letters_without_a_font(error: Exception) -> set[str]:
    """PDF/A wants a glyph for every letter; typst names the text that has none."""
    named = re.search(r'the text `"(.*)"` could not be displayed', getattr(error, "message", ""), re.DOTALL)
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda coded: chr(int(coded[1], 16)), named[1]) if named else ""
    return {letter for letter in text if ord(letter) >= ord("\x7f")}


def _each_in_its_direction(value: Any) -> Any:
    """Texts with letters that are written from the right become units of their own, so that their first letter decides the direction."""
    if isinstance(value, str):
        return f"{_ISOLATE}{value}{_END_OF_ISOLATE}" if _is_mixed(value) else value
    if isinstance(value, Mapping):
        return {key: _each_in_its_direction(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each_in_its_direction(each) for each in value]
    return value


def _is_mixed(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(letter) in _FROM_THE_RIGHT for letter in text)


@cache
def _country_names() -> str:
    return json_text.encode(COUNTRY_NAMES).decode()


@cache
def _fonts() -> Any:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[_folder(package) for package in _PACKAGES])


def _folder(package: str) -> str:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Broken(
            f"The package of fonts {package} is not installed.",
            next_step="Run `make run`, or `.venv/bin/python -m pip install --require-hashes -r requirements.lock`, then retry.",
        )
    return str(Path(spec.origin).parent)


@cache
def _text(template: Path) -> str:
    return template.read_text(encoding="utf-8")
