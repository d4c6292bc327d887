"""A device that holds one passkey, in software: it makes and signs what a browser would hand on from a real one."""

import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

#: Somebody touched it, and it knows who: the flags of the specification.
_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


class Device:
    """One passkey. `uses` is counted up at each use, as devices do that cannot be copied."""

    def __init__(self) -> None:
        self.id = secrets.token_bytes(32)
        self.uses = 0
        self._key = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: dict[str, Any], origin: str) -> dict[str, Any]:
        """What `navigator.credentials.create` gives at this address."""
        numbers = self._key.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        data = self._data(options["rp"]["id"], _PRESENT | _VERIFIED | _ATTESTED) + attested
        told = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._told({"clientDataJSON": _client("webauthn.create", options, origin), "attestationObject": cbor2.dumps(told)})

    def sign(self, options: dict[str, Any], origin: str, *, knows_who: bool = True) -> dict[str, Any]:
        """What `navigator.credentials.get` gives at this address."""
        self.uses += 1
        data = self._data(options["rpId"], _PRESENT | (_VERIFIED if knows_who else 0))
        client = _client("webauthn.get", options, origin)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._told({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _data(self, host: str, flags: int) -> bytes:
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + self.uses.to_bytes(4, "big")

    def _told(self, response: dict[str, bytes]) -> dict[str, Any]:
        name = bytes_to_base64url(self.id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": {key: bytes_to_base64url(each) for key, each in response.items()},
        }


def _client(kind: str, options: dict[str, Any], origin: str) -> bytes:
    return json.dumps({"type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": False}).encode()
