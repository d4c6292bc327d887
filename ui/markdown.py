"""Markdown of analysts as HTML of ours: no HTML of theirs passes, no picture is fetched, no link runs anything."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_MOST = 200_000
#: The page's own heading is the first; those of a text begin one below.
_LOWEST = 6


def render(text: str, files: str = "") -> Markup:
    """The HTML of a text; a relative link leads to a file under the address `files`."""
    reader = _reader()
    tokens = reader.parse(text[:_MOST])
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(_LOWEST, int(token.tag[1:]) + 1)}"
        if token.type == "table_open":
            token.attrSet("class", "table table-short")
        _lead(token.children or (), files)
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704  # the reader escapes; its own HTML is off


@lru_cache(maxsize=1)
def _reader() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    made.add_render_rule("table_open", _framed)
    made.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return made


def _framed(renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """A wide table scrolls by itself, also by keyboard."""
    opened: str = renderer.renderToken(tokens, index, options, env)
    return f'<div class="table-frame" tabindex="0" role="group" aria-label="Table">{opened}'


def _lead(tokens: Sequence[Token], files: str) -> None:
    for token in tokens:
        if token.type == "link_open":
            href = str(token.attrGet("href") or "")
            if urlsplit(href).scheme or href.startswith("//"):
                token.attrSet("rel", "noopener noreferrer")
            elif not href.startswith(("/", "#")):
                token.attrSet("href", files + href)
