"""Files opened and saved: what was lost, and what was added, element by element."""

import re
from collections import Counter
from collections.abc import Callable, Mapping

from lxml import etree

from engine.hardened_xml import hardened_parser

#: A piece of a file: its place, its attributes, and its text.
Piece = tuple[tuple[str, ...], tuple[tuple[str, str], ...], str]


_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
#: Types that say of an element what the schema says of it anyway.
_ANYWAY = {("waypoint", (_TYPE, "Point")), ("childLaneSet", (_TYPE, "tLaneSet"))}


def pieces(xml: bytes) -> "Counter[Piece]":
    """Every element of a file by its place, with its attributes and its text; in which order they stand says nothing."""
    found: Counter[Piece] = Counter()

    def look(element: etree._Element, above: tuple[str, ...]) -> None:
        text = " ".join("".join(element.itertext(with_tail=False)).split()) if len(element) == 0 else ""
        tag, attributes = _said(element)
        place = (*above, f"{tag}#{element.get('id', '')}")
        found[place, tuple(sorted(attributes)), text] += 1
        for child in element.iterchildren(etree.Element):
            look(child, place)

    look(etree.fromstring(xml, hardened_parser(encoding="utf-8")), ())
    return found


def _said(element: etree._Element) -> tuple[str, set[tuple[str, str]]]:
    """Tag and attributes, written one way: a formalExpression is an expression of this type, and types go without the file's prefixes."""
    tag, name = str(element.tag), etree.QName(element).localname
    attributes = {(str(key), plain(str(value))) for key, value in element.attrib.items()}
    attributes = {(key, value.rsplit(":", 1)[-1] if key == _TYPE else value) for key, value in attributes}
    if name == "formalExpression":
        return tag.replace("formalExpression", "expression"), attributes | {(_TYPE, "tFormalExpression")}
    return tag, {each for each in attributes if (name, each) not in _ANYWAY}


def plain(value: str) -> str:
    """A number as it is written shortest: 32.0 is 32."""
    return f"{float(value):g}" if re.fullmatch(r"-?\d+\.\d+", value) else value.strip()


def changed(save: Callable[[str], str], files: Mapping[str, bytes]) -> dict[str, tuple[list[Piece], list[Piece]]]:
    """What an editor lost and what it added, by file; nothing of a file that it saves as it opened it."""
    found = {}
    for name, content in files.items():
        before, after = pieces(content), pieces(save(content.decode()).encode())
        if before != after:
            found[name] = (list(before - after), list(after - before))
    return found


def few(found: Mapping[str, tuple[list[Piece], list[Piece]]]) -> dict[str, tuple[list[Piece], list[Piece]]]:
    """The first pieces of each file, as the message of a failed test."""
    return {name: (lost[:3], added[:3]) for name, (lost, added) in found.items()}
