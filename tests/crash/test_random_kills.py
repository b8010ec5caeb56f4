"""`mailgate run` under load dies at random moments, again and again; the books balance.

`make soak` sets SOAK (how many deaths) and SOAK_SEED; what is printed repeats the same choices.
"""

import os
import time
from collections import Counter
from random import Random

from tests.clients import answer, new
from tests.crash.balance import balance, first_copies
from tests.crash.desk import CrashDesk
from tests.desk import SEB, heads, subject
from tests.servers.smtp_rules import Mail

KILLS = int(os.environ.get("SOAK", "20"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
LONGEST = 0.8  # seconds that a process lives; it opens the desk within 0.2


class Load:
    """People who write, an agent who answers, and what must come of it."""

    def __init__(self, desk: CrashDesk, random: Random) -> None:
        self.desk, self.random = desk, random
        self.expected: Counter[tuple[str, str]] = Counter()  # (recipient, subject without number)
        self._asked: list[bytes] = []
        self._answered: set[str] = set()

    def portion(self) -> None:
        for _ in range(2):
            self._request()
        unanswered = [m for m in self.desk.sink.to(SEB)[-30:] if self._open(m)]
        if unanswered and self.random.random() < 0.7:
            self._answer(self.random.choice(unanswered))
        else:
            self._request()
        if self.random.random() < 0.2:
            self.desk.put(self.random.choice(self._asked))

    def _request(self) -> None:
        number = len(self._asked)
        sender, word = f"user{number}@client.example", f"mot-{number:04}."
        mail = new(sender, f"Demande {number}", word, message_id=f"<{number}@x>")
        self._asked.append(self.desk.put(mail, word))
        for person in (sender, SEB):
            self.expected[person, f"[Nouveau] Demande {number}"] += 1

    def _open(self, mail: Mail) -> bool:
        return "[Nouveau]" in subject(mail) and subject(mail) not in self._answered

    def _answer(self, mail: Mail) -> None:
        self._answered.add(subject(mail))
        number = subject(mail).rpartition(" ")[2]
        word = f"question-{number}."
        self.desk.put(answer(mail, SEB, f"#attente\n{word}"), word)
        self.expected[f"user{number}@client.example", f"[Note] Demande {number}"] += 1


def test_random_deaths_under_load(crash_desk: CrashDesk) -> None:
    desk, random = crash_desk, Random(SEED)
    load = Load(desk, random)
    for _ in range(KILLS):
        desk.warm.start(desk.order("run"))
        life = random.uniform(0.05, LONGEST)
        arrival = random.uniform(0, life)
        time.sleep(arrival)
        load.portion()
        time.sleep(life - arrival)
        assert desk.warm.kill() == -9, desk.log()
        desk.kills += 1
    desk.run_once()
    held = desk.held()
    for line in held:  # innocents that two deaths had in hand
        assert "without an outcome" in line.reason
        desk.mailgate("held", "retry", str(line.id))
    desk.run_once()
    balance(desk)
    accepted = first_copies(desk)
    got = Counter((person, "[" + title.split("][", 2)[2]) for person, title in heads(accepted))
    assert got == load.expected
    repeated = len(desk.sink.mails) - len(accepted)
    print(  # noqa: T201 - what a failure needs to be repeated, and what a soak came to
        f"\nSOAK_SEED={SEED}: {KILLS} deaths, {len(desk.delivered)} mails in, {len(accepted)} out, "
        f"{repeated} sent twice, {len(held)} held and retried"
    )
