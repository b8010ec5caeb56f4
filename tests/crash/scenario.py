"""A desk's days in seven phases. Each is played to its end, with or without a death in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.clients import answer, new
from tests.crash.desk import CrashDesk, DiedError
from tests.crash.points import Point
from tests.desk import MARIE, NADIA, RH, SEB, subject
from tests.servers.smtp_rules import Mail

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PAUL, LEA, ZOE = "paul@fram.example", "lea@fram.example", "zoe@client.example"
SLOW, GONE = "slow@client.example", "gone@client.example"
MORE = "[limits]\nmessage = 30000\n"  # appended to the desk's config.toml


@dataclass(frozen=True)
class Phase:
    name: str
    prepare: Callable[[CrashDesk], None]  # what arrives
    work: Callable[[CrashDesk], None]  # until it is quiet; done again after a death


def play(desk: CrashDesk, phase: Phase, fatal: tuple[Point, int] | None = None) -> None:
    """Plays one phase to its end, dying once at `fatal`."""
    phase.prepare(desk)
    desk.fatal = fatal
    try:
        phase.work(desk)
    except DiedError:
        phase.work(desk)
    assert desk.fatal is None, f"never came to {fatal}"


def ours(desk: CrashDesk, recipient: str, part: str) -> Mail:
    """The first mail of ours to this person whose subject has this part."""
    return next(mail for mail in desk.sink.to(recipient) if part in subject(mail))


def _no_mail(desk: CrashDesk) -> None:
    """Nothing arrives."""


# -- start: three tickets, and a mail that was there long before the desk, in two copies ----------


def _first_mails(desk: CrashDesk) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=8)
    old = new("old@client.example", "Ancien", "mot-ancien", message_id="<old@x>")
    for _ in range(2):
        desk.put(old, "mot-ancien", 0, received=long_ago)
    for number, (who, what) in enumerate([(MARIE, "Imprimante"), (PAUL, "Écran"), (LEA, "Souris")]):
        text = f"En panne, mot-premier-{number}."
        desk.put(new(who, what, text, message_id=f"<first{number}@x>"), f"mot-premier-{number}")


# -- mails: every kind at once -------------------------------------------------------------------


def _mails(desk: CrashDesk) -> None:
    put = desk.put
    desk.sink.refuse(SLOW, 451, at="data", times=1)
    desk.sink.refuse(GONE, 550)
    copy = put(new(ZOE, "Clavier", "mot-neuf", message_id="<zoe@x>"), "mot-neuf")
    put(answer(ours(desk, MARIE, "Nouveau"), MARIE, "mot-marie"), "mot-marie")
    put(copy)
    put(new(RH, "Re: [FRAM][#1898] Imprimante", "mot-rh"), "mot-rh")
    put(answer(ours(desk, SEB, "Écran"), SEB, "#attente\nmot-attente ?"), "mot-attente")
    put(new(SLOW, "Réseau", "mot-lent"), "mot-lent")
    # A list's footer: the same headers, another body; a folded entry, whose text is empty.
    put(new(ZOE, "Clavier", "mot-neuf\n-- \nListe", message_id="<zoe@x>"))
    put(answer(ours(desk, SEB, "Souris"), SEB, "#résolu\nmot-résolu"), "mot-résolu")
    put(new(GONE, "Boîte", "mot-parti"), "mot-parti")
    put(new(MARIE, "Trop", "mot-trop " + "x" * 30_000), "mot-trop", 0)
    # Without proof: it stays internal and waits to be confirmed.
    put(new(SEB, "Re: [FRAM][#1898] Imprimante", "mot-preuve"), "mot-preuve")
    put(answer(ours(desk, MARIE, "Nouveau"), MARIE, "mot-suite"), "mot-suite")
    away = answer(ours(desk, MARIE, "Nouveau"), MARIE, "mot-absente", Auto_Submitted="auto-replied")
    put(away, "mot-absente")
    put(
        answer(ours(desk, SEB, "Imprimante"), SEB, f"#réponse {NADIA}\nmot-copie", Cc=NADIA),
        "mot-copie",
    )
    put(copy)


def _all_mails(desk: CrashDesk) -> None:
    desk.run_once()
    desk.run_once(10 * MINUTE)  # what was not taken at once


# -- confirm: the answer that proves earlier words -----------------------------------------------


def _confirmation(desk: CrashDesk) -> None:
    trouble = ours(desk, SEB, "[#1898][Anomalie]")
    desk.put(answer(trouble, SEB, "mot-oui"), "mot-oui")
    desk.words["mot-preuve"] = 2  # kept inside, then carried out


# -- held: an admin has a look -------------------------------------------------------------------


def _retry(desk: CrashDesk) -> None:
    """Of two held copies one is taken anew; the other one stays, and its file with it."""
    desk.words["mot-ancien"] = 1
    copies = [line for line in desk.held() if line.message_id == "old@x"]
    if len(copies) == 2:
        desk.mailgate("held", "retry", str(copies[0].id), ahead=20 * MINUTE)
    desk.run_once(20 * MINUTE)


# -- away: no SMTP server for a while, and two mails to one person wait for it ---------------------


def _two_notes(desk: CrashDesk) -> None:
    for number in range(2):
        note = answer(ours(desk, SEB, "Clavier"), SEB, f"mot-note-{number}")
        desk.put(note, f"mot-note-{number}")


def _without_server(desk: CrashDesk) -> None:
    if not desk.kills:
        desk.sink.stop()
        desk.run_once(30 * MINUTE)
    desk.sink.start()
    desk.run_once(HOUR)


# -- the clocks ----------------------------------------------------------------------------------


def _remind(desk: CrashDesk) -> None:
    # 61 hours and not 48: so late that the closing is moved to keep its distance of 24 hours.
    desk.run_once(61 * HOUR)


def _close(desk: CrashDesk) -> None:
    desk.run_once(86 * HOUR)


PHASES = (
    Phase("start", _first_mails, CrashDesk.run_once),
    Phase("mails", _mails, _all_mails),
    Phase("confirm", _confirmation, lambda desk: desk.run_once(15 * MINUTE)),
    Phase("held", _no_mail, _retry),
    Phase("away", _two_notes, _without_server),
    Phase("reminder", _no_mail, _remind),
    Phase("closing", _no_mail, _close),
)
BY_NAME = {phase.name: phase for phase in PHASES}
