"""What the portal signs: a keyed digest (RFC 2104, SHA-256) over a purpose and its parts."""

from __future__ import annotations

import hashlib
import hmac
import json


class Signer:
    def __init__(self, secret: str) -> None:
        """`secret` is random, 128 bits or more."""
        self._key = secret.encode()

    def sign(self, purpose: str, *parts: str) -> str:
        """The signature, hex. The purpose keeps that of one thing from serving for another."""
        message = json.dumps([purpose, *parts]).encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()

    def holds(self, signature: str, purpose: str, *parts: str) -> bool:
        """Whether the signature is ours, in time that does not depend on how much is right."""
        right = self.sign(purpose, *parts)
        return hmac.compare_digest(signature.encode("utf-8", "replace"), right.encode())
