import errno

import pytest

from api.server import Server
from engine.problems import Conflict


def test_a_port_that_is_taken_is_said_with_what_to_do(installation, monkeypatch):
    def taken(*_, **__):
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr("api.server.create_server", taken)
    with pytest.raises(Conflict, match="Port 8081 is taken") as refused:
        Server(installation, port=8081)
    assert "--port" in refused.value.next_step
