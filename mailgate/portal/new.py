"""Opening a ticket: from the home page, or as what follows a closed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mailgate.portal import forms, road, uploads
from mailgate.portal.forms import Form, RefusedError
from mailgate.portal.road import Draft
from mailgate.portal.site import Site
from mailgate.portal.ticket import opened
from rules.address_list import addresses
from rules.model import Address, Attachment, Credential, Outcome, Proof
from store.db import OutageError

_EMPTY = {"mail": "", "author": "", "subject": "", "text": ""}


@dataclass(frozen=True, slots=True)
class _Before:
    """The closed ticket that the new one follows, and whose link led here."""

    token: str
    number: int
    holder: Address
    subject: str


def routes(site: Site) -> list[Route]:
    pages = _Pages(site)
    return [
        Route("/new", pages.ask),
        Route("/new", pages.open, methods=["POST"]),
        Route("/new/sent", pages.sent),
        Route("/t/{token}/new", pages.ask),
        Route("/t/{token}/new", pages.open, methods=["POST"]),
    ]


class _Pages:
    def __init__(self, site: Site) -> None:
        self._site = site

    async def ask(self, request: Request) -> Response:
        return await run_in_threadpool(self._ask, request)

    async def open(self, request: Request) -> Response:
        before = await run_in_threadpool(self._before, request)
        form = await forms.read(self._site, request)
        return await run_in_threadpool(self._open, request, before, form)

    async def sent(self, request: Request) -> Response:
        held = request.query_params.get("held") is not None
        return self._site.page(request, "sent", what="held" if held else "new")

    def _ask(self, request: Request) -> Response:
        before = self._before(request)
        if before is None:
            return self._page(request, before, _EMPTY)
        name = before.holder.name or before.holder.email
        known = {"mail": before.holder.email, "author": name, "subject": before.subject}
        return self._page(request, before, _EMPTY | known)

    def _open(self, request: Request, before: _Before | None, form: Form) -> Response:
        typed = {name: form.text(name) for name in _EMPTY}
        errors = forms.lengths(form)
        found = addresses(form.line("mail")) or ()
        email = found[0].email if len(found) == 1 and "." in found[0].email else ""
        if not email or email == self._site.desk.policy.address:
            errors["mail"] = "own" if email else "address"
        errors |= {name: "empty" for name in ("author", "subject", "text") if not typed[name]}
        refused = uploads.refused(self._site, form.files)
        errors |= {"files": "files"} if refused else {}
        if errors:
            return self._page(request, before, typed, errors, 422, refused)
        if not self._site.addresses.admits(f"new {email}"):
            raise RefusedError("often", 429)
        name = form.line("author")
        draft = Draft(
            Address(email, "" if name == email else name),
            form.line("subject"),
            (self._site.phrase("follow_line", before.number) if before else "") + form.text("text"),
            form.key,
            form.shown,
            form.files,
        )
        try:
            outcome = road.submit(self._site.desk, draft, _credential(before))
        except ValueError:  # an address that no mail can be written to
            return self._page(request, before, typed, {"mail": "address"}, 422)
        except OutageError:
            return self._page(request, before, typed, {"form": "outage"}, 503)
        self._site.wake()
        return RedirectResponse(f"/new/sent{'?held' if outcome is Outcome.HELD else ''}", 303)

    def _before(self, request: Request) -> _Before | None:
        token = request.path_params.get("token")
        if token is None:
            return None
        opens = opened(self._site, token)
        if self._site.desk.policy.agent(opens.holder.email):
            raise RefusedError("agent", 403)
        return _Before(token, opens.ticket.number, opens.holder, opens.ticket.subject)

    def _page(
        self,
        request: Request,
        before: _Before | None,
        typed: Mapping[str, str],
        errors: Mapping[str, str] | None = None,
        status: int = 200,
        refused: Sequence[Attachment] = (),
    ) -> Response:
        return self._site.page(
            request,
            "new",
            status,
            form=f"/t/{before.token}/new" if before else "/new",
            before=before,
            typed=typed,
            errors=errors or {},
            refused=refused,
        )


def _credential(before: _Before | None) -> Credential:
    """A typed address proves nothing; the link of the ticket before proves its holder."""
    if before is None:
        return Credential(Proof.FORM)
    return Credential(Proof.LINK, before.holder, related=before.number)
