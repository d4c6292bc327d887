"""A served installation without a server: the application on a fresh database, and people to sign in as."""

from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from flask.testing import FlaskClient
from flask_openapi3 import OpenAPI
from werkzeug.serving import make_server

from api.auth.roles import GROUPS
from api.bootstrap import ports
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from handlers.constraints import RULES
from handlers.registry import service_tasks
from tests.applications import application_of

KEY = "what seals the secrets of these tests"


@pytest.fixture
def installation(company_database) -> Product:
    """An installation with the demo company, and nobody at work but who the test calls."""
    database = company_database
    runtime = Runtime(database=database, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher(), constraints=RULES)
    return Product(Settings(secrets_key=KEY), database, runtime, demo=True, groups=GROUPS)


@pytest.fixture
def application(installation) -> OpenAPI:
    """The web application of the installation."""
    return application_of(installation)


@pytest.fixture
def client(application) -> FlaskClient:
    """A browser nobody has signed in with."""
    return application.test_client()


@pytest.fixture
def signed_in(application) -> Callable[[str], FlaskClient]:
    """Browsers of people: `signed_in("sara")`. Their requests carry the CSRF token by themselves."""

    def sign_in(name: str) -> FlaskClient:
        browser = application.test_client()
        browser.post("/login", data={"persona": name})
        browser.environ_base["HTTP_X_CSRF_TOKEN"] = browser.get("/api/v1/me").json["csrf_token"]
        return browser

    return sign_in


@pytest.fixture
def engine_rest(application) -> Iterator[str]:
    """The base address of Camunda's dialect on the loopback, for a client with an HTTP library of its own."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/engine-rest"
    server.shutdown()
    thread.join()
    server.server_close()
