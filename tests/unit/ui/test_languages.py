"""Pages in other languages: nothing that is marked lacks its translation, and none loses what is filled into it."""

import re
from io import BytesIO

import pytest
from babel.messages.pofile import read_po

from ui.languages import FOLDER, LANGUAGES, SOURCE, say, say_many
from ui.translate import missing

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
