"""The portal inside the daemon: it starts and stops with it, and its log keeps secrets."""

from pathlib import Path

import httpx
import pytest

from tests.desk import MARIE, TestDesk
from tests.portal.portal import NEW, fill
from tests.process import Daemon, mailgate
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.smtp_sink import SmtpSink
from tests.servers.waiting import wait_until


@pytest.fixture
def desk(tmp_path: Path, dovecot: Dovecot, imap_user: str, smtp_sink: SmtpSink) -> TestDesk:
    return TestDesk(tmp_path, dovecot, imap_user, smtp_sink)


def up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").text == "ok\n"
    except httpx.HTTPError:
        return False


def test_it_lives_as_long_as_the_daemon(desk: TestDesk) -> None:
    listen = f"127.0.0.1:{free_port()}"
    url = f"http://{listen}"
    where = {"MAILGATE_PORTAL__LISTEN": listen, "MAILGATE_PORTAL__URL": url}
    with Daemon(desk.path, **where) as daemon:
        wait_until(lambda: up(url), what="the portal answers")
        with httpx.Client(base_url=url) as client:
            assert fill(client, "/new", **NEW).status_code == 303
            wait_until(lambda: len(desk.sink.mails) == 2, what="its mails went out at once")
            mail = next(one for one in desk.sink.mails if one.recipients == (MARIE,))
            token = mail.raw.replace(b"=\r\n", b"").partition(b"/t/")[2][:22].decode()
            assert client.get(f"/t/{token}").status_code == 200
            other = mailgate("run", "--config", str(_copy(desk)), **where)
            assert other.returncode == 1
            assert other.stderr.count("\n") <= 2
            assert f"[portal] listen: {listen} cannot be used" in other.stderr
            assert daemon.stop() == 0  # with a connection of a visitor still open
    assert not up(url)
    log = daemon.log.read_text("utf-8")
    assert token not in log
    assert NEW["text"] not in log
    assert "Traceback" not in log


def _copy(desk: TestDesk) -> Path:
    """The same desk on a database of its own."""
    folder = desk.folder / "other"
    folder.mkdir()
    (folder / "config.toml").write_text(desk.path.read_text("utf-8"), "utf-8")
    return folder / "config.toml"


def test_check_warns_of_links_in_clear_text_and_of_mails_without(desk: TestDesk) -> None:
    path = str(desk.path)
    where = {"MAILGATE_PORTAL__LISTEN": "127.0.0.1:8080"}
    done = mailgate("check", "--offline", "--config", path, **where)
    assert "portal.url: is empty" in done.stderr
    where["MAILGATE_PORTAL__URL"] = "http://support.fram.example"
    done = mailgate("check", "--offline", "--config", path, **where)
    assert "portal.url: links travel in clear text" in done.stderr
    where["MAILGATE_PORTAL__URL"] = "https://support.fram.example"
    assert "portal" not in mailgate("check", "--offline", "--config", path, **where).stderr
