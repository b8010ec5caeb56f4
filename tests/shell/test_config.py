"""config.toml into one Config: defaults, the shipped desk and its policy, the reference."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mailgate.config import Config, load, shipped
from mailgate.config.docs import reference
from rules.policy import Agent, By, On, To
from tests.shell.configs import FIVE, NOTIFY_NOTE, STATES, read

ROOT = Path(__file__).parents[2]


def test_five_lines_make_a_desk(tmp_path: Path) -> None:
    config = read(tmp_path, FIVE)
    assert config.desk.address == "support@fram.example"
    assert (config.desk.language, config.desk.timezone) == ("fr", "Europe/Paris")
    assert (config.imap.tls, config.imap.port) == ("implicit", 993)
    assert (config.smtp.tls, config.smtp.port) == ("implicit", 465)
    assert (config.imap.inbox, config.imap.done, config.imap.held) == ("INBOX", "Done", "Held")
    assert (config.smtp.attach_limit, config.limits.message) == (10_000_000, 25_000_000)
    assert (config.trust.required, config.trust.unproven) == (False, "confirm")
    assert (config.portal.bind, config.portal.url) == (("127.0.0.1", 8080), "")
    assert config.database_url == f"sqlite:///{tmp_path}/desk.db"
    assert config.templates is None
    assert config.path == tmp_path / "config.toml"
    assert config.policy.agents == (Agent("Sébastien", "sebastien@fram.example"),)
    assert " ".join(config.policy.states) == "new open waiting resolved closed unanswered"
    assert config.policy.states["waiting"].source.startswith("config.toml (shipped):")
    assert config.policy.notify[0].source.startswith("config.toml (shipped):")


def test_the_shipped_file_is_what_the_defaults_are(tmp_path: Path) -> None:
    desk = load(ROOT / "config.toml", {})
    five = read(tmp_path, FIVE)

    def plain(config: Config) -> str:
        return repr((config.policy.states, config.policy.notify)).replace(" (shipped)", "")

    assert plain(desk) == plain(five)
    assert (desk.desk.name, desk.desk.address) == ("FRAM", "support@fram.example")
    assert desk.policy.agents == (Agent("Sébastien", "sebastien@fram.example"),)
    assert (desk.desk.first_ticket, desk.smtp.user, desk.smtp.tls) == (1, "", "none")
    for section in ("desk", "smtp", "portal", "trust", "limits"):
        own = {"name", "address", "host", "port", "tls", "user", "password", "url"}
        ours, theirs = (getattr(config, section).model_dump(exclude=own) for config in (desk, five))
        assert ours == theirs


def test_the_shipped_text_is_the_file_of_the_checkout() -> None:
    assert shipped() == (ROOT / "config.toml").read_text("utf-8")


def test_source_names_the_line_of_each_row() -> None:
    lines = (ROOT / "config.toml").read_text("utf-8").splitlines()
    policy = load(ROOT / "config.toml", {}).policy

    def line(source: str) -> str:
        file, number = source.split(":")
        assert file == "config.toml"
        return lines[int(number) - 1]

    for row in policy.notify:
        assert f'on = "{row.on}"' in line(row.source)
        assert f'tag = "{row.tag}"' in line(row.source)
    for state in policy.states.values():
        assert line(state.source) == f"[states.{state.name}]"
        for timer in state.timers:
            assert f'"{timer.notify or timer.state}"' in line(timer.source)


# DESIGN section 5, row by row.
SEED_TABLE = [
    (On.OPENED, By.ANYONE, "", (To.REQUESTER,), "Nouveau", False),
    (On.OPENED, By.ANYONE, "", (To.AGENTS,), "Nouveau", False),
    (On.NOTE, By.AGENT, "", (To.REQUESTER,), "Note/Réponse", False),
    (On.NOTE, By.REQUESTER, "", (To.OWNER,), "Note", False),
    (On.NOTE, By.OTHER, "", (To.REQUESTER, To.OWNER), "Note", False),
    (On.NOTE, By.UNVERIFIED, "", (To.OWNER,), "Note", False),
    (On.REPLY, By.AGENT, "", (To.REQUESTER, To.COPIES), "Réponse", False),
    (On.TRANSFER, By.AGENT, "", (To.ADDRESS,), "Transfert", False),
    (On.STATE, By.ANYONE, "waiting", (To.REQUESTER,), "Note", True),
    (On.STATE, By.ANYONE, "resolved", (To.REQUESTER,), "Résolu", True),
    (On.STATE, By.ANYONE, "closed", (To.REQUESTER,), "Résolu/Clôturé", False),
    (On.STATE, By.ANYONE, "unanswered", (To.REQUESTER,), "Clôturé sans réponse", False),
    (On.REMINDER, By.TIMER, "", (To.REQUESTER,), "Attente réponse", False),
    (On.LATE, By.ANYONE, "", (To.AUTHOR, To.OWNER), "Clôturé", False),
    (On.INTERNAL, By.AGENT, "", (To.OWNER,), "Interne", False),
    (On.TROUBLE, By.DESK, "", (To.AGENT,), "Anomalie", False),
]


def test_the_shipped_notifications_are_the_seeds_table() -> None:
    rows = load(ROOT / "config.toml", {}).policy.notify
    assert [(r.on, r.by, r.state, r.to, r.tag, r.fold) for r in rows] == SEED_TABLE
    assert [row.template for row in rows] == [row.state or row.on.value for row in rows]


def test_an_english_desk_has_english_labels(tmp_path: Path) -> None:
    five = FIVE.replace("desk = {", 'desk = { language = "en",')
    states = read(tmp_path, five).policy.states
    guide = (ROOT / "docs/admin.md").read_text("utf-8")
    table = guide.partition('language = "en"')[2]
    for name, state in states.items():
        assert f'[states.{name}]\nlabel = "{state.label}"\n' in table
    # A label of the desk's own stays.
    own = "".join(f"[states.{name}]\nlabel = 'Nom de {name}'\n" for name in ("new", "open"))
    rows = 'notify = [{ on = "opened", by = "anyone", to = "agents", tag = "N" }]\n'
    assert read(tmp_path, rows + five + own).policy.state("new").label == "Nom de new"


def test_the_shipped_states_and_clocks() -> None:
    states = load(ROOT / "config.toml", {}).policy.states
    assert [(s.name, s.label, s.final, s.answer) for s in states.values()] == [
        ("new", "Nouveau", False, ""),
        ("open", "En cours", False, ""),
        ("waiting", "En attente d'une réponse de votre part sous 72h", False, "open"),
        ("resolved", "Ticket résolu", False, "open"),
        ("closed", "Ticket clôturé", True, ""),
        ("unanswered", "Clôturé sans réponse", True, ""),
    ]
    clocks = {
        s.name: [(t.after, t.notify, t.state) for t in s.timers]
        for s in states.values()
        if s.timers
    }
    assert clocks == {
        "waiting": [
            (timedelta(hours=48), "reminder", ""),
            (timedelta(hours=72), "", "unanswered"),
        ],
        "resolved": [(timedelta(hours=48), "", "closed")],
    }


def test_own_tables_replace_the_shipped_ones(tmp_path: Path) -> None:
    text = FIVE + STATES + '[[notify]]\non = "state"\nstate = "open"\nto = "requester"\ntag = "T"\n'
    policy = read(tmp_path, text).policy
    assert list(policy.states) == ["new", "open"]
    assert [(r.on, r.by, r.template, r.source) for r in policy.notify] == [
        (On.STATE, By.ANYONE, "open", "config.toml:10")
    ]


def test_a_state_with_an_underscore_has_a_template_with_a_dash(tmp_path: Path) -> None:
    row = '[[notify]]\non = "state"\nstate = "on_hold"\nto = "requester"\ntag = "T"\n'
    config = read(tmp_path, f'{FIVE}{STATES}[states.on_hold]\nlabel = "On hold"\n{row}')
    assert config.policy.notify[0].template == "on-hold"


@pytest.mark.parametrize(
    ("section", "tls", "port"),
    [
        ("imap", "implicit", 993),
        ("imap", "starttls", 143),
        ("imap", "none", 143),
        ("smtp", "implicit", 465),
        ("smtp", "starttls", 587),
        ("smtp", "none", 25),
    ],
)
def test_the_port_follows_tls(tmp_path: Path, section: str, tls: str, port: int) -> None:
    name = f"MAILGATE_{section.upper()}__"
    config = read(tmp_path, FIVE, **{f"{name}TLS": tls, f"{name}HOST": "localhost"})
    assert getattr(config, section).port == port


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("0", 0),
        ("1048576", 1_048_576),
        ('"25MB"', 25_000_000),
        ('"10 Mo"', 10_000_000),
        ('"10\u202fMo"', 10_000_000),
        ('"500kB"', 500_000),
        ('"1,5 Go"', 1_500_000_000),
        ('"512"', 512),
    ],
)
def test_sizes(tmp_path: Path, written: str, size: int) -> None:
    text = FIVE.replace("smtp = {", f"smtp = {{ attach_limit = {written},")
    assert read(tmp_path, text).smtp.attach_limit == size


@pytest.mark.parametrize(
    ("written", "hours"),
    [("48h", 48), ("2d", 48), ("1w", 168), ("90m", 1.5), ("1h30m", 1.5), ("48 h", 48)],
)
def test_time_spans(tmp_path: Path, written: str, hours: float) -> None:
    timer = f'timers = [{{ after = "{written}", state = "new" }}]\n'
    state = read(tmp_path, FIVE + STATES + timer + NOTIFY_NOTE).policy.states["open"]
    assert state.timers[0].after == timedelta(hours=hours)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "localhost", "LocalHost"])
def test_clear_text_on_this_machine(tmp_path: Path, host: str) -> None:
    assert (
        read(tmp_path, FIVE, MAILGATE_IMAP__TLS="none", MAILGATE_IMAP__HOST=host).imap.tls == "none"
    )


def test_a_byte_order_mark_and_windows_line_ends_are_tolerated(tmp_path: Path) -> None:
    text = FIVE.replace("\n", "\r\n").encode()
    assert read(tmp_path, b"\xef\xbb\xbf" + text).desk.name == "FRAM"


def test_the_templates_folder_is_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    assert read(tmp_path, FIVE, MAILGATE_DESK__TEMPLATES="ours").templates == tmp_path / "ours"


def test_the_database_can_be_absolute(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x/../y.db"
    assert (
        read(tmp_path, FIVE, MAILGATE_STORE__URL=url).database_url == f"sqlite:///{tmp_path}/y.db"
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [("", ""), ("X-Internal :  yes ", "X-Internal: yes"), ("A: b: c", "A: b: c")],
)
def test_the_accepted_header(tmp_path: Path, written: str, kept: str) -> None:
    assert read(tmp_path, FIVE, MAILGATE_TRUST__ACCEPT=written).trust.accept == kept


@pytest.mark.parametrize(
    ("written", "bind"),
    [("", None), ("[::1]:80", ("::1", 80)), ("0.0.0.0:8080", ("0.0.0.0", 8080))],
)
def test_where_the_portal_listens(
    tmp_path: Path, written: str, bind: tuple[str, int] | None
) -> None:
    assert read(tmp_path, FIVE, MAILGATE_PORTAL__LISTEN=written).portal.bind == bind


def test_the_portals_address_stands_as_browsers_have_it(tmp_path: Path) -> None:
    url = "HTTPS://Support.FRAM.example:8443/"
    read_as = "https://support.fram.example:8443"
    assert read(tmp_path, FIVE, MAILGATE_PORTAL__URL=url).portal.url == read_as


def test_a_config_is_frozen(tmp_path: Path) -> None:
    config: Any = read(tmp_path, FIVE)
    with pytest.raises(FrozenInstanceError):
        config.desk = None
    with pytest.raises(ValidationError):
        config.imap.port = 1
    with pytest.raises(TypeError):
        config.policy.states["new"] = None


def test_the_reference_is_up_to_date() -> None:
    written = (ROOT / "docs" / "config.md").read_text("utf-8")
    assert written == reference(), "run: python -m mailgate.config.docs > docs/config.md"


def test_the_import_is_light() -> None:
    code = (
        "import sys, mailgate.config; heavy = {'sqlalchemy', 'sqlmodel', 'imapclient', 'jinja2'};"
        "sys.exit(sorted(heavy & set(sys.modules)) or 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
