"""The tables of config.toml, row by row: agents, states with their timers, notifications."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailgate.config.models import Model
from mailgate.config.types import (
    Duration,
    EmailAddress,
    Filled,
    Keyword,
    Listed,
    OneOrMany,
    SubjectPart,
    TemplateName,
    Text,
)
from rules.policy import By, On, To


class AgentRow(Model):
    """One `[[agents]]` block per person who answers tickets."""

    name: Filled = Field(description="Name as requesters read it.")
    address: EmailAddress = Field(description="Address that the agent is written to.")
    aliases: Annotated[tuple[EmailAddress, ...], Listed] = Field(
        default=(), description="Other addresses that the agent writes from."
    )


class TimerRow(Model):
    """What happens when a ticket has stayed in the state: either `notify` or `state`."""

    after: Duration = Field(
        description="Time since the ticket came into the state; at most 3650 days, soonest first."
    )
    notify: Literal["", "reminder"] = Field(
        default="", description="Sends the `reminder` rows of `[[notify]]`."
    )
    state: Text = Field(default="", description="Moves the ticket to this state.")


class StateRow(Model):
    """One `[states.NAME]` section per state; `new` and `open` have to be there.

    A table given here replaces the shipped one as a whole.
    """

    label: Filled = Field(description="What people read.")
    keywords: Annotated[tuple[Keyword, ...], Listed] = Field(
        default=(),
        description="Words that set the state from an agent's mail, written there behind `#`."
        " Case and accents do not count.",
    )
    final: bool = Field(
        default=False,
        description="Only an agent can take a ticket out of it; later notes change nothing.",
    )
    answer: Text = Field(
        default="",
        description="State that an outside answer moves the ticket to. Empty: it stays.",
    )
    timers: Annotated[tuple[TimerRow, ...], Listed] = Field(
        default=(), description="What happens when nobody answers."
    )


class NotifyRow(Model):
    """One row per mail that the desk sends: what happened, who did it, who is told.

    A table given here replaces the shipped one as a whole. Each event tells
    each recipient once: the first row that fits.
    """

    on: Annotated[On, Field(strict=False)] = Field(description="What happened.")
    by: Annotated[By, Field(strict=False)] = Field(
        default=By.ANYONE,
        description="Who did it. `other` is anyone else with a link or reference.",
    )
    state: Text = Field(
        default="", description='With `on = "state"`: the state that the ticket came into.'
    )
    to: Annotated[tuple[Annotated[To, Field(strict=False)], ...], OneOrMany] = Field(
        min_length=1,
        description="Who is told, one or a list. `owner` is all agents while there is none.",
    )
    tag: SubjectPart = Field(description="Third bracket of the subject.")
    template: TemplateName = Field(
        default="",
        description="Template of the mail.",
        json_schema_extra={"default": "the row's `state`, without one its `on`"},
    )
    fold: bool = Field(
        default=False,
        description='With `on = "state"`: the words written with the state change stand in this'
        " mail and are not mailed by themselves.",
    )


# Tables of rows: how their header is written, and the model of one row.
TABLES: dict[str, tuple[str, type[Model]]] = {
    "agents": ("[[agents]]", AgentRow),
    "states": ("[states.NAME]", StateRow),
    "notify": ("[[notify]]", NotifyRow),
}
