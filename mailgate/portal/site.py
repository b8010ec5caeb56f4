"""What every page works with: the desk, its templates, its signatures, the forms it hands out."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_decimal, format_percent
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from mailgate.desk import Desk
from mailgate.mail_filters import breaks, file_size, stanzas
from mailgate.naming import city
from mailgate.portal.ceilings import Ceiling
from mailgate.portal.signing import Signer
from rules.policy import Agent
from store import portal

SIGN_OUT = "/agent/sign-out"  # a button on every page for agents
COOKIE = "portal"  # a random word per browser, to which the forms shown to it are tied


class Site:
    """One desk's portal. Shared by the threads that render its pages."""

    def __init__(self, desk: Desk, wake: Callable[[], None]) -> None:
        """`wake` tells delivery that mails are waiting. Writes the desk's secret if it is new."""
        self.desk = desk
        self.wake = wake
        with desk.db.transaction() as tx:
            self.signer = Signer(portal.secret(tx, "portal", desk.new_token() + desk.new_token()))
        limit = desk.config.limits.forms_hour
        self.clients = Ceiling(limit, desk.now)  # forms by the address of the client
        self.addresses = Ceiling(limit, desk.now)  # by what is asked and the typed address
        self.sign_ins = Ceiling(limit, desk.now)  # sign-in links by browser and agent
        self._environment = _environment(desk)

    @property
    def secure(self) -> bool:
        """Whether browsers reach the portal by HTTPS."""
        return self.desk.config.portal.url.startswith("https://")

    def page(
        self,
        request: Request,
        template: str,
        status: int = 200,
        *,
        form: str = "",
        agent: Agent | None = None,
        **context: Any,
    ) -> HTMLResponse:
        """A page from `portal/TEMPLATE.html.j2`; `form` is the path that its forms post to.

        `agent` is who is signed in, on a page for agents; it has a form to sign out.
        """
        visitor = request.cookies.get(COOKIE, "")
        fresh = not _is_word(visitor) and bool(form or agent)
        if fresh:
            visitor = self.desk.new_token()
        text = self._environment.get_template(f"portal/{template}.html.j2").render(
            context,
            path=request.url.path,
            now=self.desk.now(),
            form_action=form,
            form_token=self.form_token(visitor, form) if form else "",
            agent=agent,
            leave=SIGN_OUT,
            leave_token=self.form_token(visitor, SIGN_OUT) if agent else "",
        )
        response = HTMLResponse(text, status)
        if fresh:
            response.set_cookie(
                COOKIE, visitor, httponly=True, samesite="lax", secure=self.secure, path="/"
            )
        return response

    def phrase(self, name: str, *values: object) -> str:
        """A phrase of the words, as plain text, for what is stored rather than shown."""
        words = self._environment.get_template(str(self._environment.globals["words_file"])).module
        return html.unescape(str(getattr(words, name)(*values)))

    def form_token(self, visitor: str, path: str) -> str:
        """The hidden field of a form: when it was shown, a random key, our signature."""
        shown, key = str(int(self.desk.now().timestamp())), self.desk.new_token()
        return f"{shown}.{key}.{self.signer.sign('form', visitor, path, shown, key)}"

    def form_key(self, request: Request, token: str) -> tuple[str, int] | None:
        """(key, Unix time) of a form that this browser was shown for this path; else None."""
        visitor = request.cookies.get(COOKIE, "")
        shown, _, rest = token.partition(".")
        key, _, signature = rest.partition(".")
        known = self.signer.holds(signature, "form", visitor, request.url.path, shown, key)
        if not _is_word(visitor) or not known:
            return None
        return key, int(shown)


def _is_word(visitor: str) -> bool:
    return 20 <= len(visitor) <= 60 and visitor.isascii()


def _environment(desk: Desk) -> Environment:
    config = desk.config
    locale, zone = Locale.parse(config.desk.language), ZoneInfo(config.desk.timezone)
    shipped = Path(str(files("templates").joinpath("portal"))).parent
    places = [*([config.templates] if config.templates else []), shipped]
    environment = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(places), PrefixLoader({"shipped": FileSystemLoader(shipped)})]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    def local(moment: datetime, patterns: tuple[str, str]) -> str:
        """The moment in the desk's zone; the second pattern is for the first of a month."""
        here = moment.astimezone(zone)
        return format_datetime(here, patterns[here.day == 1], locale=locale)

    environment.globals.update(
        language=config.desk.language,
        words_file=f"portal/{config.desk.language}/words.j2",
        city=city(zone, locale),
        desk_name=config.desk.name,
        desk_address=config.desk.address,
        upload_limit=config.limits.upload,
    )
    environment.filters.update(
        local=local,
        clock=lambda moment: moment.astimezone(zone).strftime("%H:%M"),
        iso=lambda moment: moment.astimezone(zone).isoformat(timespec="minutes"),
        noon=lambda day: datetime.combine(day, time(12), zone),  # of a bare day
        size=lambda count: file_size(count, locale),
        stanzas=stanzas,
        breaks=breaks,
        number=lambda count: format_decimal(count, locale=locale),
        percent=lambda share: format_percent(share, locale=locale),
        minutes=lambda span: round(span.total_seconds() / 60),
    )
    return environment
