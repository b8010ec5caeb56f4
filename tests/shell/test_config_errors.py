"""Every mistake in config.toml is named with file, line, key and what to do."""

from pathlib import Path

import pytest

from mailgate.config import ConfigError, load
from tests.shell.configs import FIVE, five, problems, states

# name: text, line and key of the mistake, words of the message
BAD: dict[str, tuple[str, str, str]] = {
    "unknown key": (
        five('host = "imap', 'prt = 1, host = "imap'),
        "2: imap.prt:",
        'did you mean "port"?',
    ),
    "key of another section": (
        five('name = "FRAM"', 'rate = 1, name = "FRAM"'),
        "1: desk.rate:",
        "belongs in [smtp]",
    ),
    "unknown key like none": (
        five('name = "FRAM"', 'zzz = 1, name = "FRAM"'),
        "1: desk.zzz:",
        "known are name, former_names",
    ),
    "unknown section": (FIVE + "[potral]\n", "6: potral:", '"portal"'),
    "unknown key in a row": (
        FIVE + "[[notify]]\non = 'note'\nto = 'owner'\ntag = 'T'\nfolds = true\n",
        "10: notify[1].folds:",
        '"fold"',
    ),
    "unknown key in a timer": (
        states("timers = [\n{ after = '1h', notfy = 'reminder' },\n]\n"),
        "11: states.open.timers[1].notfy:",
        '"notify"',
    ),
    "wrong type": (
        five("store =", "limits.message = true\nstore ="),
        "5: limits.message:",
        "must be a size",
    ),
    "text for a number": (
        FIVE + "[portal]\n[limits]\nper_address_hour = '30'\n",
        "8: limits.per_address_hour:",
        'must be a whole number from 1 to 100000, not "30"',
    ),
    "yes for true": (
        FIVE + "[trust]\nrequired = 'yes'\n",
        "7: trust.required:",
        'must be true or false, not "yes"',
    ),
    "a date": (FIVE + "[trust]\naccept = 2026-01-01\n", "7: trust.accept:", "not a date or time"),
    "section as text": (FIVE + "trust = 'x'\n", "6: trust:", "write [trust], not text"),
    "table as list": (FIVE + "[[trust]]\n", "6: trust:", "not a list"),
    "list as table": (FIVE + "[notify]\non = 'note'\n", "6: notify:", "write [[notify]]"),
    "states as text": (FIVE + "states = 'x'\n", "6: states:", "write [states.NAME]"),
    "row as text": (
        five('[{ name = "Sébastien"', '["x", { name = "Sébastien"'),
        "4: agents[1]:",
        "must be a table",
    ),
    "element of a list": (
        states("keywords = ['a', 3]\n"),
        "10: states.open.keywords[2]:",
        "must be one word without #, not 3",
    ),
    "missing key": (
        five(' host = "imap.fram.example",', ""),
        "2: imap.host:",
        "is missing; write host = … in [imap], or set MAILGATE_IMAP__HOST",
    ),
    "no agents": (five(FIVE.splitlines()[3], "agents = []"), "4: agents:", "at least one"),
    "port 0": (five("imap = {", "imap = { port = 0,"), "2: imap.port:", "from 1 to 65535, not 0"),
    "port 70000": (
        five("smtp = {", "smtp = { port = 70000,"),
        "3: smtp.port:",
        "from 1 to 65535, not 70000",
    ),
    "tls unknown": (
        five("imap = {", "imap = { tls = 'ssl',"),
        "2: imap.tls:",
        'must be "implicit", "starttls" or "none", not "ssl"',
    ),
    "clear text imap": (
        five("imap = {", "imap = { tls = 'none',"),
        "2: imap.tls:",
        'not for "imap.fram.example"; write tls = "implicit" or "starttls"',
    ),
    "clear text smtp": (
        five('host = "smtp.fram.example"', "host = '192.0.2.1', tls = 'none'"),
        "3: smtp.tls:",
        "clear text",
    ),
    "host with a scheme": (
        five('"imap.fram.example"', "'https://imap.fram.example'"),
        "2: imap.host:",
        "host name",
    ),
    "login without password": (
        five(', password = "s3cret-out"', ""),
        "3: smtp.password:",
        "MAILGATE_SMTP__PASSWORD_FILE",
    ),
    "same folder": (
        five("imap = {", "imap = { held = 'done',"),
        "2: imap.held:",
        "same folder as imap.done",
    ),
    "done is the inbox": (
        five("imap = {", "imap = { done = 'Inbox',"),
        "2: imap.done:",
        "same folder as imap.inbox",
    ),
    "no time zone": (
        five("desk = {", "desk = { timezone = 'Europe/Pari',"),
        "1: desk.timezone:",
        'there is no "Europe/Pari"',
    ),
    "time zone outside": (
        five("desk = {", "desk = { timezone = '../x',"),
        "1: desk.timezone:",
        "there is no",
    ),
    "time zone folder": (
        five("desk = {", "desk = { timezone = 'Europe',"),
        "1: desk.timezone:",
        "there is no",
    ),
    "language": (
        five("desk = {", "desk = { language = 'de',"),
        "1: desk.language:",
        'must be "fr" or "en"',
    ),
    "the desk as an admin": (
        five("desk = {", "desk = { admins = ['it@fram.example', 'support@fram.example'],"),
        "1: desk.admins[2]:",
        "own address",
    ),
    "desk name with brackets": (five('"FRAM"', "'[FRAM]'"), "1: desk.name:", "brackets"),
    "desk name with a number sign": (five('"FRAM"', "'F#'"), "1: desk.name:", "#"),
    "desk name with a tab": (five('"FRAM"', '"F\\u0009M"'), "1: desk.name:", "control"),
    "desk name empty": (five('"FRAM"', "' '"), "1: desk.name:", "1 to 40"),
    "desk address with a name": (
        five('"Support@Fram.example"', "'FRAM <support@fram.example>'"),
        "1: desk.address:",
        "one bare address",
    ),
    "first ticket 0": (
        five("desk = {", "desk = { first_ticket = 0,"),
        "1: desk.first_ticket:",
        "not 0",
    ),
    "templates folder": (
        five("desk = {", "desk = { templates = 'nowhere',"),
        "1: desk.templates:",
        "there is no folder",
    ),
    "templates folder with a long name": (
        five("desk = {", f"desk = {{ templates = '{'x' * 300}',"),
        "1: desk.templates:",
        "there is no folder",
    ),
    "agent is the desk": (
        five('"sebastien@fram.example"', "'SUPPORT@fram.example'"),
        "4: agents[1].address:",
        "desk's own address",
    ),
    "agent twice": (
        FIVE.replace(
            "}]", "}, {name = 'N', address = 'n@x.fr', aliases = ['Sebastien@fram.example']}]"
        ),
        "4: agents[2].aliases[1]:",
        "stands at agents[1]",
    ),
    "postgresql": (
        five("sqlite:///desk.db", "postgresql://me:pg-pw@db/x"),
        "5: store.url:",
        "PostgreSQL comes with a later version",
    ),
    "other database": (five("sqlite:///", "mysql://"), "5: store.url:", "sqlite:///"),
    "memory": (five("desk.db", ":memory:"), "5: store.url:", "memory"),
    "no such folder": (five("desk.db", "a/b.db"), "5: store.url:", "there is no folder"),
    "listen": (FIVE + "[portal]\nlisten = '8080'\n", "7: portal.listen:", "HOST:PORT"),
    "url": (FIVE + "[portal]\nurl = 'fram.example'\n", "7: portal.url:", "https://"),
    "accept": (FIVE + "[trust]\naccept = 'Internal'\n", "7: trust.accept:", "header"),
    "required without a server": (
        FIVE + "[trust]\nrequired = true\n",
        "7: trust.required:",
        "authserv_id or trust.accept",
    ),
    "size": (FIVE + "[limits]\nmessage = '25 tons'\n", "7: limits.message:", "a size"),
    "negative size": (FIVE + "[limits]\nmessage = -1\n", "7: limits.message:", "a size"),
    "missing key of a row": (
        five(', address = "seb', ', aliases = ["seb').replace('le" }]', 'le"] }]'),
        "4: agents[1].address:",
        "is missing; write address = …",
    ),
    "unknown key of a state": (
        states("lable = 'O'\n"),
        "10: states.open.lable:",
        'did you mean "label"?',
    ),
    "text for a list": (
        states("keywords = 'x'\n"),
        "10: states.open.keywords:",
        "must be a list, each one word without #",
    ),
    "true for text": (
        five('name = "FRAM"', "name = true"),
        "1: desk.name:",
        "without brackets and #, not true",
    ),
    "user empty": (
        five(
            'imap = { host = "imap.fram.example", user = "support"',
            "imap = { host = 'x', user = ' '",
        ),
        "2: imap.user:",
        "must not be empty",
    ),
    "question mark in the database": (
        five("desk.db", "a?b.db"),
        "5: store.url:",
        "without parameters",
    ),
    "port of the url": (FIVE + "[portal]\nurl = 'http://a:99999'\n", "7: portal.url:", "https://"),
    "query of the url": (FIVE + "[portal]\nurl = 'http://a/?b=c'\n", "7: portal.url:", "https://"),
    "path of the url": (FIVE + "[portal]\nurl = 'http://a/b'\n", "7: portal.url:", "a whole host"),
    "login of the url": (
        FIVE + "[portal]\nurl = 'http://u:p@a'\n",
        "7: portal.url:",
        "a whole host",
    ),
    "name of a proxy": (
        FIVE + "[portal]\nproxies = ['10.0.0.0/8', 'proxy']\n",
        "7: portal.proxies[2]:",
        "an IP address or network",
    ),
    "port of listen": (FIVE + "[portal]\nlisten = '[::1]:0'\n", "7: portal.listen:", "HOST:PORT"),
    # TOML itself
    "key twice": (FIVE + "[limits]\nmessage = 1\nmessage = 2\n", "8: message:", "stands twice"),
    "section twice": (FIVE + "[limits]\n[portal]\n[limits]\n", "8: limits:", "stands twice"),
    "text without quotes": (
        FIVE + "[portal]\nurl = https://x\n",
        "7: url:",
        "texts stand in quotes",
    ),
    "unclosed": (FIVE + 'x = """\n\n', "8:", "not valid TOML"),
    "number of 5000 digits": (FIVE + f"x = {'1' * 5000}", "", "not valid TOML"),
    "nested": (FIVE + f"x = {'[' * 5000}", "", "nested too deeply"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad(tmp_path: Path, case: str) -> None:
    text, where, words = BAD[case]
    found = problems(tmp_path, text)
    assert len(found) == 1, found
    assert found[0].startswith(f"config.toml:{where}")
    assert words in found[0]


def test_a_missing_section(tmp_path: Path) -> None:
    assert problems(tmp_path, five(FIVE.splitlines()[0], "")) == [
        "config.toml: desk.name: is missing; write name = … in [desk], or set MAILGATE_DESK__NAME",
        "config.toml: desk.address: is missing;"
        " write address = … in [desk], or set MAILGATE_DESK__ADDRESS",
    ]


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        five("desk = {", "desk = { colour = 1,").replace("imap = {", "imap = { port = 'x',")
        + "[states.new]\nlabel = 3\n[states.open]\nlabel = 'O'\nanswer = 'nowhere'\n"
        + "[[notify]]\non = 'state'\nstate = 'gone'\nto = 'requester'\ntag = ''\n"
        + "[[notify]]\non = 'state'\nstate = 'gone'\nto = 'requester'\ntag = 'T'\n"
    )
    found = problems(tmp_path, text, MAILGATE_SMTP__PORT="none", MAILGATE_SMPT__HOST="x")
    assert [line.split(": ")[:2] for line in found] == [
        ["config.toml:1", "desk.colour"],
        ["config.toml:2", "imap.port"],
        ["config.toml:7", "states.new.label"],
        ["config.toml:10", "states.open.answer"],
        ["config.toml:15", "notify[1].tag"],
        ["config.toml:18", "notify[2].state"],
        ["environment", "MAILGATE_SMPT__HOST"],
        ["environment", "MAILGATE_SMTP__PORT"],
    ]


@pytest.mark.parametrize(
    ("data", "where", "words"),
    [
        (b"# ok\n# caf\xe9\n", "config.toml:2: ", "is not UTF-8 text; save the file as UTF-8"),
        ("desk = 1".encode("utf-16"), "config.toml:1: ", "is not UTF-8 text"),
    ],
)
def test_not_utf8(tmp_path: Path, data: bytes, where: str, words: str) -> None:
    (found,) = problems(tmp_path, data)
    assert found.startswith(where)
    assert words in found


def test_no_file(tmp_path: Path) -> None:
    path = tmp_path / "mailgate.toml"
    with pytest.raises(ConfigError, match="there is no such file; write one") as caught:
        load(path, {})
    assert str(caught.value).startswith(f"{path}: ")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder; name the file in it"):
        load(tmp_path, {})


def test_an_unreadable_file(tmp_path: Path) -> None:
    loop = tmp_path / "config.toml"  # a link to itself: unreadable even for root
    loop.symlink_to(loop)
    with pytest.raises(ConfigError, match="cannot be read: "):
        load(loop, {})


def test_a_folder_that_a_database_url_cannot_name(tmp_path: Path) -> None:
    folder = tmp_path / "a?b"
    folder.mkdir()
    (found,) = problems(folder, FIVE)
    assert 'holds a "?"; choose another folder' in found
