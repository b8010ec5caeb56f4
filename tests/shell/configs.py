"""Texts of config.toml that tests change, and how they are read."""

from pathlib import Path

import pytest

from mailgate.config import Config, ConfigError, load

FIVE = """\
desk = { name = "FRAM", address = "Support@Fram.example" }
imap = { host = "imap.fram.example", user = "support", password = "s3cret-in" }
smtp = { host = "smtp.fram.example", user = "support", password = "s3cret-out" }
agents = [{ name = "Sébastien", address = "sebastien@fram.example" }]
store = { url = "sqlite:///desk.db" }
"""
STATES = """\
[states.new]
label = "New"
[states.open]
label = "Open"
"""  # lines 6 to 9 below FIVE

NOTIFY_NOTE = '[[notify]]\non = "note"\nto = "owner"\ntag = "T"\n'
NOTIFY_REMINDER = "[[notify]]\non = 'reminder'\nto = 'requester'\ntag = 'T'\n"


def five(old: str, new: str) -> str:
    assert old in FIVE
    return FIVE.replace(old, new)


def states(more: str) -> str:
    """FIVE, the two states, and more from line 10 on."""
    return FIVE + STATES + more + NOTIFY_NOTE


def row(**keys: str) -> str:
    """A [[notify]] row on line 6, its keys below it, and the reminder of the shipped states."""
    keys = {"to": '"owner"', "tag": '"T"'} | keys
    lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
    return f"{FIVE}[[notify]]\n{lines}{NOTIFY_REMINDER}"


def read(folder: Path, text: str | bytes, **environ: str) -> Config:
    """The configuration that `text` makes as config.toml in `folder`."""
    path = folder / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(path, environ)


def problems(folder: Path, text: str | bytes, **environ: str) -> list[str]:
    """What is found wrong, one line each, without the name of the folder."""
    with pytest.raises(ConfigError) as caught:
        read(folder, text, **environ)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]
