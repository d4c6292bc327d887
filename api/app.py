"""The web application: pages and API of one installation."""

from flask import Response
from flask_openapi3 import Info, OpenAPI

from api import administration, camunda7, errors, requests, sign_in, single_sign_on
from api.errors import ProblemOut, of_validation
from api.json_provider import ExactJSON
from api.openapi import describe
from api.product import EXTENSION, Product
from api.v1 import blueprints
from ui.pages import blueprint as pages

_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)


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
    app.config["MAX_CONTENT_LENGTH"] = product.settings.max_body_bytes
    app.extensions[EXTENSION] = product
    errors.install(app)
    requests.install(app)
    camunda7.install(app)
    for blueprint in (*blueprints(), *camunda7.BLUEPRINTS):
        app.register_api(blueprint)
    app.register_blueprint(sign_in.auth)
    app.register_blueprint(single_sign_on.single_sign_on)
    app.register_blueprint(administration.blueprint())
    app.register_blueprint(pages(errors.status_of))
    app.after_request(_protect)
    describe(app)
    return app


def _protect(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "no-store")
    return response
