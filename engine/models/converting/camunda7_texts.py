"""Texts of a Camunda 7 model that stand in BPMN's own elements: conditions, timers, loops and scripts in Java's expression language."""

import re
from typing import Final

from lxml import etree

from engine.models.converting.bench import CAMUNDA, Bench, attribute
from engine.models.converting.cron import crontab_of
from engine.models.converting.juel import expression, feel_of
from engine.models.converting.report import Fate
from engine.models.trees import child, tag_of, text_of
from engine.models.vocabulary import BPMN

_WHOLE: Final = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_LOOPS: Final = ("loopCardinality", "completionCondition", "loopCondition")
_TIMERS: Final = ("timeDate", "timeDuration", "timeCycle")
_BY_HAND: Final = "Write it in FEEL: it calls Java, or another language."


def convert(bench: Bench) -> None:
    """Each text."""
    for element in bench.elements("conditionExpression", "condition", *_LOOPS, *_TIMERS):
        _expression(bench, element)
    for element in bench.elements("timeCycle"):
        _cron(bench, element)
    for element in bench.elements("scriptTask"):
        _script(bench, element)
    for element in bench.elements("multiInstanceLoopCharacteristics"):
        _items(bench, element)
    for element in bench.elements("callActivity"):
        if "${" in element.get("calledElement", "") or "#{" in element.get("calledElement", ""):
            bench.note(element, f'calledElement="{element.get("calledElement")}"', "Name the process that it calls.", Fate.LEFT)


def _expression(bench: Bench, element: etree._Element) -> None:
    text = text_of(element)
    whole = _WHOLE.fullmatch(text)
    what = f"{tag_of(element)}: {text[:80]}"
    if element.get("language") and not text.startswith("="):
        bench.note(element, f"{what} in {element.get('language')}", _BY_HAND, Fate.LEFT)
    elif "${" in text or "#{" in text:
        value = expression(whole[1]) if whole else feel_of(text)
        if value is None:
            bench.note(element, what, _BY_HAND, Fate.LEFT)
            return
        element.text = f"={value}" if tag_of(element) in _TIMERS else value
        for part in list(element):
            element.remove(part)
        bench.note(element, what, f"FEEL: {value}")


def _cron(bench: Bench, element: etree._Element) -> None:
    text = text_of(element)
    found = crontab_of(text, sunday_is_one=any(space in bench.root.nsmap.values() for space in CAMUNDA))
    if found is not None:
        element.text = found
        bench.note(element, f"timeCycle: {text[:80]}", f"As a crontab: {found}")


def _script(bench: Bench, element: etree._Element) -> None:
    script, language = child(element, "script"), element.get("scriptFormat", "").lower()
    if script is None or language in {"", "feel"}:
        return
    whole, variable = _WHOLE.fullmatch(text_of(script)), attribute(element, "resultVariable")
    value = expression(whole[1]) if whole and language == "juel" else None
    if value is None or not _NAME.fullmatch(variable):
        bench.note(element, f"script in {element.get('scriptFormat')}", "Write it as a context of assignments in FEEL.", Fate.LEFT)
        return
    script.text = f"{{ {variable}: {value} }}"
    del element.attrib["scriptFormat"]
    bench.note(element, f"script: {whole[0][:80] if whole else ''}", f"The script assigns {variable}.")
    bench.take(element, "resultVariable", "The script assigns it.")


def _items(bench: Bench, loop: etree._Element) -> None:
    collection, item = attribute(loop, "collection"), attribute(loop, "elementVariable")
    if not collection or child(loop, "loopDataInputRef") is not None:
        return
    whole = _WHOLE.fullmatch(collection)
    name = expression(whole[1]) if whole else collection
    if name is None or not _NAME.fullmatch(name) or (item and not _NAME.fullmatch(item)):
        return
    place = sum(tag_of(each) in {"documentation", "extensionElements", "loopCardinality"} for each in loop)
    source = etree.Element(f"{{{BPMN}}}loopDataInputRef")
    source.text = bench.declare(loop, name)
    loop.insert(place, source)
    turn = item or "item"
    loop.insert(place + 1, etree.Element(f"{{{BPMN}}}inputDataItem", id=turn, name=turn))
    bench.take(loop, "collection", f"It runs over {name}.")
    bench.take(loop, "elementVariable", f"Each turn has its {turn}.")
