"""The web application, made once a run: two hundred rules and every template are compiled once."""

from functools import cache

from flask_openapi3 import OpenAPI

from api.app import create_app
from api.product import EXTENSION, Product
from api.settings import Settings


def application_of(installation: Product) -> OpenAPI:
    """The application with this installation in it, until the next one is asked for."""
    made = _application()
    made.extensions[EXTENSION] = installation
    return made


@cache
def _application() -> OpenAPI:
    return create_app(Product(Settings(), None, None))
