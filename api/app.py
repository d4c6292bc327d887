"""The web application: pages and API of one installation."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from flask_openapi3 import APIBlueprint, Info, OpenAPI

from api import administration, camunda7, errors, passkeys, requests, sign_in, single_sign_on
from api.auth.roles import Role
from api.errors import ProblemOut, of_validation
from api.headers import protect
from api.json_provider import ExactJSON
from api.memory import give_back_after_heavy_requests
from api.openapi import describe
from api.product import EXTENSION, Product
from api.strict_reading import Number
from api.v1 import blueprints
from api.veil import VeiledEnvironment
from ui.pages import blueprint as pages
from ui.product import needs

log = structlog.get_logger()
#: Who may read the description of the API, by the setting.
_OPENAPI = "openapi"


def create_app(product: Product) -> OpenAPI:
    """Make the application of an installation."""
    app = OpenAPI(
        "ui",
        info=Info(title="Ordercraft", version="1", description="Order-to-cash on BPMN diagrams that run."),
        security_schemes={
            "session": {"type": "apiKey", "in": "cookie", "name": requests.COOKIE},
            "token": {"type": "http", "scheme": "bearer"},
        },
        responses={401: ProblemOut, 403: ProblemOut, 422: ProblemOut},
        validation_error_model=ProblemOut,
        validation_error_callback=of_validation,
    )
    app.json = ExactJSON(app)
    app.jinja_environment = VeiledEnvironment
    app.config["MAX_CONTENT_LENGTH"] = product.settings.max_body_bytes
    app.extensions[EXTENSION] = product
    app.url_map.converters["int"] = Number
    errors.install(app)
    requests.install(app)
    give_back_after_heavy_requests(app)
    camunda7.install(app)
    for blueprint in (*blueprints(), *camunda7.BLUEPRINTS):
        _register(app, blueprint)
    app.register_blueprint(sign_in.auth)
    app.register_blueprint(single_sign_on.single_sign_on)
    app.register_blueprint(passkeys.passkey_doors)
    app.register_blueprint(administration.blueprint())
    app.register_blueprint(pages(errors.status_of))
    app.after_request(protect)
    describe(app)
    _declare(app, product.settings.openapi)
    return app


def _register(app: OpenAPI, blueprint: APIBlueprint) -> None:
    """Two rooms may answer at one address by different methods; flask-openapi3 by itself describes those of the last one only."""
    before = dict(app.paths)
    app.register_api(blueprint)
    for address in before.keys() & blueprint.paths.keys():
        latest = app.paths[address]
        app.paths[address] = before[address].model_copy(update={name: getattr(latest, name) for name in latest.model_fields_set})


def _declare(app: OpenAPI, openapi: str) -> None:
    """Every route says who may come and whose its objects are; one that does not is for administrators alone, and a test finds it."""
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(f"{_OPENAPI}."):
            app.view_functions[endpoint] = _shown_to(openapi, view)
    if nameless := requests.undeclared(app):
        log.error("routes_undeclared", routes=nameless, next_step="Name a role at the view, and parts of addresses in api/auth/objects.py.")


def _shown_to(whom: str, view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        return view(*args, **kwargs)

    return requests.open_to_all(answer) if whom == "everybody" else needs(Role.READ)(answer)
