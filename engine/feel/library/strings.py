"""Functions of strings (DMN 1.5, section 10.3.4.3); positions count characters from 1, from the end where negative."""

from decimal import Decimal

from engine.feel.library import patterns
from engine.feel.library.registry import builtin, metered
from engine.feel.limits import Run


@builtin("substring", "string:s, start position:n, length:n?")
def _substring(text: str, start: Decimal, length: Decimal | None = None) -> str | None:
    position = int(start)
    if position == 0 or (length is not None and length < 1):
        return None
    if abs(position) > len(text):
        return ""
    first = position - 1 if position > 0 else len(text) + position
    return text[first:] if length is None else text[first : first + int(length)]


@builtin("string length", "string:s")
def _string_length(text: str) -> Decimal:
    return Decimal(len(text))


@builtin("is blank", "string:s")
def _is_blank(text: str) -> bool:
    return not text.strip()


@metered("upper case", "string:s")
def _upper_case(run: Run, text: str) -> str:
    run.grow_text(len(text))
    return text.upper()


@metered("lower case", "string:s")
def _lower_case(run: Run, text: str) -> str:
    run.grow_text(len(text))
    return text.lower()


@builtin("trim", "string:s")
def _trim(text: str) -> str:
    return text.strip()


@builtin("contains", "string:s, match:s")
def _contains(text: str, match: str) -> bool:
    return match in text


@builtin("starts with", "string:s, match:s")
def _starts_with(text: str, match: str) -> bool:
    return text.startswith(match)


@builtin("ends with", "string:s, match:s")
def _ends_with(text: str, match: str) -> bool:
    return text.endswith(match)


@builtin("substring before", "string:s, match:s")
def _substring_before(text: str, match: str) -> str:
    return text.partition(match)[0] if match and match in text else ""


@builtin("substring after", "string:s, match:s")
def _substring_after(text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


@metered("matches", "input:s, pattern:s, flags:s?")
def _matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool:
    return patterns.matches(run, text, pattern, flags or "")


@metered("replace", "input:s, pattern:s, replacement:s, flags:s?")
def _replace(run: Run, text: str, pattern: str, *rest: str | None) -> str | None:
    replacement, flags = rest[0] or "", rest[1] if len(rest) > 1 else None
    return patterns.replaced(run, text, pattern, flags or "", replacement)


@metered("split", "string:s, delimiter:s")
def _split(run: Run, text: str, delimiter: str) -> list[object] | None:
    return patterns.pieces(run, text, delimiter) if delimiter else None


@metered("extract", "input:s, pattern:s")
def _extract(run: Run, text: str, pattern: str) -> list[object]:
    return patterns.extracts(run, text, pattern)


@metered("string join", "list:l, delimiter:s?")
def _string_join(run: Run, items: list[object], delimiter: str | None = None) -> str | None:
    parts = [item for item in items if isinstance(item, str)]
    if len(parts) < sum(item is not None for item in items):
        return None
    run.grow_text(sum(map(len, parts)) + len(delimiter or "") * len(parts))
    return (delimiter or "").join(parts)
