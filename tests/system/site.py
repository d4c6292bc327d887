"""A served installation without a server: people call the application directly, and the engine advances when the test says so."""

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.test import TestResponse

from api.app import create_app
from api.auth.accounts import add_account
from api.bootstrap import ports
from api.content import deploy_content
from api.demo.people import PEOPLE
from api.product import Product
from api.settings import Settings
from engine.jobs.null_dispatcher import NullDispatcher
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs.run_until_idle import run_until_idle
from engine.store.unit_of_work import Database
from handlers.registry import service_tasks


class Site:
    """An installation with the demo's people and every process deployed; no company yet."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runtime = Runtime(database=database, service_tasks=service_tasks(), ports=ports(), dispatcher=NullDispatcher())
        self.product = Product(Settings(), database, self.runtime, demo=True)
        self.application = create_app(self.product)
        with database.transaction() as tx:
            if not _has_people(tx):
                for person in PEOPLE:
                    add_account(tx, person)
        deploy_content(self.product, actor="ordercraft")

    def sign_in(self, name: str) -> "Visitor":
        """A person who may call."""
        return Visitor(self, name)

    def work(self) -> None:
        """Let the engine do everything it can do now."""
        run_until_idle(self.runtime)


class Visitor:
    """A signed-in person. `get` and `post` answer the JSON and insist on success; `call` answers whatever comes."""

    def __init__(self, site: Site, name: str) -> None:
        self._site = site
        self._browser = site.application.test_client()
        self._browser.post("/login", data={"persona": name})
        self._csrf = self._browser.get("/api/v1/me").json["csrf_token"]

    def get(self, path: str) -> Any:
        """The JSON of an address."""
        return self._insist(self.call("GET", path))

    def document(self, path: str) -> bytes:
        """The bytes of an address."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.data

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON; then the engine works."""
        return self._insist(self.call("POST", path, body or {}))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Put JSON."""
        return self._insist(self.call("PUT", path, body))

    def send(self, path: str, document: bytes) -> Any:
        """Send a document; then the engine works."""
        return self._insist(self.call("POST", path, document, "application/xml"))

    def call(self, method: str, path: str, body: Any = None, media_type: str = "application/json") -> TestResponse:
        """One request, whatever comes of it."""
        data = body if isinstance(body, bytes | str | None) else json.dumps(body)
        headers = {"X-CSRF-Token": self._csrf}
        return self._browser.open(path, method=method, data=data, content_type=media_type if data is not None else None, headers=headers)

    def decide(self, business_key: str, element_id: str, data: Mapping[str, Any]) -> None:
        """Find the open user task, claim it and complete it."""
        tasks = self.get(f"/api/v1/user-tasks?business_key={business_key}")
        (task,) = (each for each in tasks if each["element_id"] == element_id)
        self.post(f"/api/v1/user-tasks/{task['id']}/claim")
        self.post(f"/api/v1/user-tasks/{task['id']}/complete", {"data": data})

    def _insist(self, answer: TestResponse) -> Any:
        assert answer.status_code < 300, answer.text
        self._site.work()
        return answer.json


def _has_people(tx: Any) -> bool:
    from sqlalchemy import text

    return bool(tx.scalar(text("SELECT count(*) FROM user_account")))
