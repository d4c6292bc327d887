"""Makes pydantic read what comes from outside as `engine.lexical` says, whatever the types of a model are written as.

Pydantic by itself takes `1_0` for ten, a Unix number for a date, "t" for true and `{…}` for a UUID. A draft says `Decimal`, `date` or `int`
and means the one way to write it; so the schema that pydantic has made of it gets a reader before each such value. A value that is no text
any more (a date, a Decimal that the house made) goes through as it is.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

from pydantic import BaseModel, TypeAdapter
from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator

from engine.iso8601 import read_clock, read_day, read_moment
from engine.lexical import is_sized, read_decimal, read_truth, read_whole, stray_character

_MARK: Final = "__read_strictly__"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Before this second one may not leave out the T: RFC 3339 allows a space there.
_T: Final = len("2026-11-30")


def read_strictly(model: type[BaseModel]) -> None:
    """Let a model that requests are read with take only what is written strictly; once done, nothing more happens."""
    if _MARK not in model.__dict__:
        strict = SchemaValidator(_strict(model.__pydantic_core_schema__), _use_prebuilt=False)
        model.__pydantic_validator__ = strict
        setattr(model, _MARK, True)


def is_strict(model: type[BaseModel]) -> bool:
    """Whether requests of this model are read strictly."""
    return _MARK in model.__dict__


def strict_adapter(hint: Any) -> TypeAdapter[Any]:
    """What reads a type from outside values, strictly."""
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    adapter.validator = SchemaValidator(_strict(adapter.core_schema), _use_prebuilt=False)
    return adapter


def _strict(schema: CoreSchema) -> CoreSchema:
    return cast(CoreSchema, _rewritten(schema))


def _rewritten(part: Any) -> Any:
    if isinstance(part, list):
        return [_rewritten(each) for each in part]
    if isinstance(part, tuple):
        return tuple(_rewritten(each) for each in part)
    if not isinstance(part, Mapping):
        return part
    made = {key: _part(key, value) for key, value in part.items()}
    read = _READERS.get(part.get("type", "")) if isinstance(part.get("type"), str) else None
    if read is None:
        return made
    # What refers to a schema by name finds the outer one.
    outer = {name: made.pop(name) for name in ("ref", "metadata", "serialization") if name in made}
    return {"type": "function-before", "function": {"type": "no-info", "function": read}, "schema": made, **outer}


def _part(key: Any, value: Any) -> Any:
    if key == "fields" and isinstance(value, Mapping):  # by their names, which may be any word
        return {name: _rewritten(each) for name, each in value.items()}
    return value if key in _DATA else _rewritten(value)


#: Parts of a schema that hold values, not schemas.
_DATA: Final = frozenset({"metadata", "default", "expected", "cls", "config", "serialization", "members"})


def _wrong(kind: str, wanted: str) -> PydanticCustomError:
    return PydanticCustomError(f"{kind}_lexical", wanted)


def _decimal(value: Any) -> Any:
    wanted = _wrong("decimal", "must be a decimal number, such as 12.50")
    if isinstance(value, bool):
        raise wanted
    if isinstance(value, str):
        value = read_decimal(value)
        if value is None:
            raise wanted
    if isinstance(value, Decimal) and not is_sized(value):
        raise wanted
    return value


def _whole(value: Any) -> Any:
    wanted = _wrong("whole", "must be a whole number")
    if isinstance(value, bool) or (isinstance(value, Decimal) and not is_sized(value)):
        raise wanted
    if isinstance(value, str):
        value = read_whole(value)
        if value is None:
            raise wanted
    return value


def _moment_reader(read: Callable[[str], Any], kind: str, wanted: str) -> Callable[[Any], Any]:
    def reader(value: Any) -> Any:
        if isinstance(value, str):
            found = read(value)
            if found is None:
                raise _wrong(kind, wanted)
            return found
        if isinstance(value, int | float | Decimal):  # a Unix number says a moment to nobody
            raise _wrong(kind, wanted)
        return value

    return reader


def _moment(text: str) -> date | None:
    written = f"{text[:_T]}T{text[_T + 1 :]}" if text[_T : _T + 1] in {" ", "t"} else text
    return read_moment(f"{written[:-1]}Z" if written.endswith("z") else written, feel=True) if "T" in written else None


def _truth(value: Any) -> Any:
    found = read_truth(value) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise _wrong("truth", "must be true or false")
    return found


def _uuid(value: Any) -> Any:
    if isinstance(value, str) and not _UUID.fullmatch(value):
        raise _wrong("uuid", "must be a UUID such as 7fbc1b1e-1f2e-4f3e-8f3e-1f2e4f3e8f3e")
    return value


def _text(value: Any) -> Any:
    stray = stray_character(value) if isinstance(value, str) else None
    if stray is not None:
        raise PydanticCustomError("text_invalid", "must not contain the character {code}", {"code": f"U+{ord(stray):04X}"})
    return value


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "decimal": _decimal,
    "float": _decimal,
    "int": _whole,
    "bool": _truth,
    "date": _moment_reader(read_day, "date", "must be a day, such as 2026-11-30"),
    "time": _moment_reader(read_clock, "time", "must be a time of day, such as 16:00"),
    "datetime": _moment_reader(_moment, "moment", "must be a time with its zone, such as 2026-11-30T10:00:00Z"),
    "uuid": _uuid,
    "str": _text,
}
