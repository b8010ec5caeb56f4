"""One throw-away certificate authority per test process (trustme)."""

import functools
import ssl
from pathlib import Path

import trustme


class LocalCertificate:
    """A certificate for 127.0.0.1 and localhost, and the authority that signed it."""

    def __init__(self) -> None:
        self._authority = trustme.CA()
        self._leaf = self._authority.issue_cert("127.0.0.1", "localhost")

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._leaf.configure_cert(context)
        return context

    def client_context(self) -> ssl.SSLContext:
        """Trusts this authority alone, and checks the host name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._authority.configure_trust(context)
        return context

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write PEM files; returns the paths of the chain, its key and the authority."""
        chain, key, authority = (folder / name for name in ("cert.pem", "key.pem", "ca.pem"))
        chain.write_bytes(b"".join(part.bytes() for part in self._leaf.cert_chain_pems))
        key.write_bytes(self._leaf.private_key_pem.bytes())
        key.chmod(0o600)
        authority.write_bytes(self._authority.cert_pem.bytes())
        return chain, key, authority


@functools.cache
def local_certificate() -> LocalCertificate:
    return LocalCertificate()
