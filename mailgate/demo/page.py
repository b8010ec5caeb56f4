"""The demo's page: forms and redirects, complete without a script, for this computer alone.

A GET changes nothing. Mails are shown as text; their HTML half opens by itself, in a sandbox
that runs and loads nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.resources import files
from threading import Thread
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mailgate.demo.boxes import Item
from mailgate.demo.letters import Draft, from_mailto, mailto_links, relinked, reply
from mailgate.demo.loop import HOST, listen
from mailgate.demo.people import person
from mailgate.demo.show import Show
from mailgate.demo.story import Story
from mailgate.demo.world import NotSentError, World

_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Without allow-scripts and allow-forms; the links of a mail may lead to the composer.
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_ASSETS = {"demo.css": "text/css", "demo.js": "text/javascript", "icon.svg": "image/svg+xml"}
_LARGEST = 1_000_000  # bytes of a form
_LONGEST = 24 * 31  # hours that the clock moves at once

Handler = Callable[[Request], Awaitable[Response]]


@contextmanager
def served(world: World, story: Story, port: int) -> Iterator[str]:
    """Serves the page in a thread while the block runs; yields its address."""
    socket = listen(port)
    config = uvicorn.Config(app(Show(world, story)), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [socket]}, name="demo page", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{socket.getsockname()[1]}/"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        socket.close()


def app(show: Show) -> Starlette:
    page = _Page(show)
    return Starlette(
        routes=[
            Route("/", page.read),
            Route("/send", page.send, methods=["POST"]),
            Route("/advance", page.advance, methods=["POST"]),
            Route("/restart", page.restart, methods=["POST"]),
            Route("/release", page.release, methods=["POST"]),
            Route("/mail/{number:int}", page.mail),
            Route("/revision", page.revision),
            *(Route(f"/{name}", _asset(name, kind)) for name, kind in _ASSETS.items()),
        ],
        # Else a page from elsewhere could reach this one under a name of its own.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )


class _Page:
    def __init__(self, show: Show) -> None:
        self._show = show

    async def read(self, request: Request) -> Response:
        return await run_in_threadpool(self._read, request)

    async def send(self, request: Request) -> Response:
        form = await _form(request)
        answers = form.get("answers", "")
        draft = Draft(
            form.get("from", ""),
            form.get("to", ""),
            form.get("subject", ""),
            form.get("text", ""),
            _number(answers) or 0,
        )
        return await run_in_threadpool(self._send, draft)

    async def advance(self, request: Request) -> Response:
        hours = _number((await _form(request)).get("hours", "")) or 0
        if not 0 < hours <= _LONGEST:
            raise HTTPException(400)
        await run_in_threadpool(self._show.advance, timedelta(hours=hours))
        return _back()

    async def restart(self, request: Request) -> Response:
        await _form(request)
        await run_in_threadpool(self._show.restart)
        return _back()

    async def release(self, request: Request) -> Response:
        await _form(request)
        await run_in_threadpool(self._show.release)
        return _back()

    async def mail(self, request: Request) -> Response:
        item = self._show.world.boxes.get(request.path_params["number"])
        if item is None or not item.mail.html:
            raise HTTPException(404)
        html = relinked(item.mail.html, lambda rank: f"/?link={item.id}.{rank}#write")
        return HTMLResponse(html, headers=_headers(_MAIL_POLICY))

    async def revision(self, _request: Request) -> Response:
        return PlainTextResponse(await run_in_threadpool(self._show.revision))

    def _read(self, request: Request) -> Response:
        asked = request.query_params
        if link := asked.get("link"):
            return self._render(self._linked(link), free=True)
        if answered := asked.get("reply"):
            return self._render(reply(self._item(answered)), free=True)
        if sender := asked.get("new"):
            return self._render(Draft(sender, self._show.world.desk.policy.address), free=True)
        return self._render(self._show.suggestion())

    def _send(self, draft: Draft) -> Response:
        boxes = self._show.world.boxes
        if draft.sender not in boxes.owners():
            raise HTTPException(400)
        answered = boxes.get(draft.answers)
        if answered is None or answered.owner != draft.sender:
            draft = Draft(draft.sender, draft.to, draft.subject, draft.text)
        try:
            self._show.send(draft)
        except NotSentError as error:
            return self._render(draft, free=True, error=str(error), status=422)
        return _back()

    def _linked(self, link: str) -> Draft:
        """The draft of a `mailto:` link in a mail: "12.2" is the third link of mail 12."""
        number, _, rank = link.partition(".")
        item = self._item(number)
        links = mailto_links(item.mail.html)
        at = _number(rank)
        if at is None or at >= len(links):
            raise HTTPException(404)
        return from_mailto(item.owner, links[at][1])

    def _item(self, number: str) -> Item:
        item = self._show.world.boxes.get(_number(number) or 0)
        if item is None:
            raise HTTPException(404)
        return item

    def _render(
        self, draft: Draft, *, free: bool = False, error: str = "", status: int = 200
    ) -> Response:
        """The page. `free`: the composer holds what the visitor wants, not the story's mail."""
        show = self._show
        html = show.world.words.render(
            "page.html.j2",
            now=show.world.clock.now(),
            address=show.world.desk.policy.address,
            portal=show.world.desk.config.portal.url,
            draft=draft,
            answered=show.world.boxes.get(draft.answers),
            free=free,
            error=error,
            row=show.next_row(),
            done=show.done(),
            story=show.story,
            boxes=show.boxes(),
            arrived=show.arrived(),
            files=show.files(),
            traces=show.traces(),
            stalled=show.world.servers.stalled,
            revision=show.revision(),
            named=person,
        )
        return HTMLResponse(html, status, headers=_headers(_PAGE_POLICY))


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",  # with no-referrer a form's Origin would be "null"
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form of our own page. Raises HTTPException for anything else."""
    origin = request.headers.get("origin")
    if origin and origin != f"http://{request.headers.get('host')}":
        raise HTTPException(403)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413)
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0].replace("\r\n", "\n") for name, values in fields.items()}


def _number(typed: str) -> int | None:
    """A number of at most nine figures; None for anything else."""
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


def _back() -> Response:
    return RedirectResponse("/", 303)


def _asset(name: str, kind: str) -> Handler:
    content = (files("templates") / "demo" / name).read_bytes()

    async def serve(_request: Request) -> Response:
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}
        return Response(content, media_type=kind, headers=headers)

    return serve
