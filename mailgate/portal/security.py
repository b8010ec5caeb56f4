"""Around every page: the headers that browsers obey, and the largest body that is read."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailgate.portal.forms import RefusedError

# No inline script and no inline style, nothing from elsewhere, no frame around it. What a page
# links to learns no token: no-referrer.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers without frame-ancestors
    "X-Robots-Tag": "noindex, nofollow",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_ROOM = 200_000  # bytes that the fields and the multipart frame may take beside the files
# Bytes of a form without files: its text, at most 1 MiB as it is sent (Starlette), and the other
# fields. Its parser takes 0.4 µs for each "&"; an upload's worth of them kept it busy for 8 s.
_TYPED, _PLAIN = 1_500_000, "application/x-www-form-urlencoded"
_DRAIN = 8  # so many times the limit is read and thrown away, so that the refusal is seen


class Headers:
    """Sets the headers that a page has not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)


class BodyLimit:
    """Refuses larger bodies, whatever their head says of their length."""

    def __init__(self, app: ASGIApp, upload: int) -> None:
        self._app, self._limit = app, upload + _ROOM

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = MutableHeaders(scope=scope).get("content-type", "").lower()
        limit = min(self._limit, _TYPED) if kind.startswith(_PLAIN) else self._limit
        seen = 0

        async def receiving() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen <= limit:
                return message
            while message.get("more_body") and seen <= _DRAIN * limit:
                message = await receive()
                seen += len(message.get("body", b""))
            raise RefusedError("large", 413)

        await self._app(scope, receiving, send)
