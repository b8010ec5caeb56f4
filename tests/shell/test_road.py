"""The seed's story as far as mail alone tells it: rows 1, 2, 4 and 5, over real servers."""

import pytest

from rules.model import EntryKind
from tests.clients import CLIENTS, answer, new
from tests.desk import MARIE, RH, SEB, TestDesk, body, heads, reference, subject

TITLE = "Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08"
REQUEST = "Bonjour,\n\nJean MARTIN arrive à Toulouse le 1er août.\nMerci de préparer son poste."
QUESTION = (
    "Bonjour Marie,\n\nQuelles sont les dates du contrat, et sur quel PC sera-t-il installé ?"
)
ANSWER = "Du 1er août au 31 janvier, sur le TLS-PC-07."
CONFIRMED = "Nous confirmons l'embauche de Jean MARTIN."


def tagged(tag: str) -> str:
    return f"[FRAM][#1898][{tag}] {TITLE}"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_story(desk: TestDesk, client: str) -> None:
    # 1: Marie writes to the support address, RH in copy.
    request = new(MARIE, TITLE, REQUEST, message_id="<request@client.example>", Cc=f"RH <{RH}>")
    desk.deliver(request)
    to_marie, to_seb = desk.once()
    assert heads([to_marie, to_seb]) == [(MARIE, tagged("Nouveau")), (SEB, tagged("Nouveau"))]
    assert "1898" in body(to_marie)
    assert "Jean MARTIN arrive à Toulouse" in body(to_seb)
    assert "RH" in body(to_seb)

    # 2: Sébastien asks back, which makes the ticket his.
    desk.deliver(answer(to_seb, SEB, QUESTION, client))
    (asked,) = desk.once()
    assert heads([asked]) == [(MARIE, tagged("Note/Réponse"))]
    assert "Quelles sont les dates du contrat" in body(asked)
    assert "Sébastien" in asked.message["From"] or "S=C3=A9bastien" in asked.message["From"]
    assert "Jean MARTIN arrive à Toulouse" not in body(asked), "a quote was relayed"
    (ticket,) = desk.tickets()
    assert (ticket.state, ticket.owner) == ("open", SEB)

    # 4: Marie answers by mail.
    desk.deliver(answer(asked, MARIE, ANSWER, client))
    (told,) = desk.once()
    assert heads([told]) == [(SEB, tagged("Note"))]
    assert "TLS-PC-07" in body(told)

    # 5: RH answers all to Marie's own mail, which is all that RH has.
    desk.deliver(
        new(RH, f"RE: {TITLE}", CONFIRMED, Cc=MARIE, In_Reply_To="<request@client.example>")
    )
    mails = desk.once()
    assert heads(mails) == [(MARIE, tagged("Note")), (SEB, tagged("Note"))]
    assert all(CONFIRMED in body(mail) for mail in mails)

    history = desk.history()
    assert [entry.kind for entry in history] == [
        EntryKind.OPENING,
        EntryKind.NOTE,
        EntryKind.STATE,
        EntryKind.NOTE,
        EntryKind.NOTE,
    ]
    assert [entry.text for entry in history] == [REQUEST, QUESTION, "open", ANSWER, CONFIRMED]
    assert [entry.verified for entry in history] == [True, True, True, True, False]
    assert desk.folders() == {"INBOX": 0, "Done": 4, "Held": 0}


@pytest.mark.parametrize("client", CLIENTS)
def test_every_mail_of_ours_carries_its_reference_three_ways(desk: TestDesk, client: str) -> None:
    desk.deliver(new(MARIE, TITLE, REQUEST, message_id="<request@client.example>"))
    to_marie, _ = desk.once()
    ours = reference(to_marie)
    assert to_marie.message["Message-ID"] == f"<{ours}@fram.example>"
    assert to_marie.message["References"].split() == [
        f"<{ours}.r@fram.example>",
        "<request@client.example>",
    ]
    assert body(to_marie).rstrip().splitlines()[-1] == f"Réf. {ours}"
    assert ours in body(to_marie, "text/html")
    assert subject(to_marie) == tagged("Nouveau")
    # The thread that a client sees: our next mail descends from what Marie has.
    desk.deliver(answer(desk.sink.to(SEB)[0], SEB, QUESTION, client))
    (asked,) = desk.once()
    assert asked.message["References"].split()[1:] == [
        "<request@client.example>",
        f"<{ours}@fram.example>",
    ]
    assert asked.message["In-Reply-To"] == f"<{ours}@fram.example>"
