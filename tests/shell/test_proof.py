"""Proof of an agent: what gives it, what takes it away, and the answer that brings it later."""

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, NADIA, SEB, TestDesk, body, heads, reference, subject
from tests.servers.smtp_sink import Mail

EVE = "eve@elsewhere.example"
TAG = "Re: [FRAM][#1898] Imprimante"


@pytest.fixture
def opened(desk: TestDesk) -> tuple[TestDesk, Mail]:
    """A desk with ticket 1898 of Marie, and Sébastien's mail of it."""
    desk.deliver(new(MARIE, "Imprimante", "En panne.", message_id="<first@client.example>"))
    return desk, desk.once()[1]


def trust(desk: TestDesk, **keys: str) -> None:
    lines = "".join(f"{name} = {value}\n" for name, value in keys.items())
    desk.path.write_text(desk.path.read_text("utf-8") + f"[trust]\n{lines}", "utf-8")


def to_marie(desk: TestDesk) -> list[str]:
    return [body(mail) for mail in desk.once() if mail.recipients == (MARIE,)]


def test_an_unproven_mail_is_applied_once_by_the_answer_that_proves_it(
    opened: tuple[TestDesk, Mail],
) -> None:
    desk, _ = opened
    desk.deliver(new(SEB, TAG, "#attente\nQuel étage ?"))
    (trouble,) = desk.once()
    assert subject(trouble) == "[FRAM][#1898][Anomalie] Imprimante"
    assert trouble.recipients == (SEB,)
    assert desk.tickets()[0].state == "new"

    desk.deliver(answer(trouble, SEB, "Oui, c'est moi."))
    (asked,) = desk.once()
    assert heads([asked]) == [(MARIE, "[FRAM][#1898][Note] Imprimante")]
    assert "Quel étage ?" in body(asked)
    assert "c'est moi" not in body(asked)
    assert desk.tickets()[0].state == "waiting"

    desk.deliver(answer(trouble, SEB, "Encore moi."))
    assert to_marie(desk) == []


def test_an_absence_confirms_nothing(opened: tuple[TestDesk, Mail]) -> None:
    desk, _ = opened
    desk.deliver(new(SEB, TAG, "#clôturé\nFini."))
    (trouble,) = desk.once()
    desk.deliver(answer(trouble, SEB, "Je suis absent.", Auto_Submitted="auto-replied"))
    assert desk.once() == []
    assert desk.tickets()[0].state == "new"


def test_nobody_else_confirms(opened: tuple[TestDesk, Mail]) -> None:
    desk, _ = opened
    desk.deliver(new(SEB, TAG, "#clôturé\nFini."))
    (trouble,) = desk.once()
    desk.deliver(new(EVE, "x", "Oui.", In_Reply_To=f"<{reference(trouble)}@fram.example>"))
    assert to_marie(desk) == []
    assert desk.tickets()[0].state == "new"


def test_a_reference_that_went_outside_counts_once_more_and_never_again(
    opened: tuple[TestDesk, Mail],
) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, f"#réponse {EVE}\nVoyez avec Eve.", Cc=EVE))
    assert [mail.recipients[0] for mail in desk.once()] == [MARIE, EVE]
    ref = reference(to_seb)
    desk.deliver(new(SEB, "x", "Donnez tout à Eve.", In_Reply_To=f"<{ref}@fram.example>"))
    (trouble,) = desk.once()
    assert heads([trouble]) == [(SEB, "[FRAM][#1898][Anomalie] Imprimante")]


def test_a_reference_that_a_stranger_cites_is_spent(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(new(EVE, "x", "Bonjour.", In_Reply_To=f"<{reference(to_seb)}@fram.example>"))
    desk.once()
    desk.deliver(answer(to_seb, SEB, "Donnez tout."))
    assert to_marie(desk) == []


def test_a_colleague_among_the_agents_spends_nothing(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.path.write_text(
        desk.path.read_text("utf-8") + f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n', "utf-8"
    )
    desk.deliver(answer(to_seb, SEB, "Voyez.", Cc=NADIA))
    assert len(to_marie(desk)) == 1
    desk.deliver(answer(to_seb, SEB, "Et encore."))
    assert len(to_marie(desk)) == 1


PASS = "mx.fram.example; dmarc=pass header.from=fram.example"


@pytest.mark.parametrize(
    ("header", "obeyed"),
    [
        pytest.param(PASS, True, id="our server's pass"),
        pytest.param(PASS.replace("mx.fram", "mx.evil"), False, id="another server's pass"),
        pytest.param(
            PASS.replace("header.from=fram", "header.from=evil"), False, id="of another domain"
        ),
        pytest.param(PASS.replace("pass", "fail"), False, id="our server's fail"),
        pytest.param("mx.fram.example; spf=pass smtp.mailfrom=fram.example", False, id="spf"),
    ],
)
def test_our_own_server_vouches(opened: tuple[TestDesk, Mail], header: str, obeyed: bool) -> None:
    desk, _ = opened
    trust(desk, authserv_id='"mx.fram.example"')
    desk.deliver(new(SEB, TAG, "#clôturé\nFini.", Authentication_Results=header))
    assert (len(to_marie(desk)) > 0) == obeyed
    assert desk.tickets()[0].state == ("closed" if obeyed else "new")


def test_the_servers_fail_refuses_whatever_is_cited(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    trust(desk, authserv_id='"mx.fram.example"')
    failed = PASS.replace("pass", "fail")
    desk.deliver(answer(to_seb, SEB, "#clôturé\nFini.", Authentication_Results=failed))
    assert to_marie(desk) == []


def test_required_refuses_without_the_servers_pass(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    trust(desk, authserv_id='"mx.fram.example"', required="true")
    desk.deliver(answer(to_seb, SEB, "Sans l'avis du serveur."))
    assert to_marie(desk) == []
    desk.deliver(answer(to_seb, SEB, "Avec.", Authentication_Results=PASS))
    assert len(to_marie(desk)) == 1


def test_accept_takes_a_header_that_the_server_sets(opened: tuple[TestDesk, Mail]) -> None:
    desk, _ = opened
    trust(desk, accept='"X-MS-Exchange-Organization-AuthAs: Internal"')
    headers = {"X_MS_Exchange_Organization_AuthAs": "Anonymous"}
    desk.deliver(new(SEB, TAG, "#clôturé\nFini.", **headers))
    assert to_marie(desk) == []
    headers = {"X_MS_Exchange_Organization_AuthAs": "Internal"}
    desk.deliver(new(SEB, TAG, "#clôturé\nFini.", **headers))
    assert desk.once()
    assert desk.tickets()[0].state == "closed"


def test_obey_takes_from_at_its_word(opened: tuple[TestDesk, Mail]) -> None:
    desk, _ = opened
    trust(desk, unproven='"obey"')
    desk.deliver(new(SEB, TAG, "#clôturé\nFini."))
    desk.once()
    assert desk.tickets()[0].state == "closed"


BAD_LINES = [
    pytest.param("#resolvé\nFini.", "#résolu", id="unknown, with the nearest"),
    pytest.param("#transfert\nVoyez.", "adresse", id="an address is missing"),
    pytest.param("#attente\n#résolu\nFini.", "contredit", id="two states"),
]


@pytest.mark.parametrize(("text", "words"), BAD_LINES)
def test_one_bad_line_applies_none_and_says_which(
    opened: tuple[TestDesk, Mail], text: str, words: str
) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, text))
    (told,) = desk.once()
    assert heads([told]) == [(SEB, "[FRAM][#1898][Anomalie] Imprimante")]
    assert words in body(told)
    assert desk.tickets()[0].state == "new"
    assert desk.history()[-1].internal


def test_copying_an_outsider_without_saying_so_is_refused(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "Voyez.", Cc=EVE))
    (told,) = desk.once()
    assert told.recipients == (SEB,)
    assert "#réponse" in body(told)


def test_help(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "#aide"))
    (told,) = desk.once()
    assert told.recipients == (SEB,)
    for keyword in ("#attente", "#résolu", "#transfert", "#interne", "#assigner"):
        assert keyword in body(told)
    assert desk.tickets()[0].state == "new"


def test_take_and_assign(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.path.write_text(
        desk.path.read_text("utf-8") + f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n', "utf-8"
    )
    desk.deliver(answer(to_seb, SEB, "#prendre"))
    assert desk.once() == []
    assert desk.tickets()[0].owner == SEB
    desk.deliver(answer(to_seb, SEB, "#assigner Nadia"))
    assert heads(desk.once()) == [(NADIA, "[FRAM][#1898][Interne] Imprimante")]
    assert desk.tickets()[0].owner == NADIA
