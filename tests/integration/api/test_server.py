import errno

import pytest

from api.listening import take_address
from api.server import Server
from engine.problems import Conflict


def test_a_port_that_is_taken_is_said_with_what_to_do(installation, monkeypatch):
    def taken(*_, **__):
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr("api.server.HttpServer", taken)
    with take_address("127.0.0.1", 0) as ours, pytest.raises(Conflict, match=f"Port {ours.getsockname()[1]} is taken") as refused:
        Server(installation, ours)
    assert "--port" in refused.value.next_step
