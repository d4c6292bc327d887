"""Pages in other languages: nothing that is marked lacks its translation, and none loses what is filled into it."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from engine.runtime.read import worklist
from ui.formats import ago, day, moment, money, quantity, words
from ui.languages import FOLDER, LANGUAGES, SOURCE, say, say_many
from ui.pages import NAVIGATION
from ui.translate import marked, missing

OTHERS = [name for name in LANGUAGES if name != SOURCE]
FILLED = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_that_is_marked_lacks_its_translation(language):
    assert missing(language) == [], "Run python -m ui.translate, and translate what it names."


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_loses_what_is_filled_in(language):
    for each in read_po(BytesIO((FOLDER / f"{language}.po").read_bytes()), locale=language):
        ours, theirs = ([text] if isinstance(text, str) else list(text) for text in (each.id, each.string))
        wanted = set(FILLED.findall(ours[-1]))
        assert all(set(FILLED.findall(text)) <= wanted for text in theirs), each.id
        assert not each.id or set(FILLED.findall(theirs[-1])) == wanted, each.id


def test_a_text_speaks_the_language_it_is_asked_for_in():
    assert say("Late: %(title)s", in_language="de", title="Angebot") == "Überfällig: Angebot"
    assert say("Late: %(title)s", in_language="en", title="Quote") == "Late: Quote"
    assert say_many("%(num)s is late.", "%(num)s are late.", 3, in_language="de") == "3 sind überfällig."


def test_numbers_dates_and_codes_are_written_as_the_reader_does():
    at = datetime(2026, 12, 3, 9, 5, tzinfo=UTC)
    with Flask("pages").test_request_context(headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}):
        assert money(Decimal("12345.5"), "EUR") == "12.345,50 EUR"
        assert quantity(Decimal("0.5")) == "0,5"
        assert ">3. Dez. 2026<" in day(at)
        assert ">3. Dez. 09:05<" in moment(at)
        assert ">vor 3 h<" in ago(at, at + timedelta(hours=3))
        assert words("order-desk") == "Auftragsabwicklung"
    with Flask("pages").test_request_context(headers={"Cookie": "language=en", "Accept-Language": "de"}):
        assert money(Decimal("12345.5"), "EUR") == "12,345.50 EUR"


def test_every_view_order_and_filter_of_the_worklist_is_in_the_catalogues():
    known = {each.id for each in marked()}
    names = [*worklist.VIEWS.values(), *worklist.SORTS.values(), *worklist.DUE.values(), *(name for _, name in NAVIGATION)]
    assert [name for name in names if name not in known] == []
