"""The REST API, one module a noun. Every operation names its role; OpenAPI 3.1 is generated from the signatures."""

from importlib import import_module
from pkgutil import iter_modules

from flask_openapi3 import APIBlueprint


def blueprints() -> list[APIBlueprint]:
    """Every blueprint of this room: a module that defines `api` joins by being here."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return [module.api for module in modules if hasattr(module, "api")]
