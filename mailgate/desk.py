"""What one desk works with. Made once by daemon.py, handed to every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailgate.config import Config
from mailgate.render import Renderer
from rules.policy import Policy
from store.db import Database


@dataclass(frozen=True, slots=True)
class Desk:
    config: Config
    db: Database
    renderer: Renderer
    now: Callable[[], datetime]  # aware, UTC
    new_reference: Callable[[], str]  # rules.reference.encode of 16 random bytes
    new_token: Callable[[], str]  # for links, 128 random bits or more

    @property
    def policy(self) -> Policy:
        return self.config.policy
