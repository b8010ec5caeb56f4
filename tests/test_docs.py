"""The documents say what the program does: commands, the five lines, links between files."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from mailgate.__main__ import app
from mailgate.config import load
from store.tables import Base

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def commands(of: typer.Typer, before: str = "mailgate") -> Iterator[str]:
    for command in of.registered_commands:
        assert command.callback
        yield f"{before} {command.name or command.callback.__name__}"
    for group in of.registered_groups:
        assert group.typer_instance
        yield from commands(group.typer_instance, f"{before} {group.name}")


@pytest.mark.parametrize("command", list(commands(app)))
def test_every_command_stands_in_the_readme(command: str) -> None:
    *_, group, name = command.split()
    near = rf"{group}\b[^\n]*\b{name}\b" if group != "mailgate" else rf"mailgate {name}\b"
    assert re.search(near, README), f"README.md does not name `{command}`"


def test_the_five_lines_make_a_desk(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    assert len(block.splitlines()) == 5
    (tmp_path / "config.toml").write_text(block, "utf-8")
    config = load(tmp_path / "config.toml", {})
    assert config.policy.agents
    assert config.policy.notify
    assert (config.imap.port, config.smtp.port) == (993, 465)


@pytest.mark.parametrize(
    "page", [*ROOT.glob("docs/*.md"), ROOT / "README.md"], ids=lambda p: p.name
)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_architecture_names_every_module_of_the_road_and_every_table() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for table in Base.metadata.tables:
        assert f"`{table}`" in text, table
    for path in re.findall(r"`((?:mailgate|store|rules)/[a-z_/]+\.py)`", text):
        assert (ROOT / path).exists(), path
