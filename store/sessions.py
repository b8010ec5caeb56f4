"""What lets agents into the board: the links they are mailed, and the sessions these open.

Only digests are kept, and the mail with a link until it is sent: whoever reads the database later
cannot sign in with what it holds.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, delete, insert, select
from sqlmodel import col

from store.tables import AgentToken
from store.work import Transaction

_KNOWN = (
    col(AgentToken.digest) == bindparam("b_digest"),
    col(AgentToken.purpose) == bindparam("b_purpose"),
    col(AgentToken.expires_at) > bindparam("b_now"),
)
_HOLDER = select(col(AgentToken.agent)).where(*_KNOWN)
_USED = delete(AgentToken).where(*_KNOWN)
_EXPIRED = delete(AgentToken).where(col(AgentToken.expires_at) <= bindparam("b_now"))


class Purpose(StrEnum):
    SIGN_IN = "sign-in"  # a mailed link, good for one sign-in
    SESSION = "session"  # of a browser


def grant(
    tx: Transaction, purpose: Purpose, token: str, agent: str, now: datetime, until: datetime
) -> None:
    """Notes that `token` is this agent's (address) until then; what has expired is forgotten."""
    tx.run(_EXPIRED, {"b_now": now})
    row = {"digest": _digest(token), "purpose": purpose, "agent": agent, "expires_at": until}
    tx.run(insert(AgentToken), row)


def holder(tx: Transaction, purpose: Purpose, token: str, now: datetime) -> str:
    """The address of the agent who was given this token; "" for any that is not valid now."""
    row = tx.first(_HOLDER, b_digest=_digest(token), b_purpose=purpose, b_now=now)
    return str(row[0]) if row else ""


def use(tx: Transaction, purpose: Purpose, token: str, now: datetime) -> bool:
    """Ends a token; False for one that was not valid any more."""
    found = {"b_digest": _digest(token), "b_purpose": purpose, "b_now": now}
    return tx.run(_USED, found) > 0


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
