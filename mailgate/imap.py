"""The mailbox, over IMAP (RFC 3501): what waits, its bytes, and where it goes afterwards.

Mails are found by UID and never by the Seen flag, since people may read the
mailbox. Nothing is expunged but the very mails that were copied away. One
object is one connection: after GoneError it is thrown away and made anew.
"""

# Length: every command that the desk gives an IMAP server, on one class.
from __future__ import annotations

import socket
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailgate.config.models import Imap
from rules.model import Copy

BATCH_MAILS = 80  # mails in one FETCH
BATCH_BYTES = 8_000_000  # bytes in one FETCH, unless one mail alone is larger
TIMEOUT = 60.0  # seconds that a silent server is waited for
IDLE_SECONDS = 15.0  # an EXISTS in the packet of "+ idling" is not seen, so IDLE is kept short
_GLANCE = 0.5  # seconds between two looks at the stop signal while idling
_PATIENCE = 5  # times that one mail alone may end the connection before it is given up
_HELD_SCAN = 200  # mails of the held folder that are compared byte by byte
_HEADER_BYTES = 64_000  # what the header of a mail too large is counted as

Auth = Callable[[IMAPClient], None]


class GoneError(Exception):
    """The server went away, does not answer or speaks nonsense: connect again later."""


class RefusedError(Exception):
    """The server says no: to a login or a folder. An admin must look, but it may pass."""


def password_auth(user: str, password: str) -> Auth:
    """The seam for logins: LOGIN with a password (RFC 3501 section 6.2.3)."""

    def login(client: IMAPClient) -> None:
        client.login(user, password)

    return login


class Mailbox:
    """The desk's folders on one connection. Not thread-safe."""

    def __init__(
        self, client: IMAPClient, config: Imap, trouble: Counter[int], *, readonly: bool = False
    ) -> None:
        """`client` is logged in. `trouble` outlives the connection: UID -> lost FETCHes.

        `readonly` makes no folder.
        """
        self._client = client
        self._trouble = trouble
        client.normalise_times = False  # INTERNALDATE with its zone
        capabilities = client.capabilities()
        self._can_move = b"MOVE" in capabilities  # RFC 6851
        self._can_expunge_one = b"UIDPLUS" in capabilities  # RFC 4315
        self._can_idle = b"IDLE" in capabilities  # RFC 2177
        prefix = _prefix(client) if b"NAMESPACE" in capabilities else ""
        self.done = _below(prefix, config.done)
        self.held = _below(prefix, config.held)
        for folder in (self.done, self.held):
            if not readonly and not client.folder_exists(folder):
                client.create_folder(folder)
                client.subscribe_folder(folder)
        self.inbox = config.inbox
        state: dict[bytes, Any] = client.select_folder(config.inbox, readonly=readonly)
        self.uidvalidity = int(state[b"UIDVALIDITY"])
        self.uidnext = int(state.get(b"UIDNEXT") or 0) or max(self.search(), default=0) + 1

    def search(self) -> list[int]:
        """The UIDs of the inbox's mails that are not marked as deleted, ascending."""
        with errors():
            return sorted(self._client.search("UNDELETED"))

    def fetch(self, uids: Sequence[int], limit: int) -> list[Copy]:
        """The first of these mails, as many as make one batch.

        A mail over `limit` bytes comes as its header, one that vanished is left
        out, and one that the server will not hand out comes without bytes.
        """
        easy = [uid for uid in uids if not self._trouble[uid]]
        asked = easy[:BATCH_MAILS] or list(uids[:1])
        if self._trouble[asked[0]] >= _PATIENCE:
            return [Copy(asked[0], None, b"", 0, whole=False)]
        try:
            with errors():
                copies = self._copies(asked, limit)
        except (GoneError, RefusedError) as error:
            self._trouble.update(asked)
            raise GoneError(str(error)) from error
        return copies

    def _copies(self, asked: list[int], limit: int) -> list[Copy]:
        facts = self._client.fetch(asked, ["RFC822.SIZE", "INTERNALDATE"])
        sizes = {uid: int(facts[uid][b"RFC822.SIZE"]) for uid in asked if uid in facts}
        whole, large = plan(sizes, limit)
        bodies = self._bodies(whole, "BODY.PEEK[]", b"BODY[]")
        bodies |= self._bodies(large, "BODY.PEEK[HEADER]", b"BODY[HEADER]")
        # A server may list a mail and have no body for it, or an empty one.
        given = {uid: body for uid, body in bodies.items() if body or not sizes[uid]}
        self._trouble.update(uid for uid in (*whole, *large) if uid not in given)
        self._trouble.update(uid for uid in asked if uid not in sizes)
        return [
            Copy(uid, _received(facts[uid]), given[uid], sizes[uid], uid not in large)
            for uid in sorted(given)
        ]

    def move(self, uids: Collection[int], folder: str, source: str = "") -> None:
        """Moves mails out of the inbox, or out of `source`, which is selected for it.

        Without MOVE they are copied and marked as deleted; they are expunged only
        where the server can expunge these alone, for a plain EXPUNGE would remove
        what other people marked.
        """
        if not uids:
            return
        with errors(), self._selected(source):
            if self._can_move:
                self._client.move(list(uids), folder)
                return
            self._client.copy(list(uids), folder)
            self._client.delete_messages(list(uids))
            if self._can_expunge_one:
                self._client.uid_expunge(list(uids))

    def find_held(self, raw: bytes, whole: bool) -> list[int]:
        """The UIDs in the held folder whose mail is exactly these bytes (or this header)."""
        part, key = ("BODY.PEEK[]", b"BODY[]") if whole else ("BODY.PEEK[HEADER]", b"BODY[HEADER]")
        if not raw:
            return []  # it was held because the server did not hand it out
        with errors(), self._selected(self.held):
            uids = self._client.search("UNDELETED")
            if whole and uids:
                # Some servers give a size that is not the number of bytes: those come last.
                facts = self._client.fetch(uids, ["RFC822.SIZE"])
                same = [u for u in uids if u in facts and facts[u][b"RFC822.SIZE"] == len(raw)]
                uids = same or uids[-_HELD_SCAN:]
            return [uid for uid in uids if self._body(uid, part, key) == raw]

    def titled(self, words: str, folder: str) -> tuple[list[int], bytes | None]:
        """The UIDs of a folder's mails with these ASCII words in their subject, and the bytes of
        the first one; none where there is no such folder or mail."""
        with errors():
            if not self._client.folder_exists(folder):
                return [], None
            self._client.select_folder(folder, readonly=True)
            uids = sorted(self._client.search(["UNDELETED", "SUBJECT", words]))
            return uids, self._body(uids[0], "BODY.PEEK[]", b"BODY[]") if uids else None

    def older_than(self, moment: datetime) -> int:
        """How many of the inbox's mails the server received before `moment` (aware)."""
        with errors():
            day = (moment + timedelta(days=2)).date()  # SEARCH BEFORE knows days of any zone
            uids = self._client.search(["UNDELETED", "BEFORE", day])
            facts = self._client.fetch(uids, ["INTERNALDATE"]) if uids else {}
            return sum(fact[b"INTERNALDATE"] < moment for fact in facts.values())

    def wait(self, stop: Event) -> None:
        """Returns when something may have arrived, `stop` is set, or 15 seconds are over."""
        if not self._can_idle:
            stop.wait(IDLE_SECONDS)
            with errors():
                self._client.noop()
            return
        with errors():
            self._client.idle()
            # After the server's EOF idle_check answers at once and empty for ever: the
            # number of turns bounds that too, and idle_done then says that it is gone.
            for _ in range(int(IDLE_SECONDS / _GLANCE)):
                if self._client.idle_check(timeout=_GLANCE) or stop.is_set():
                    break
            self._client.idle_done()

    def _bodies(self, uids: Collection[int], part: str, key: bytes) -> dict[int, bytes]:
        if not uids:
            return {}
        found = self._client.fetch(list(uids), [part])
        # A mail may have vanished, or come without a body where its file is gone.
        return {
            uid: found[uid][key] for uid in uids if uid in found and found[uid].get(key) is not None
        }

    def _body(self, uid: int, part: str, key: bytes) -> bytes | None:
        try:
            return self._bodies([uid], part, key).get(uid)
        except IMAPClientAbortError:
            raise
        except IMAPClientError:  # NO: this one mail is not handed out
            return None

    @contextmanager
    def _selected(self, folder: str) -> Iterator[None]:
        if not folder:
            yield
            return
        self._client.select_folder(folder)
        try:
            yield
        finally:
            self._client.select_folder(self.inbox)


def _received(facts: dict[bytes, Any]) -> datetime | None:
    """INTERNALDATE in UTC: imapclient's own time zones cannot be pickled."""
    moment: datetime | None = facts.get(b"INTERNALDATE")
    return moment and moment.astimezone(UTC)


def plan(sizes: dict[int, int], limit: int) -> tuple[list[int], list[int]]:
    """The first mails that fit one batch: (UIDs to fetch whole, UIDs too large)."""
    whole: list[int] = []
    large: list[int] = []
    total = 0
    for uid, size in sizes.items():
        total += min(size, _HEADER_BYTES) if size > limit else size
        if total > BATCH_BYTES and (whole or large):
            break
        (large if size > limit else whole).append(uid)
    return whole, large


@contextmanager
def connect(
    config: Imap,
    auth: Auth,
    trouble: Counter[int],
    tls: ssl.SSLContext | None = None,
    *,
    readonly: bool = False,
) -> Iterator[Mailbox]:
    """A mailbox that is logged in, with its folders made and the inbox selected.

    `tls` is the context for certificates; None for the system's. A failed STARTTLS
    is an error, never clear text (RFC 8314). Raises GoneError or RefusedError.
    """
    # Where no TLS is spoken, reading the system's certificates would cost 80 ms for nothing.
    context = tls if tls or config.tls == "none" else ssl.create_default_context()
    implicit = config.tls == "implicit"
    with errors(f"{config.host}:{config.port}"):
        client = IMAPClient(
            config.host,
            port=config.port,
            ssl=implicit,
            ssl_context=context if implicit else None,
            timeout=TIMEOUT,
        )
    try:
        with errors(f"{config.host}:{config.port}"):
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if config.tls == "starttls":
                client.starttls(context)
            auth(client)
            mailbox = Mailbox(client, config, trouble, readonly=readonly)
        yield mailbox
        with errors():
            client.logout()
    finally:
        with suppress(OSError):  # after a logout the socket is gone
            client.shutdown()


@contextmanager
def errors(server: str = "") -> Iterator[None]:
    """Everything that imapclient and sockets raise, as GoneError or RefusedError."""
    who = f"the IMAP server {server}".rstrip()
    try:
        yield
    except LoginError as error:
        raise RefusedError(f"{who} refuses the login: {_words(error)}") from error
    except IMAPClientAbortError as error:
        raise GoneError(f"{who} went away: {_words(error)}") from error
    except IMAPClientError as error:
        raise RefusedError(f"{who} says no: {_words(error)}") from error
    except ssl.SSLError as error:
        raise GoneError(
            f"{who} and TLS do not get on ({error.reason or _words(error)}); "
            "are [imap] tls and port right?"
        ) from error
    except OSError as error:
        raise GoneError(f"{who} cannot be reached: {_words(error)}") from error
    except (KeyError, ValueError, IndexError, TypeError, AttributeError) as error:
        # Half an answer: imapclient trips over what a dying server leaves.
        raise GoneError(f"{who} gave an answer that makes no sense: {error!r}") from error


def _words(error: Exception) -> str:
    words = str(error).removeprefix("b'").removesuffix("'")
    return "".join(c if c.isprintable() else " " for c in words)[:300] or type(error).__name__


def _prefix(client: IMAPClient) -> str:
    """The prefix that one's own folders need, such as "INBOX." (RFC 2342)."""
    personal = client.namespace().personal
    return str(personal[0][0] or "") if personal else ""


def _below(prefix: str, folder: str) -> str:
    return folder if folder.startswith(prefix) else prefix + folder
