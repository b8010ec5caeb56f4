"""What one desk works with. Made once by daemon.py, handed to every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailgate import authentication
from mailgate.config import Config
from mailgate.reading import Reading, Wanted
from mailgate.render import Renderer
from mailgate.screening import Screen
from mailgate.worker import Copies, Settings, Worker
from rules.policy import Policy
from store.db import Database


@dataclass(frozen=True, slots=True)
class Desk:
    config: Config
    db: Database
    renderer: Renderer
    worker: Worker
    screen: Screen
    now: Callable[[], datetime]  # aware, UTC
    new_reference: Callable[[], str]  # rules.reference.encode of 16 random bytes
    new_token: Callable[[], str]  # for links, 128 random bits or more

    def read(self, copies: Copies) -> Callable[[], list[Reading]]:
        """Has copies read; what it returns waits for them, and says what of them is kept
        back: that may ask a scanner, so no transaction stands around it."""
        ordered = self.worker.read(copies)
        return lambda: [self.screen.of(one, self.worker.wanted) for one in ordered()]

    @property
    def policy(self) -> Policy:
        return self.config.policy


def render_settings(config: Config) -> Settings:
    """What the renderer of this desk's mails is made of."""
    desk = config.desk
    return Settings(
        desk.language, desk.timezone, desk.name, desk.address, config.portal.url, config.templates
    )


def new_worker(config: Config) -> Worker:
    """The worker of this desk, not started."""
    wanted = Wanted(authentication.headers(config.trust), config.smtp.attach_limit)
    return Worker(render_settings(config), wanted)
