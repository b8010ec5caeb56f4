"""Senders who look like somebody else: agents are warned, on the entry, and nobody else is."""

import json
from collections.abc import Callable

import pytest

from rules.model import Alike
from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body
from tests.process import mailgate

EVE = "eve@elsewhere.example"
ODD: dict[str, tuple[Callable[[], bytes], Alike, str]] = {
    "an agent's address in the name": (
        lambda: new(f'"{SEB}" <{EVE}>', "Accès", "Ouvrez-moi.", message_id="<odd@x>"),
        Alike.ADDRESS_IN_NAME,
        f"le nom de l'expéditeur contient une autre adresse que la sienne, {SEB}",
    ),
    "the desk's domain in Punycode": (
        lambda: new("it@xn--frm-7cd.example", "Accès", "Ouvrez-moi.", message_id="<odd@x>"),
        Alike.CONFUSABLE,
        "ressemble à fram.example sans l'être",
    ),
    "a domain in two alphabets": (
        lambda: new("x@xn--pypal-4ve.example", "Accès", "Ouvrez-moi.", message_id="<odd@x>"),
        Alike.DISGUISED,
        "il se lit « paypal.example »",
    ),
    "an agent's name": (
        lambda: new(f"Sebastien <{EVE}>", "Accès", "Ouvrez-moi.", message_id="<odd@x>"),
        Alike.KNOWN_NAME,
        f"Sebastien est ici le nom de {SEB}",
    ),
    "two addresses in From": (
        lambda: new(f"{EVE}, {MARIE}", "Accès", "Ouvrez-moi.", message_id="<odd@x>"),
        Alike.SEVERAL_FROM,
        f"plusieurs expéditeurs, aussi {MARIE}",
    ),
    "two From headers": (
        lambda: (
            f"From: {MARIE}\r\n".encode() + new(EVE, "Accès", "Ouvrez-moi.", message_id="<odd@x>")
        ),
        Alike.SEVERAL_FROM,
        f"plusieurs expéditeurs, aussi {EVE}",
    ),
}


@pytest.mark.parametrize(("mail", "kind", "words"), ODD.values(), ids=ODD)
def test_agents_are_warned_and_nobody_else(
    desk: TestDesk, mail: Callable[[], bytes], kind: Alike, words: str
) -> None:
    desk.deliver(mail())
    sent = desk.once()
    (told,) = [one for one in sent if one.recipients == (SEB,)]
    assert words in " ".join(body(told).split())
    assert "Attention" in body(told, "text/html")
    for other in sent:
        assert other is told or "Attention" not in body(other) + body(other, "text/html")
    assert [one.kind for one in desk.history()[0].lookalikes] == [kind]


def test_the_terminal_says_so_too(desk: TestDesk) -> None:
    desk.deliver(new(f"Sebastien <{EVE}>", "Accès", "Ouvrez-moi.", message_id="<odd@x>"))
    desk.once()
    words = f"Sebastien is the name of {SEB}, whose address this is not"
    config = ("--config", str(desk.path))
    assert f"  warning: {words}" in mailgate("why", "odd@x", *config).stdout
    assert f"    warning: {words}" in mailgate("ticket", "show", "1898", *config).stdout
    shown = json.loads(mailgate("ticket", "show", "1898", "--json", *config).stdout)
    assert shown["entries"][0]["warnings"] == [words]


def test_a_new_address_under_a_name_of_the_ticket(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    to_marie, _ = desk.once()
    desk.deliver(answer(to_marie, "Marie DUPONT <marie@perso.example>", "De chez moi."))
    (told,) = desk.once()
    assert told.recipients == (SEB,)
    assert f"Marie DUPONT est ici le nom de {MARIE}" in " ".join(body(told).split())
    desk.deliver(answer(told, SEB, "Bien reçu."))
    assert [m.recipients for m in desk.once()] == [(MARIE,)], "a warning decides nothing"


def test_who_is_known_by_that_address_is_no_surprise(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    to_marie, _ = desk.once()
    desk.deliver(answer(to_marie, MARIE, "Toujours."))
    desk.once()
    assert [entry.lookalikes for entry in desk.history()] == [(), ()]
