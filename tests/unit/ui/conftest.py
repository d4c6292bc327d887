from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from engine.store.unit_of_work import Database
from tests.browser.site import Site, make_app, new_site


@pytest.fixture
def site(database: Database) -> Site:
    site = new_site(database)
    site.deploy()
    return site


@pytest.fixture
def client(site: Site, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The pages without a browser; the bundle of the islands is not needed."""
    monkeypatch.setattr("ui.manifest.Manifest.assets", lambda self, island: type("Assets", (), {"tags": lambda self: ""})())
    app = make_app(site)
    app.testing = True
    return app.test_client()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements sent while the block runs."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
