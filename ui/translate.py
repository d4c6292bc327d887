"""`python -m ui.translate`: finds what is marked in templates and code, and brings it into every catalogue; says what is not translated.

What is new gets an empty translation, what is gone goes. A test fails while something is empty.
"""

import sys
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from ui.languages import FOLDER, LANGUAGES, SOURCE

_HOUSE: Final = Path(__file__).resolve().parent.parent
#: Where texts are marked, and how they are found there.
_METHODS: Final = [("**.py", "python"), ("**.html", "jinja2")]
_WHERE: Final = ("ui", "api/notices")
_KEYWORDS: Final[dict[str, Any]] = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_many": (1, 2), "N_": None}


def marked() -> Catalog:
    """Every text that is marked for translation."""
    found = Catalog(fuzzy=False)
    for folder in _WHERE:
        options = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}
        for path, line, message, comments, context in extract_from_dir(_HOUSE / folder, _METHODS, options, _KEYWORDS):
            found.add(message, None, [(f"{folder}/{path}", line)], auto_comments=comments, context=context)
    return found


def missing(language: str) -> list[str]:
    """What is marked and not translated, in the order in which it is found."""
    known = _catalogue(language)
    return [_text(each.id) for each in marked() if each.id and not _translated(known.get(each.id))]


def bring_up_to_date(language: str) -> Catalog:
    """Write the catalogue of a language anew: what is marked, with the translations there are."""
    known, template = _catalogue(language), marked()
    made = Catalog(locale=language, header_comment=f"# {LANGUAGES[language]}", fuzzy=False)
    for each in template:
        if each.id:
            old = known.get(each.id)
            made.add(each.id, old.string if old else None, sorted({(path, 1) for path, _ in each.locations}), flags=each.flags)
    with (FOLDER / f"{language}.po").open("wb") as file:
        write_po(file, made, omit_header=True, sort_output=True, include_lineno=False, width=120)
    return made


def _catalogue(language: str) -> Catalog:
    path = FOLDER / f"{language}.po"
    return read_po(BytesIO(path.read_bytes()), locale=language) if path.is_file() else Catalog(locale=language)


def _translated(message: Any) -> bool:
    if message is None:
        return False
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


def _text(identity: Any) -> str:
    return str(identity[0] if isinstance(identity, tuple | list) else identity)


if __name__ == "__main__":
    for name in LANGUAGES:
        if name != SOURCE:
            bring_up_to_date(name)
            sys.stdout.writelines(f"{name}: {text}\n" for text in missing(name))
