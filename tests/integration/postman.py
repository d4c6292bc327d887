"""A mail server on loopback for tests that send."""

import socket
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller


class Postman:
    """Takes mails in; `broken` says that it cannot now."""

    def __init__(self):
        self.letters, self.broken = [], False

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's own word
        if self.broken:
            return "451 come back later"
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 thank you"


@pytest.fixture
def postman():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    served = Controller(Postman(), hostname="127.0.0.1", port=port)
    served.start()
    yield served
    served.stop()
