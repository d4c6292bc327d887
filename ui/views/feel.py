"""The FEEL playground: a text and data, evaluated by the engine as they are typed."""

from collections.abc import Mapping, Sequence
from typing import Final

from flask import render_template

_ORDER: Final = """{
  "order": {
    "total": 1250.5,
    "ordered_on": "2026-03-31",
    "lines": [{"sku": "PUMP-7", "qty": 3}, {"sku": "HOSE-2", "qty": 40}]
  }
}"""
#: What people look for most, each ready to be changed.
EXAMPLES: Final[Sequence[Mapping[str, str]]] = (
    {"text": "order.total > 1000 and count(order.lines) > 1", "context": _ORDER},
    {"text": "sum(for line in order.lines return line.qty)", "context": _ORDER},
    {"text": 'order.lines[sku = "HOSE-2"].qty[1]', "context": _ORDER},
    {"text": 'date(order.ordered_on) + duration("P30D")', "context": _ORDER},
    {"text": "some line in order.lines satisfies line.qty > 10", "context": _ORDER},
    {"text": "order.discount * 2", "context": _ORDER},
    {"text": "[1000..5000)", "kind": "unary tests", "value": "1250.5"},
    {"text": 'not("A", "B")', "kind": "unary tests", "value": '"C"'},
)


def show() -> str:
    """The playground, with the first example typed in."""
    return render_template("feel.html", text=EXAMPLES[0]["text"], context=EXAMPLES[0]["context"], examples=EXAMPLES)
