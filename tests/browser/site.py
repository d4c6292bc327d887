"""A running site for the browser: the real pages and engine over a fresh database, with a small process of our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import Flask, Response, current_app, g, request
from sqlalchemy import select

from api.auth.roles import Role, with_included
from api.bootstrap import ports
from api.errors import status_of
from engine.jobs.null_dispatcher import NullDispatcher
from engine.models.bundle import Bundle
from engine.problems import Conflict, Forbidden, Invalid, NotFound, Problem
from engine.runtime.operate import batch_work
from engine.runtime.state.people import Person
from engine.runtime.state.runtime import Runtime
from engine.runtime.verbs import deploy, start, user_tasks
from engine.service_tasks import Broken, ServiceTasks
from engine.store import json_text
from engine.store.tables import deployment_file, instance, process_version, user_task
from engine.store.unit_of_work import Database
from tests.browser.served import Address
from ui.pages import blueprint

MODELS = Path(__file__).parent / "model"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
)
VERA = Person("vera", frozenset({"warehouse"}), frozenset({"read", "work"}))
OTTO = Person("otto", frozenset({"operator", "warehouse"}), with_included({Role.READ, Role.WORK, Role.OPERATE}))
CSRF = "token-of-the-session"


@dataclass
class Ramp:
    """What the process books: it can be closed, and then booking fails."""

    closed: bool = False
    #: A load that cannot be booked whatever the ramp.
    refuses: str = ""


@dataclass(frozen=True)
class Load:
    load_no: str


@dataclass(frozen=True)
class Booked:
    ramp: str


def _service_tasks() -> ServiceTasks:
    tasks = ServiceTasks()

    @tasks.register("ramp.book")
    def book(load: Load, ramp: Ramp) -> Booked:
        """Book a ramp for a load."""
        if ramp.closed:
            raise Broken(f"Ramp 4 is closed, so {load.load_no} cannot leave.", next_step="Open the ramp, then retry.")
        if load.load_no == ramp.refuses:
            raise Broken(f"{load.load_no} weighs too much for ramp 4.", next_step="Lead it by hand.")
        return Booked("R4")

    return tasks


@dataclass
class Site:
    """A site to visit: sign in as somebody by setting `person`."""

    url: str
    database: Database
    runtime: Runtime
    ramp: Ramp
    person: Person = VERA
    requests: list[Any] = field(default_factory=list)

    def deploy(self, *changed: tuple[str, str]) -> None:
        """The process, with some of its words replaced."""
        files = {path.name: path.read_bytes() for path in MODELS.iterdir()}
        for old, new in changed:
            files["clear-load.bpmn"] = files["clear-load.bpmn"].replace(old.encode(), new.encode())
        with self.database.transaction() as tx:
            deploy.deploy(self.runtime, tx, Bundle("clear-load", files), "otto")

    def start(self, load_no: str = "L-4711", **variables: Any) -> UUID:
        options = start.StartOptions(business_key=load_no, actor="simon")
        with self.database.transaction() as tx:
            return start.start(self.runtime, tx, "clear-load", {"load_no": load_no, "weight_kg": 1250, **variables}, options)

    def complete(self, person: Person = OTTO, **data: Any) -> None:
        """Complete the newest open task behind the browser's back."""
        with self.database.transaction() as tx:
            task_id = tx.scalar(select(user_task.c.id).where(user_task.c.state == "open").order_by(user_task.c.created_at.desc()))
            user_tasks.complete(self.runtime, tx, task_id, data, user_tasks.Completion(person, None))


def new_site(database: Database) -> Site:
    ramp = Ramp()
    runtime = Runtime(database=database, service_tasks=_service_tasks(), ports={**ports(), Ramp: ramp}, dispatcher=NullDispatcher())
    return Site("", database, runtime, ramp)


@contextmanager
def serve(database: Database, address: Address) -> Iterator[Site]:
    site = new_site(database)
    with address.serving(make_app(site)) as site.url:
        yield site


def make_app(site: Site) -> Flask:
    app = Flask("ui", static_folder=None)
    app.extensions["ordercraft"] = SimpleNamespace(database=site.database, runtime=site.runtime, groups={"warehouse", "operator"})
    app.jinja_env.globals["csrf_token"] = lambda: CSRF
    app.before_request(lambda: _recognise(site))
    app.before_request(lambda: _work(site))
    app.register_blueprint(blueprint(status_of))
    app.add_url_rule("/api/v1/user-tasks/<uuid:task_id>/<verb>", "task", lambda **given: _task_verb(site, **given), methods=["POST"])
    app.add_url_rule("/api/v1/instances/<uuid:instance_id>/model", "model", lambda **given: _model(site, **given))
    app.after_request(_protect)
    return app


def _recognise(site: Site) -> Response | None:
    g.person = site.person
    if request.method == "POST" and CSRF not in (request.headers.get("X-CSRF-Token"), request.form.get("csrf_token")):
        return Response("no CSRF token", 403)
    role = getattr(current_app.view_functions.get(request.endpoint or ""), "role", "read")
    if role not in site.person.roles:
        return Response("role missing", 403)
    return None


def _work(site: Site) -> None:
    """The worker has a look whenever somebody does."""
    if request.method == "GET":
        batch_work.work(site.runtime)


def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _task_verb(site: Site, task_id: UUID, verb: str) -> Response:
    body = request.get_json(silent=True) or {}
    site.requests.append((verb, dict(request.headers), body))
    completion = user_tasks.Completion(site.person, body.get("version"))
    try:
        with site.database.transaction() as tx:
            if verb == "claim":
                user_tasks.claim(site.runtime, tx, task_id, site.person)
            elif verb == "release":
                user_tasks.release(site.runtime, tx, task_id, site.person)
            elif verb == "draft":
                user_tasks.save_draft(site.runtime, tx, task_id, body["data"], completion)
            else:
                user_tasks.complete(site.runtime, tx, task_id, body["data"], completion)
    except Problem as problem:
        status = {NotFound: 404, Conflict: 409, Forbidden: 403, Invalid: 422}[type(problem)]
        answer = {"detail": problem.detail, "next_step": problem.next_step, "errors": problem.errors}
        return Response(json_text.encode(answer), status, mimetype="application/problem+json")
    return Response(json_text.encode({"id": str(task_id), "state": verb}), mimetype="application/json")


def _model(site: Site, instance_id: UUID) -> Response:
    with site.database.transaction() as tx:
        content = tx.scalar(
            select(deployment_file.c.content)
            .join(process_version, process_version.c.deployment_id == deployment_file.c.deployment_id)
            .join(instance, instance.c.process_version_id == process_version.c.id)
            .where(instance.c.id == instance_id, deployment_file.c.path == process_version.c.path)
        )
    return Response(content, mimetype="application/xml")
