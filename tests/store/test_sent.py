"""The sent log keeps what was noted, whatever became of the lines around it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.db import OutageError
from store.sent import LINES, SentLog

NOW = datetime(2026, 7, 20, 9, 30, 1, 234567, UTC)


def noted(folder: Path, *references: str) -> SentLog:
    log = SentLog(folder / "x.db")
    for reference in references:
        log.add(reference, NOW)
    return log


def read(folder: Path) -> list[str]:
    """As the next process does."""
    return [reference for reference, _ in SentLog(folder / "x.db").read()]


def test_what_is_noted_is_read_by_the_next_process(tmp_path: Path) -> None:
    assert read(tmp_path) == []
    with closing(noted(tmp_path, "mg-a")) as log:
        log.add("mg-b", NOW + timedelta(seconds=1))
        assert SentLog(tmp_path / "x.db").read() == [
            ("mg-a", NOW),
            ("mg-b", NOW + timedelta(seconds=1)),
        ]
    path = tmp_path / "x.db.sent"
    size = path.stat().st_size
    with closing(log):
        for n in range(2, LINES):
            log.add(f"mg-{n}", NOW)
    assert log.full
    assert path.stat().st_size == size
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_are_written_over_once_the_database_knows_them(tmp_path: Path) -> None:
    with closing(noted(tmp_path, "mg-a", "mg-b", "mg-c")) as log:
        log.told()
        log.add("mg-d", NOW)
    assert read(tmp_path) == ["mg-d", "mg-b", "mg-c"]


@pytest.mark.parametrize("torn", range(128))
def test_a_line_that_a_power_cut_spoils_spoils_no_other(tmp_path: Path, torn: int) -> None:
    noted(tmp_path, "mg-a", "mg-b", "mg-c").close()
    path = tmp_path / "x.db.sent"
    data = path.read_bytes()
    path.write_bytes(data[: 128 + torn] + bytes(128 - torn) + data[256:])
    assert read(tmp_path) == ["mg-a", "mg-c"]


@pytest.mark.parametrize("left", [b"", b"\n" * 300, b"\xff" * 256, b"mg-x 2026-07-20T09:30:01 \n"])
def test_what_is_no_line_says_nothing(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "x.db.sent").write_bytes(left)
    assert read(tmp_path) == []
    with closing(noted(tmp_path, "mg-a")):
        assert read(tmp_path) == ["mg-a"]


def test_a_disk_that_does_not_take_it_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "x.db.sent").mkdir()
    log = SentLog(tmp_path / "x.db")
    with pytest.raises(OutageError, match=r"x\.db\.sent"):
        log.add("mg-a", NOW)
    with pytest.raises(OutageError, match=r"x\.db\.sent"):
        log.read()
