"""In which language a page or mail speaks. What is marked in templates and code is found in `ui/translations/<language>.po`.

English is what stands in the source. A catalogue is read as it is, and compiled in memory: nothing is to be built, and a changed word is
there after the next start. A test fails on what is marked and not translated.
"""

from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import has_request_context, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

#: What one may choose, as it calls itself.
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "de": "Deutsch"}
SOURCE: Final = "en"
#: By it a browser knows what its reader has chosen.
COOKIE: Final = "language"
FOLDER: Final = Path(__file__).parent / "translations"


def language() -> str:
    """That of the page: what its reader has chosen, else what the browser asks for first, else English."""
    if not has_request_context():
        return SOURCE
    return _chosen(request.cookies.get(COOKIE, ""), request.headers.get("Accept-Language", ""))


@lru_cache(maxsize=256)
def _chosen(cookie: str, accepted: str) -> str:
    return cookie if cookie in LANGUAGES else parse_accept_header(accepted, LanguageAccept).best_match(LANGUAGES) or SOURCE


def locale() -> Locale:
    """How numbers and dates of the page are written."""
    return locale_of(language())


@lru_cache(maxsize=8)
def locale_of(name: str) -> Locale:
    """The locale of a language: English as in the British Isles, with the day before the month."""
    return Locale.parse("en_GB" if name == SOURCE else name)


def say(text: str, /, *, in_language: str = "", **values: Any) -> str:
    """A text in a language (that of the page where none is named), with its `%(name)s` filled in."""
    found = translations(in_language or language()).gettext(text)
    return found % values if values else found


def say_many(one: str, many: str, count: int, /, *, in_language: str = "", **values: Any) -> str:
    """As `say`, by a number: `%(num)s` is it."""
    found = translations(in_language or language()).ngettext(one, many, count)
    return found % {"num": count, **values}


@lru_cache(maxsize=8)
def translations(name: str) -> Translations:
    """The catalogue of a language; English has none."""
    path = FOLDER / f"{name}.po"
    if not path.is_file():
        return Translations()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(path.read_bytes()), locale=name))
    compiled.seek(0)
    return Translations(compiled)


def N_(text: str) -> str:  # noqa: N802  # what gettext calls a text that is translated where it is used
    """Mark a text for translation."""
    return text


def install(environment: Any) -> None:
    """Let templates say `_("…")` and `{% trans %}`, in the language of the page."""
    environment.add_extension("jinja2.ext.i18n")
    environment.install_gettext_callables(_gettext, _ngettext, newstyle=True)


def _gettext(text: str) -> str:
    return str(translations(language()).gettext(text))


def _ngettext(one: str, many: str, count: int) -> str:
    return str(translations(language()).ngettext(one, many, count))
