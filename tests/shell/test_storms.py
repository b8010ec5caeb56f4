"""Storms and floods over real servers: nothing is lost, little is sent, the admins know."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

import pytest
from sqlalchemy import select
from sqlmodel import col

from rules.model import EntryKind, Outcome, Tally
from store import tallies
from store.db import Database
from store.tables import Ledger
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, RH, SEB, TestDesk, body, heads, subject
from tests.process import Daemon, mailgate
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import Mail, SmtpSink
from tests.servers.waiting import wait_until

ADMIN = "root@fram.example"
EVE = "eve@elsewhere.example"
PEER = "help@peer.example"


def limit(desk: TestDesk, **limits: int) -> None:
    """Sets keys of [limits], and an admin."""
    text = desk.path.read_text("utf-8").replace("[desk]", f'[desk]\nadmins = ["{ADMIN}"]')
    keys = "".join(f"{name} = {value}\n" for name, value in limits.items())
    desk.path.write_text(f"{text}[limits]\n{keys}", "utf-8")


def outcomes(desk: TestDesk) -> Counter[Outcome]:
    with closing(Database(desk.config.database_url)) as db, db.reading() as tx:
        return Counter(Outcome(one) for (one,) in tx.all(select(col(Ledger.outcome))))


def counted(mails: list[Mail]) -> Counter[str]:
    return Counter(mail.recipients[0] for mail in mails)


@pytest.fixture
def opened(desk: TestDesk) -> TestDesk:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    desk.once()
    return desk


def from_one_sender(desk: TestDesk) -> list[bytes]:
    return [new(EVE, f"Offre {n}", "Achetez.") for n in range(8)]


def from_one_sender_with_tags(desk: TestDesk) -> list[bytes]:
    return [new(f"eve+{n}@elsewhere.example", f"Offre {n}", "Achetez.") for n in range(8)]


def on_one_ticket(desk: TestDesk) -> list[bytes]:
    title = "Re: [FRAM][#1898] Imprimante"
    return [new(f"n{n}@elsewhere.example", title, f"Moi aussi, {n}.") for n in range(8)]


def from_everywhere(desk: TestDesk) -> list[bytes]:
    return [new(f"n{n}@elsewhere.example", "Bonjour", f"Moi, {n}.") for n in range(8)]


def bounces_of_our_mails(desk: TestDesk) -> list[bytes]:
    """One bounce for each of eight people who wrote, each about a mail of ours."""
    desk.deliver(*(new(f"n{n}@elsewhere.example", f"Sujet {n}", "Bonjour.") for n in range(8)))
    ours = [mail for mail in desk.once() if mail.recipients[0] != SEB]
    return [
        new(
            "MAILER-DAEMON@mx.elsewhere.example",
            "Undelivered Mail Returned to Sender",
            f"<{mail.recipients[0]}>: unknown user",
            In_Reply_To=str(mail.message["Message-ID"]),
            Return_Path="<>",
        )
        for mail in ours
    ]


Flood = Callable[[TestDesk], list[bytes]]
FLOODS: dict[str, tuple[Flood, dict[str, int], Counter[Outcome], str]] = {
    "a sender": (
        from_one_sender,
        {"per_sender_hour": 3},
        Counter({Outcome.OPENED: 3, Outcome.HELD: 5}),
        f"Plus de 3 mails de {EVE} en une heure ([limits] per_sender_hour)",
    ),
    "a sender's tags": (
        from_one_sender_with_tags,
        {"per_sender_hour": 3},
        Counter({Outcome.OPENED: 3, Outcome.HELD: 5}),
        f"Plus de 3 mails de {EVE} en une heure ([limits] per_sender_hour)",
    ),
    "a ticket": (
        on_one_ticket,
        {"per_ticket_hour": 3},
        Counter({Outcome.NOTED: 8}),
        "Plus de 3 mails sur le ticket #1898 en une heure ([limits] per_ticket_hour)",
    ),
    "the desk": (
        from_everywhere,
        {"per_desk_hour": 4},  # Marie's opening is one of them
        Counter({Outcome.OPENED: 3, Outcome.HELD: 5}),
        "Plus de 4 mails au support en une heure ([limits] per_desk_hour)",
    ),
    "bounces": (
        bounces_of_our_mails,
        {"bounces_hour": 3},
        Counter({Outcome.BOUNCE: 8}),
        "Plus de 3 avis de non-remise en une heure ([limits] bounces_hour)",
    ),
}


@pytest.mark.parametrize(("flood", "limits", "became", "why"), FLOODS.values(), ids=FLOODS)
def test_beyond_a_ceiling_nothing_is_lost_and_nobody_told_but_the_admins_once(
    opened: TestDesk, flood: Flood, limits: dict[str, int], became: Counter[Outcome], why: str
) -> None:
    limit(opened, **limits)
    mails = flood(opened)
    before = outcomes(opened)
    opened.deliver(*mails)
    sent = opened.once()
    assert outcomes(opened) - before == became
    assert counted(sent)[SEB] == 3, "what is below the ceiling is told"
    (told,) = [mail for mail in sent if mail.recipients == (ADMIN,)]
    assert "[Anomalie]" in subject(told)
    assert why in " ".join(body(told).split())
    assert "gardé" in body(told)
    assert told.message["Auto-Submitted"]
    opened.deliver(*(m.replace(b"client.example>", b"again.example>") for m in mails))
    assert counted(opened.once())[ADMIN] == 0, "one mail for one storm"


def test_why_says_so_and_a_retry_is_an_admins_word(opened: TestDesk) -> None:
    limit(opened, per_sender_hour=1)
    opened.deliver(*(new(EVE, f"Offre {n}", "x", message_id=f"<offre{n}@x>") for n in range(3)))
    opened.once()
    config = str(opened.path)
    said = mailgate("why", "<offre2@x>", "--config", config).stdout
    assert "held: over the ceiling: more than 1 mails of eve@elsewhere.example" in said
    line = opened.held()[0].id
    done = mailgate("held", "retry", str(line), "--config", config)
    assert done.stdout.startswith(f"line {line}: opened (")


def test_an_hour_later_all_is_as_before(opened: TestDesk) -> None:
    limit(opened, per_sender_hour=2)
    opened.deliver(*from_one_sender(opened)[:3])
    assert counted(opened.once())[EVE] == 2
    # The hour is that of the mailbox: a mail that arrives much later is one of another hour.
    later = datetime.now(UTC) + timedelta(hours=2)
    with opened.dovecot.client(opened.user) as client:
        client.append("INBOX", new(EVE, "Encore", "x"), msg_time=later)
    assert counted(opened.once(ahead=timedelta(hours=3)))[EVE] == 1


def test_agents_are_not_counted(opened: TestDesk) -> None:
    limit(opened, per_sender_hour=1, per_ticket_hour=1, per_desk_hour=1)
    (to_seb,) = opened.sink.to(SEB)
    opened.deliver(*(answer(to_seb, SEB, f"Réponse {n}.") for n in range(4)))
    assert counted(opened.once())[MARIE] == 4


VOUCHES = "mx.fram.example"


def test_forged_requests_do_not_use_up_her_answers(desk: TestDesk) -> None:
    limit(desk, per_address_hour=3, per_sender_hour=5)
    text = desk.path.read_text("utf-8")
    desk.path.write_text(f'{text}[trust]\nauthserv_id = "{VOUCHES}"\n', "utf-8")
    forged = [new(MARIE, f"Demande {n}", "x") for n in range(7)]
    desk.deliver(*forged)
    assert counted(desk.once())[MARIE] == 3
    own = new(MARIE, "Vraiment moi", "Bonjour.")
    result = f"Authentication-Results: {VOUCHES}; dmarc=pass header.from=fram.example\r\n"
    desk.deliver(result.encode() + own)
    (to_marie,) = [mail for mail in desk.once() if mail.recipients == (MARIE,)]
    assert subject(to_marie).endswith("[Nouveau] Vraiment moi")
    # What cites her reference is hers too, whatever the server says.
    desk.deliver(answer(to_marie, MARIE, "Et encore."))
    assert counted(desk.once())[SEB] == 1


def test_one_flood_that_passes_two_ceilings_is_told_of_once(desk: TestDesk) -> None:
    limit(desk, per_address_hour=2, per_sender_hour=4)
    desk.deliver(*(new(MARIE, f"Demande {n}", "x") for n in range(9)))
    assert counted(desk.once()) == {MARIE: 2, SEB: 4, ADMIN: 1}
    assert outcomes(desk) == {Outcome.OPENED: 4, Outcome.HELD: 5}


def test_a_flood_of_one_does_not_close_the_desk_to_others(desk: TestDesk) -> None:
    limit(desk, per_sender_hour=2, per_desk_hour=4)
    desk.deliver(*from_one_sender(desk))
    desk.once()
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    assert counted(desk.once())[MARIE] == 1


def test_a_flood_without_proof_silences_nobody_who_has_one(opened: TestDesk) -> None:
    limit(opened, per_ticket_hour=3, per_desk_hour=5)
    (to_marie,) = opened.sink.to(MARIE)
    opened.deliver(*on_one_ticket(opened), *from_everywhere(opened))
    opened.once()
    opened.deliver(answer(to_marie, MARIE, "C'est bien moi."))
    assert counted(opened.once())[SEB] == 1


def test_a_clock_that_ran_ahead_closes_nothing_for_long(opened: TestDesk) -> None:
    limit(opened, per_desk_hour=2)
    with closing(Database(opened.config.database_url)) as db, db.transaction() as tx:
        tallies.read(tx, ["desk:"])
        tallies.write(tx, "desk:", Tally(datetime.now(UTC) + timedelta(days=365), 300))
    opened.deliver(*from_everywhere(opened)[:2])
    opened.once()
    assert outcomes(opened)[Outcome.HELD] == 0


def test_two_thousand_mails_of_one_sender(desk: TestDesk) -> None:
    costs = []
    for who, number in (("first@elsewhere.example", 400), ("eve@elsewhere.example", 2000)):
        desk.deliver(*(new(who, f"Offre {n}", "Achetez.") for n in range(number)))
        start = process_time()
        sent = desk.once()
        costs.append((process_time() - start) / number)
        assert 0 < counted(sent)[who] <= 30
        assert counted(sent)[SEB] == 200 + 1, "those below the ceiling, and the notice"
    assert outcomes(desk) == {Outcome.OPENED: 400, Outcome.HELD: 2000}
    assert desk.folders() == {"INBOX": 0, "Done": 400, "Held": 2000}
    assert costs[1] < 2 * costs[0], "no mail costs more for those before it"


# --- two desks that write to each other


def peer_ticket(mail: Mail, number: int) -> bytes:
    """A help desk without Auto-Submitted: a new mail for each it gets, that cites nothing."""
    return new(PEER, f"Votre demande est enregistrée (n° {number})", f"Merci. Dossier {number}.")


def peer_answers(mail: Mail, number: int) -> bytes:
    return answer(mail, PEER, f"Merci. Votre demande porte le numéro {number}.")


def peer_keeps_the_subject(mail: Mail, number: int) -> bytes:
    return new(PEER, f"[PEER-{number}] {subject(mail)}", f"Merci. Dossier {number}.")


@pytest.mark.parametrize("peer", [peer_ticket, peer_answers, peer_keeps_the_subject])
def test_a_peer_that_says_nothing_of_itself_is_left_alone(
    desk: TestDesk, peer: Callable[[Mail, int], bytes]
) -> None:
    limit(desk)
    desk.deliver(new(PEER, "Demande", "Bonjour."))
    received = 0
    for _ in range(12):
        mine = [mail for mail in desk.once() if mail.recipients == (PEER,)]
        if not mine:
            break
        received += len(mine)
        desk.deliver(*(peer(mail, received) for mail in mine))
    assert mine == []
    assert received <= 6
    assert counted(desk.sink.mails)[ADMIN] <= 1
    assert desk.held() == []


@pytest.fixture
def other(tmp_path: Path, dovecot: Dovecot) -> Iterator[TestDesk]:
    """A second desk of ours, with a mailbox and a way out of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    with SmtpSink() as sink:
        desk = TestDesk(folder, dovecot, f"{tmp_path.name}other", sink)
        text = desk.path.read_text("utf-8").replace(ADDRESS, PEER).replace('"FRAM"', '"PEER"')
        desk.path.write_text(text.replace(SEB, RH), "utf-8")
        yield desk


STARTS: dict[str, Callable[[TestDesk], bytes]] = {
    "one asks the other": lambda desk: new(PEER, "Demande", "Bonjour."),
    "Marie is answered, then transferred": lambda desk: answer(
        _opened(desk), SEB, f"#transfert {PEER}\nPouvez-vous regarder ?"
    ),
}


def _opened(desk: TestDesk) -> Mail:
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    return next(mail for mail in desk.once() if mail.recipients == (SEB,))


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_two_desks_of_ours_in_turns(
    desk: TestDesk, other: TestDesk, start: Callable[[TestDesk], bytes]
) -> None:
    desk.deliver(start(desk))
    exchanged = 0
    for _ in range(12):
        there = [mail.raw for mail in desk.once() if mail.recipients == (PEER,)]
        other.deliver(*there)
        back = [mail.raw for mail in other.once() if mail.recipients == (ADDRESS,)]
        desk.deliver(*back)
        exchanged += len(there) + len(back)
        if not there and not back:
            break
    assert exchanged <= 4
    assert desk.held() == other.held() == []


def test_two_daemons_of_ours(desk: TestDesk, other: TestDesk) -> None:
    """Both run, and what one sends to the other is delivered at once, until neither sends."""
    carried = Counter[str]()

    def carry() -> int:
        moved = 0
        for here, there, address in ((desk, other, PEER), (other, desk, ADDRESS)):
            mails = [mail for mail in here.new_mails() if mail.recipients == (address,)]
            there.deliver(*(mail.raw for mail in mails))
            carried[address] += len(mails)
            moved += len(mails)
        return moved

    desk.deliver(new(PEER, "Demande", "Bonjour."))
    with Daemon(desk.path), Daemon(other.path):
        wait_until(lambda: carry() or carried[PEER], 30, "an acknowledgement")
        for inbox in (other, desk) * 3:
            wait_until(lambda box=inbox: box.folders()["INBOX"] == 0, 30, "an empty inbox")  # type: ignore[misc]
            carry()
    assert sum(carried.values()) <= 4


def test_a_storm_of_bounces_about_no_mail_of_ours_sends_nothing(desk: TestDesk) -> None:
    """They belong to no ticket: they are kept, and that is all."""
    desk.deliver(
        *(
            new(
                f"MAILER-DAEMON@mx{n}.elsewhere.example",
                "Undelivered Mail Returned to Sender",
                f"<n{n}@elsewhere.example>: unknown user",
                Return_Path="<>",
            )
            for n in range(200)
        )
    )
    assert heads(desk.once()) == []
    assert outcomes(desk) == {Outcome.BOUNCE: 200}


def test_the_notice_stands_on_the_ticket_for_agents_alone(opened: TestDesk) -> None:
    limit(opened, per_ticket_hour=1)
    opened.deliver(*on_one_ticket(opened)[:3])
    (told,) = [mail for mail in opened.once() if mail.recipients == (ADMIN,)]
    (entry,) = [one for one in opened.history() if one.kind is EntryKind.INTERNAL]
    assert "per_ticket_hour" in entry.text
    assert not re.search(r"/t/\S+", body(told)), "an admin has no link"
    assert "#attente" not in body(told), "nor keywords: he is no agent"
    assert "car un plafond du support FRAM est atteint" in body(told)
    # His mailbox answers by itself: that is the end of it.
    opened.deliver(answer(told, ADMIN, "Je suis absent.", Auto_Submitted="auto-replied"))
    assert opened.once() == []
