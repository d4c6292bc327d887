"""The content of a document without its layout: two spellings of one request are one request.

White space, the order of JSON members and XML attributes, namespace prefixes, comments, line ends, the encoding and the quotes of a CSV
field say nothing. What cannot be read stays as it is: only the same bytes are then the same.
"""

import csv
from collections.abc import Collection
from decimal import Decimal
from io import StringIO
from typing import Any

import msgspec
from lxml import etree

from engine.hardened_xml import parse_xml
from engine.problems import Problem
from engine.store import json_text


def canonical_body(body: bytes, media_type: str) -> bytes:
    """A body in the one form of its content, by its media type (`application/json`, `…+xml`, `text/csv`, other text)."""
    kind = media_type.lower()
    try:
        if kind.endswith("json"):
            return _json(body)
        if kind.endswith("xml"):
            return canonical_xml(body)
        if kind == "text/csv":
            return _csv(body)
        if kind.startswith("text/"):
            return "\n".join(body.decode("utf-8-sig").splitlines()).strip().encode()
    except (Problem, ValueError, msgspec.MsgspecError, csv.Error):
        return body
    return body


def canonical_xml(body: bytes, without: Collection[str] = ()) -> bytes:
    """C14N 2.0 of a document, its text without surrounding or repeated white space, its prefixes renamed.

    Elements whose expanded name stands in `without` are left out. Raises Invalid, TooLarge.
    """
    root = parse_xml(body, "document")
    for element in list(root.iter(*without)) if without else ():
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    for element in root.iter():
        element.text, element.tail = _tokens(element.text), _tokens(element.tail)
    text: str = etree.canonicalize(root, strip_text=True, rewrite_prefixes=True)
    return text.encode()


def _tokens(text: str | None) -> str | None:
    return " ".join(text.split()) if text else text


def _json(body: bytes) -> bytes:
    return json_text.encode(_plain(json_text.decode(body)))


def _plain(value: Any) -> Any:
    """Numbers of one value look alike: 2, 2.0 and 20e-1."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.adjusted() < _MOST_DIGITS else value.normalize()
    return value


def _csv(body: bytes) -> bytes:
    rows = csv.reader(StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    return json_text.encode([row for row in rows if row])


#: A number such as 1e999999 is not written out.
_MOST_DIGITS = 30
