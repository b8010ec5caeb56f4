"""The tag grammar, a line a case: what clients and gateways make of `[FRAM][#12]`."""

import pytest

from rules.subject import base, find, write

DESKS = ("FRAM", "Vieux Nom", "Été & Co")
TAGS = ("Nouveau", "Note/Réponse")

FOUND = [
    pytest.param("[FRAM][#12][Nouveau] Arrivée", (12,), id="as written"),
    pytest.param("Re: [FRAM][#12][Nouveau] Arrivée", (12,), id="answered"),
    pytest.param("RE : [FRAM][#12] Arrivée", (12,), id="French blank before the colon"),
    pytest.param("RE\u00a0: [FRAM][#12] Arrivée", (12,), id="no-break space before the colon"),
    pytest.param("Re[2]: [FRAM][#12] Arrivée", (12,), id="counted prefix"),
    pytest.param("AW: WG: [FRAM][#12] Arrivée", (12,), id="German prefixes"),
    pytest.param("TR: Re: [FRAM][#12] Arrivée", (12,), id="forwarded in French"),
    pytest.param("[EXT] Re: [FRAM][#12] Arrivée", (12,), id="gateway banner"),
    pytest.param("[fram][#12] arrivée", (12,), id="lower case"),
    pytest.param("[ FRAM ] [ # 12 ] Arrivée", (12,), id="inner blanks"),
    pytest.param("[FRAM]\t[#12] Arrivée", (12,), id="tab of a folded header"),
    pytest.param("[FRAM]\u200b[#12] Arrivée", (12,), id="zero-width space"),
    pytest.param("［FRAM］［＃１２］ Arrivée", (12,), id="full-width brackets and digits"),
    pytest.param("【FRAM】【#12】 Arrivée", (12,), id="lenticular brackets"),
    pytest.param("[vieux  nom][#3] Arrivée", (3,), id="former name, folded blank"),
    pytest.param("[e\u0301te\u0301 & co][#4] Arrivée", (4,), id="decomposed accents"),
    pytest.param("Arrivée [FRAM][#12]", (12,), id="at the end"),
    pytest.param("[FRAM][#12] re [FRAM][#12]", (12,), id="twice the same"),
    pytest.param("[FRAM][#12] voir [FRAM][#13]", (12, 13), id="two numbers"),
    pytest.param("[AUTRE][#12] Arrivée", (), id="another desk"),
    pytest.param("[FRAM]#12 Arrivée", (), id="no second bracket"),
    pytest.param("[FRAM][12] Arrivée", (), id="no hash"),
    pytest.param("[FRAM] urgent [#12]", (), id="words between"),
    pytest.param("[#12] Arrivée", (), id="no desk"),
    pytest.param("[FRAMO][#12] Arrivée", (), id="longer name"),
    pytest.param("[FRAM][#" + "9" * 30 + "]", (), id="a number too long to be ours"),
    pytest.param("", (), id="empty"),
]


@pytest.mark.parametrize(("text", "numbers"), FOUND)
def test_numbers_found(text: str, numbers: tuple[int, ...]) -> None:
    assert find(text, DESKS) == numbers


BASES = [
    pytest.param("Re: [FRAM][#12][Nouveau] Arrivée", "Arrivée", id="our tag goes"),
    pytest.param("RE : Re[2]: AW: TR: Arrivée", "Arrivée", id="prefixes go"),
    pytest.param("[EXT] Re: [EXTERNE] Arrivée", "Arrivée", id="banners go"),
    pytest.param("[FRAM][#12][URGENT] Arrivée", "[URGENT] Arrivée", id="a sender's bracket"),
    pytest.param("[AUTRE][#12] Arrivée", "[AUTRE][#12] Arrivée", id="another desk's tag stays"),
    pytest.param("FIRMWARE: update", "FIRMWARE: update", id="no prefix inside a word"),
    pytest.param("Regarde : ceci", "Regarde : ceci", id="a word that starts like a prefix"),
    pytest.param("Ref: 2026-44", "Ref: 2026-44", id="a file number"),
    pytest.param("  Arrivée \t de Jean ", "Arrivée de Jean", id="blanks folded"),
    pytest.param("[FRAM][#1] a [FRAM][#2] b", "a b", id="two of our tags"),
    pytest.param("Re: ", "", id="nothing left"),
]


@pytest.mark.parametrize(("text", "expected"), BASES)
def test_base(text: str, expected: str) -> None:
    assert base(text, DESKS, TAGS) == expected


def test_what_is_written_is_found_and_taken_off_again() -> None:
    text = write("FRAM", 1898, "Note/Réponse", "Arrivée de Jean MARTIN")
    assert text == "[FRAM][#1898][Note/Réponse] Arrivée de Jean MARTIN"
    assert find(text, DESKS) == (1898,)
    assert base(text, DESKS, TAGS) == "Arrivée de Jean MARTIN"
