"""What a diagram may say and what the check asks of it: the rules with an example each, and every word with what becomes of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import render_template, request

from engine.models.examples import example_of, rules
from engine.models.vocabularies import BPMN_WORDS, VOCABULARIES, Fate
from engine.problems import refuse_unknown

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Words:
    """Words as people write them, of which the same becomes."""

    said: Sequence[str]
    vocabulary: str
    fate: str
    note: str


def show() -> str:
    """The rules, and one opened. What is told by no rule, such as broken XML, is said to be so."""
    search, name = request.args.get("q", "").strip()[:_LONGEST], request.args.get("name", "")[:_LONGEST]
    found = [each for each in rules() if search.casefold() in f"{each.name} {each.why}".casefold()]
    return render_template("rules.html", found=found, opened=example_of(name), name=name, search=search)


def show_words() -> str:
    """Every word of every vocabulary, or those of one, of one fate or that a search finds."""
    chosen = {each: request.args.get(each, "").strip()[:_LONGEST] for each in ("q", "vocabulary", "fate")}
    names = [_name(each.prefix) for each in VOCABULARIES]
    refuse_unknown(chosen["vocabulary"], names, "vocabulary", "vocabulary")
    refuse_unknown(chosen["fate"], list(Fate), "fate of words", "fate")
    found = [
        words
        for words in _words()
        if chosen["q"].casefold() in f"{words.said} {words.note}".casefold()
        and chosen["vocabulary"] in {"", words.vocabulary}
        and chosen["fate"] in {"", words.fate}
    ]
    return render_template("words.html", found=found, vocabularies=names, fates=list(Fate), chosen=chosen)


def _words() -> Iterator[Words]:
    for vocabulary in VOCABULARIES:
        prefix = "" if vocabulary is BPMN_WORDS else f"{vocabulary.prefix}:"
        for entry in dict.fromkeys(vocabulary.entries.values()):
            said = [_said(prefix, word) for word, each in vocabulary.entries.items() if each == entry]
            note = entry.note if not entry.otherwise else f"{entry.note} Else: {entry.otherwise}"
            yield Words(said, _name(vocabulary.prefix), entry.fate, note)


def _said(prefix: str, word: str) -> str:
    element, _, attribute = word.partition("@")
    place = f" of {element}" if element else ""
    return f"{prefix}{attribute}{place}" if attribute else prefix + element.replace("/", " with ")


def _name(prefix: str) -> str:
    return prefix or "bpmn"
