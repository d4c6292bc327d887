"""What `serve` does once it has its address: build the installation, bring its content, and answer."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from api import logs
from api.auth.links import address, make_first_link
from api.bootstrap import build_to_stay
from api.content import deploy_content
from api.demo.company import load_company
from api.demo.history.seed import load_days
from api.demo.opening import open_demo
from api.memory import leave_alone_what_stays
from api.server import Server, leave, on_signals
from api.settings import Settings
from handlers.changes import Author


@dataclass(frozen=True, slots=True)
class What:
    """What is served: with a worker beside the pages, the demo, and the demo with its ninety days behind it."""

    with_worker: bool = True
    demo: bool = False
    history: bool = False


def serve(settings: Settings, listening: socket.socket, what: What, *, ready: Callable[[str, str], None]) -> None:
    """Serve until stopped; `ready` is told the address when it answers there, and a link where nobody keeps accounts yet."""
    logs.configure(settings.log_level)
    on_signals(leave)
    product = build_to_stay(settings, with_worker=what.with_worker, demo=what.demo)
    if what.history:
        load_days(product.database)
    deploy_content(product, actor="ordercraft")
    if what.demo:
        load_company(product.database)
        open_demo(product.runtime)
    with product.database.transaction() as tx:
        secret = make_first_link(tx, Author("ordercraft"))
    server = Server(product, listening)
    leave_alone_what_stays()
    server.run(lambda: ready(server.address, address(server.address, secret) if secret else ""))
