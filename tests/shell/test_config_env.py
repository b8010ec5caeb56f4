"""The environment over config.toml, and secrets that are never shown."""

from pathlib import Path

import pytest

from mailgate.config import ConfigError
from tests.shell.configs import FIVE, five, problems, read


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        FIVE,
        MAILGATE_DESK__NAME="TEST",
        MAILGATE_IMAP__PORT="1143",
        MAILGATE_IMAP__PASSWORD="from-env",
        MAILGATE_LIMITS__MESSAGE="1 Mo",
        MAILGATE_LIMITS__PER_ADDRESS_HOUR="5",
        MAILGATE_TRUST__AUTHSERV_ID="mx.fram.example",
        MAILGATE_TRUST__REQUIRED="true",
        MAILGATE_STATES__OPEN__LABEL="In progress",
        MAILGATE_CONFIG="elsewhere",  # without "__": not ours
        PATH="/bin",
    )
    assert config.policy.desk == "TEST"
    assert config.imap.port == 1143
    assert config.imap.password.get_secret_value() == "from-env"
    assert (config.limits.message, config.limits.per_address_hour) == (1_000_000, 5)
    assert config.trust.required is True
    assert config.policy.states["open"].label == "In progress"


def test_a_missing_section_can_come_from_the_environment(tmp_path: Path) -> None:
    text = five(FIVE.splitlines()[0], "")
    environ = {"MAILGATE_DESK__NAME": "FRAM", "MAILGATE_DESK__ADDRESS": "a@fram.example"}
    assert read(tmp_path, text, **environ).desk.address == "a@fram.example"


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_password_from_a_file(tmp_path: Path, end: str) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(f"pässwörd with blanks {end}".encode())
    config = read(tmp_path, FIVE, MAILGATE_SMTP__PASSWORD_FILE=str(secret))
    assert config.smtp.password.get_secret_value() == "pässwörd with blanks "
    assert config.imap.password.get_secret_value() == "s3cret-in"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("MAILGATE_IMAP__PROT", "1", "did you mean MAILGATE_IMAP__PORT?"),
        ("MAILGATE_AGENTS__0__NAME", "x", "no such setting"),
        ("MAILGATE_DESK__FORMER_NAMES", "x", "only keys with one value"),
        ("MAILGATE_DESK__NAME_FILE", "x", "no such setting"),
        ("MAILGATE_IMAP__PORT", "", 'a whole number from 1 to 65535, not ""'),
        ("MAILGATE_IMAP__PORT", "imaps", 'a whole number from 1 to 65535, not "imaps"'),
        ("MAILGATE_IMAP__PORT", "70000", "from 1 to 65535, not 70000"),
        ("MAILGATE_TRUST__REQUIRED", "perhaps", 'true or false, not "perhaps"'),
        ("MAILGATE_IMAP__TLS", "none", "allowed only on this machine"),
        ("MAILGATE_STATES__WAITING__ANSWER", "closd", 'did you mean "closed"?'),
        ("MAILGATE_IMAP__PASSWORD_FILE", "/nowhere/secret", "cannot read /nowhere/secret: No such"),
        ("MAILGATE_IMAP__PASSWORD_FILE", "/dev/null", "must hold the password alone"),
    ],
)
def test_a_wrong_variable(tmp_path: Path, name: str, value: str, words: str) -> None:
    (found,) = problems(tmp_path, FIVE, **{name: value})
    assert found.startswith(f"environment: {name}: ")
    assert words in found


@pytest.mark.parametrize("content", [b"two\nlines-s3cret", b"\xff s3cret"])
def test_a_file_that_is_no_password(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    (found,) = problems(tmp_path, FIVE, MAILGATE_IMAP__PASSWORD_FILE=str(tmp_path / "secret"))
    assert "s3cret" not in found


def test_a_password_and_its_file(tmp_path: Path) -> None:
    names = {"MAILGATE_IMAP__PASSWORD": "a", "MAILGATE_IMAP__PASSWORD_FILE": "/dev/null"}
    (found,) = problems(tmp_path, FIVE, **names)
    assert "sets the same key as MAILGATE_IMAP__PASSWORD" in found


def test_a_variable_of_a_broken_section(tmp_path: Path) -> None:
    text = five(FIVE.splitlines()[1], "imap = 3")
    (found,) = problems(tmp_path, text, MAILGATE_IMAP__HOST="localhost")
    assert found.startswith("config.toml:2: imap: must be a table")


def test_os_environ_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILGATE_IMAP__PORT", "1")
    assert read(tmp_path, FIVE).imap.port == 993


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    config = read(tmp_path, FIVE)
    for text in (repr(config), str(config), repr(config.imap), str(config.smtp)):
        assert "s3cret" not in text


@pytest.mark.parametrize(
    "text",
    [
        five('password = "s3cret-in"', "password = 73577357"),
        five('password = "s3cret-in"', 'password = ["s3cret-73577357"]'),
        five('password = "s3cret-in"', 'pasword = "73577357"'),
        five('password = "s3cret-in"', 'password = "73577357", password = "73577357"'),
        five('password = "s3cret-in"', "password = 73577357x"),
        five("sqlite:///desk.db", "postgresql://desk:73577357@db/desk"),
        five("sqlite:///desk.db", "mysql://desk:73577357@db/desk"),
        five(FIVE.splitlines()[1], 'imap = "73577357"'),
    ],
)
def test_a_wrong_secret_is_not_echoed(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    error: BaseException | None = caught.value
    while error is not None:
        assert "73577357" not in str(error) + repr(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
