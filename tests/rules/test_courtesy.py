"""Thanks and silence: exact after normalisation, never a phrase inside a longer message."""

from time import perf_counter

import pytest

from rules.courtesy import is_silent, is_thanks
from rules.model import Address
from rules.policy import Agent, Policy

POLICY = Policy(
    desk="FRAM",
    former_desks=(),
    address="support@fram.example",
    agents=(Agent("Sébastien LE GOFF", "seb@fram.example"),),
    states={},
    notify=(),
    thanks=("merci", "C'est réglé", "ça marche", "thank you", "👍"),
)
MARIE = Address("marie@fram.example", "Marie DUPONT")

THANKS = [
    ("merci", True),
    ("  *Merci* !!!", True),
    ("MERCI…", True),
    ("c’est reglé", True),
    ("Ça marche, merci Sébastien", True),
    ("Bonjour M. Le Goff,\n\nMerci.\n\nBien cordialement,\nMarie Dupont", True),
    ("Hello,\nthank you 😊\nKind regards\nMarie", True),
    ("👍", True),
    ("mer\u200bci", True),
    ("merci, mais cela ne marche toujours pas", False),
    ("ça marche pas", False),
    ("Merci ?", False),
    ("Merci de rappeler Paul", False),
    ("Bonjour,\nCordialement,\nMarie", False),
    ("😡", False),
    ("", False),
    ("merci " * 200, False),
]


@pytest.mark.parametrize(("text", "expected"), THANKS)
def test_thanks(text: str, expected: bool) -> None:
    assert is_thanks(POLICY, text, [MARIE]) is expected


SILENT = [
    ("", True),
    (" \n\u00a0\n--\n", True),
    ("Bonjour,\n\nCordialement,\nMarie", True),
    ("Marie Dupont", True),
    ("merci", False),
    ("?", False),
    ("!", False),
    ("12", False),
    ("Bonjour, et mon PC ?", False),
    ("Paul", False),
]


@pytest.mark.parametrize(("text", "expected"), SILENT)
def test_silence(text: str, expected: bool) -> None:
    assert is_silent(POLICY, text, [MARIE, None]) is expected


def test_a_display_name_that_is_a_sentence_is_no_name() -> None:
    scanner = Address("copieur@fram.example", "Bac 2 vide au 3e étage")
    assert not is_silent(POLICY, "Bac 2 vide", [scanner])


@pytest.mark.parametrize("unit", ["merci ", "?", "👍", "\u200b", "-", "é\u0301"])
def test_time_is_bounded(unit: str) -> None:
    start = perf_counter()
    is_thanks(POLICY, unit * 200_000, [MARIE])
    is_silent(POLICY, unit * 200_000, [MARIE])
    assert perf_counter() - start < 2
