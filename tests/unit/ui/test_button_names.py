"""Who speaks to the page says what a button shows: that text stands in its accessible name (WCAG 2.1, 2.5.3 Label in Name)."""

import re
from pathlib import Path

import ui

TEMPLATES = Path(ui.__file__).parent / "templates"
_NAMED = re.compile(r'<(?:button|a|summary)\b(?:(?!</)[^>])*?aria-label="([^"]*)"(?:(?!</)[^>])*>([^<{]*)</')


def _words(shown: str) -> str:
    return " ".join(re.findall(r"\w+", shown)).lower()


def test_what_a_button_shows_stands_in_its_name():
    pairs = [(file.name, *found) for file in TEMPLATES.rglob("*.html") for found in _NAMED.findall(file.read_text())]
    assert ("_customer.html", "Ask to forget it: {{ row.iban }}", "Ask to forget it") in pairs
    assert [(file, name, text) for file, name, text in pairs if f" {_words(text)} " not in f" {_words(name)} " and _words(text)] == []
