"""References are made, found whatever carries them, and cut out of relayed words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reference import CUT, ancestor, cut, encode, find, message_id

ONE, TWO = "mg-" + "a" * 26, "mg-" + "b" * 26


@given(st.binary(min_size=16, max_size=16))
def test_every_16_bytes_make_a_reference_that_is_found(bits: bytes) -> None:
    assert find([encode(bits)]) == (encode(bits),)


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_different_bytes_make_different_references(one: bytes, other: bytes) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize(
    "carrier",
    [
        pytest.param(message_id(ONE, "fram.example"), id="Message-ID"),
        pytest.param(ancestor(ONE, "fram.example"), id="virtual ancestor"),
        pytest.param(f"Bonjour\n> Réf. {ONE}\n", id="quoted last line"),
        pytest.param(f"Réf.&nbsp;{ONE.upper()}</p>", id="upper case in HTML"),
        pytest.param(f"<mailto:x?body=R%C3%A9f.%20{ONE}>", id="mailto link"),
    ],
)
def test_found_in(carrier: str) -> None:
    assert find([carrier]) == (ONE,)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("mg-" + "a" * 25, id="too short"),
        pytest.param("mg-" + "a" * 27, id="too long"),
        pytest.param("xmg-" + "a" * 26, id="inside a word"),
        pytest.param("mg-" + "1" * 26, id="letters that base32 lacks"),
    ],
)
def test_not_a_reference(text: str) -> None:
    assert find([text]) == ()


def test_the_nearest_comes_first_and_each_once() -> None:
    assert find([TWO, f"{ONE} {TWO}"]) == (TWO, ONE)


def test_a_mail_full_of_references_is_read_to_a_bound() -> None:
    many = " ".join(encode(bytes([n]) * 16) for n in range(200))
    assert len(find([many])) == 60


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(f"Oui.\n\nRéf. {ONE}\n", "Oui.\n\n", id="its own line goes whole"),
        pytest.param(f"> Réf. {ONE}\nOui.", "Oui.", id="quoted line"),
        pytest.param(f"voir {ONE}.r@fram.example ici", f"voir {CUT}.r@fram.example ici", id="id"),
        pytest.param("https://s.example/t/AbC_-9~x!", f"{CUT}!", id="link"),
        pytest.param("HTTPS://S.EXAMPLE/t/AbC", CUT, id="link in capitals"),
        pytest.param("https://s.example/agent/sign-in/AbC_-9", CUT, id="sign-in link"),
        pytest.param(
            "https%3A%2F%2Fs.example%2Fagent%2Fsign-in%2FAbC", CUT, id="sign-in link in a link"
        ),
        pytest.param("https://s.example/agent/t/12", "https://s.example/agent/t/12", id="board"),
        pytest.param("https://s.example/help/", "https://s.example/help/", id="other pages stay"),
        pytest.param("Réf. 2026-44", "Réf. 2026-44", id="a file number stays"),
    ],
)
def test_cut(text: str, left: str) -> None:
    assert cut(text, "https://s.example/") == left
