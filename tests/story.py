"""Ticket 1898 in the middle of its life, and eyes for what a mail of ours must not show.

Marie asks, Sébastien owns the ticket and has passed a question on to RH, Nadia (an agent too) has
written an internal note. Every mail carries a link of its reader's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from email.message import Message

from sqlalchemy import select
from sqlmodel import col

from store.db import Database
from store.tables import Outbox, Participant
from tests.clients import answer, new
from tests.desk import MARIE, NADIA, RH, SEB, TestDesk, reference, subject
from tests.servers.smtp_sink import Mail

EVE, PAUL = "eve@elsewhere.example", "paul@fram.example"
PORTAL = "https://support.fram.example"
FIRST = "first@client.example"  # the Message-ID of Marie's request
NUMBER = "[FRAM][#1898]"

# The internal note. Each of its lines is looked for, so each must be found nowhere else.
SECRET = (
    "Marie avait déjà cassé celle du deuxième étage au mois de mars dernier.\n"
    "La direction ne veut surtout pas qu'elle apprenne le prix du nouveau contrat.\n"
    "Budget caché : 4711 euros."
)
_PIECE = 20  # squeezed characters
_ASKED = {"waiting": "#attente\n", "open": "", "resolved": "#résolu\n", "closed": "#clôturé\n"}


@dataclass(frozen=True)
class Story:
    """The mails of ours that everybody has, the last one each."""

    desk: TestDesk
    marie: Mail  # the question, or the solution
    sebastien: Mail  # of the opening
    internal: Mail  # Nadia's note, to Sébastien
    nadia: Mail  # of the opening
    rh: Mail  # the transfer

    def references(self) -> dict[str, str]:
        mails = {
            "marie": self.marie,
            "seb": self.sebastien,
            "internal": self.internal,
            "nadia": self.nadia,
            "rh": self.rh,
        }
        return {name: reference(mail) for name, mail in mails.items()}


def tell(desk: TestDesk, state: str = "waiting", more: str = "") -> Story:
    """The story up to `state`; `more` is appended to the desk's config.toml."""
    nadia = f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n'
    configure(desk, f'{nadia}[portal]\nurl = "{PORTAL}"\n{more}')
    desk.deliver(new(MARIE, "Imprimante", "Elle est en panne.", message_id=f"<{FIRST}>"))
    opened = {mail.recipients[0]: mail for mail in desk.once()}
    desk.deliver(
        answer(opened[SEB], SEB, f"#transfert {RH}\nQui est du deuxième étage ?"),
        answer(opened[NADIA], NADIA, f"#interne\n{SECRET}"),
        answer(opened[SEB], SEB, f"{_ASKED[state]}Est-ce réparé chez vous ?"),
    )
    to_rh, internal, *asked = desk.once()
    assert [mail.recipients for mail in (to_rh, internal)] == [(RH,), (SEB,)]
    assert {mail.recipients for mail in asked} == {(MARIE,)}
    (ticket,) = desk.tickets()
    assert (ticket.state, ticket.owner) == (state, SEB)
    return Story(desk, asked[-1], opened[SEB], internal, opened[NADIA], to_rh)


def configure(desk: TestDesk, more: str) -> None:
    desk.path.write_text(desk.path.read_text("utf-8") + more, "utf-8")


def told(mails: list[Mail]) -> list[tuple[str, str]]:
    """(recipient, third bracket of the subject) of each mail, in order."""
    found = []
    for mail in mails:
        match = re.fullmatch(r"\[FRAM\]\[#\d+\]\[([^]]+)\] .*", subject(mail))
        assert match, subject(mail)
        found.append((mail.recipients[0], match[1]))
    return found


def leaks(desk: TestDesk, mails: list[Mail], words: str = SECRET) -> list[str]:
    """What these mails show to readers who are no agents and must not see it.

    Any piece of `words`, the reference and the link of anybody else, wherever they stand:
    in a header, in a body, in a file, in a mail that is attached.
    """
    agents = {agent.address for agent in desk.config.policy.agents}
    found = []
    for mail in mails:
        (reader,) = mail.recipients
        if reader in agents:
            continue
        shown = shows(mail)
        found += [
            f"{reader}: {whose}'s {key}"
            for key, whose in keys(desk)
            if whose != reader and squeezed(key) in shown
        ]
        found += [f"{reader}: {piece}" for piece in pieces(words) if piece in shown]
    return found


def keys(desk: TestDesk) -> list[tuple[str, str]]:
    """Every reference and every link's token that the desk gave out, with its holder."""
    with Database(desk.config.database_url).reading() as tx:
        return [
            *map(tuple, tx.all(select(col(Outbox.reference), col(Outbox.recipient)))),
            *map(tuple, tx.all(select(col(Participant.token), col(Participant.address)))),
        ]


def pieces(words: str) -> set[str]:
    """All that by which a line of `words` is known again, cut and wrapped as it may be."""
    lines = [squeezed(line) for line in words.splitlines()]
    return {line[at : at + _PIECE] for line in lines for at in range(len(line) - _PIECE + 1)}


def shows(mail: Mail) -> str:
    """All that can be read in a mail, files and attached mails too, squeezed."""
    return squeezed("\n".join([mail.raw.decode("latin-1"), *_texts(mail.message)]))


def squeezed(text: str) -> str:
    """Without blanks, quote marks and case: wrapped in other places it is the same."""
    return "".join(re.split(r"[\s>|]+", text.casefold()))


def _texts(message: Message) -> list[str]:
    found = []
    for part in message.walk():
        for _, value in part.items():
            found.append(str(make_header(decode_header(str(value)))))
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            # Files come in any encoding; a UTF-16 one is ASCII with zeros between.
            found += [data.decode("utf-8", "replace"), data.replace(b"\0", b"").decode("latin-1")]
    return found
