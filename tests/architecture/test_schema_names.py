"""The API describes each shape under the name of its class: two of one name, and one is described as the other."""

import dataclasses
import typing
from collections import defaultdict
from importlib import import_module
from pkgutil import iter_modules

from pydantic import BaseModel

import api.v1


def shapes_of_the_api():
    """Every model of the API, and every class that its fields are of."""
    modules = [import_module(f"api.v1.{each.name}") for each in iter_modules(api.v1.__path__)]
    waiting = [each for module in modules for each in vars(module).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    found = set()
    while waiting:
        each = waiting.pop()
        if each in found or not (dataclasses.is_dataclass(each) or issubclass(each, BaseModel)):
            continue
        found.add(each)
        for hint in typing.get_type_hints(each, include_extras=True).values():
            waiting.extend(classes_in(hint))
    return found


def classes_in(hint):
    if isinstance(hint, type) and not typing.get_args(hint):
        return [hint]
    return [found for part in typing.get_args(hint) for found in classes_in(part)]


def test_no_two_shapes_of_the_api_have_one_name():
    places = defaultdict(set)
    for shape in shapes_of_the_api():
        if not shape.__name__.endswith(("Path", "Query")):  # these are described as parameters
            places[shape.__name__].add(f"{shape.__module__}.{shape.__qualname__}")
    assert {name: sorted(found) for name, found in places.items() if len(found) > 1} == {}
