"""The keyword lines of agents and requesters: each line of the grammar is one named case."""

from dataclasses import replace
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.keywords import (
    FIXED_KEYWORDS,
    Answer,
    Code,
    Orders,
    Refusal,
    fold,
    read_agent,
    read_requester,
    shown,
)
from rules.model import Address, EntryKind
from rules.policy import Agent, Policy, State

SEB, NADIA = "sebastien@fram.example", "nadia@fram.example"
RH, MARIE = Address("rh@x.example"), Address("marie@x.example", "Marie DUPONT")


def _state(name: str, *keywords: str) -> State:
    return State(name, name.title(), keywords, False, "", (), "config.toml:1")


POLICY = Policy(
    desk="FRAM",
    former_desks=(),
    address="support@fram.example",
    agents=(Agent("Sébastien", SEB, ("seb@home.example",)), Agent("Nadia LE GOFF", NADIA)),
    states={
        state.name: state
        for state in (
            _state("new"),
            _state("open", "rouvrir", "reopen"),
            _state("waiting", "attente", "waiting"),
            _state("resolved", "résolu", "resolved"),
            _state("closed", "clôturé", "clôturer", "closed", "close"),
            _state("parked", "sans-suite"),
        )
    },
    notify=(),
)
NOTHING = Orders()
RESOLVED, CLOSED = Orders(state="resolved"), Orders(state="closed")
NOTE, INTERNAL = Orders(EntryKind.NOTE), Orders(EntryKind.INTERNAL)


def reply(*people: Address) -> Orders:
    return Orders(EntryKind.REPLY, people)


def transfer(*people: Address) -> Orders:
    return Orders(EntryKind.TRANSFER, people)


def refused(line: str, code: Code, nearest: str = "") -> Orders:
    return Orders(refused=(Refusal(line, code, nearest),))


def orders(text: str, cc: tuple[Address, ...] = ()) -> Orders:
    return read_agent(POLICY, "seb@home.example", text, cc)[0]


LINES = [
    # How a line may look.
    pytest.param("#résolu", RESOLVED, id="plain"),
    pytest.param("# résolu", RESOLVED, id="a blank behind #"),
    pytest.param("#\u202frésolu", RESOLVED, id="U+202F behind #"),
    pytest.param("\u3000\u00a0#résolu\u00a0", RESOLVED, id="Unicode blanks around"),
    pytest.param("#Résolu.", RESOLVED, id="capital and full stop"),
    pytest.param("#RÉSOLU !", RESOLVED, id="upper case and !"),
    pytest.param("#RÉSOLU\u202f!", RESOLVED, id="French blank before !"),
    pytest.param("#resolu", RESOLVED, id="no accent"),
    pytest.param("#re\u0301solu", RESOLVED, id="combining accent"),
    pytest.param("#ｒésolu", RESOLVED, id="full-width letter"),
    pytest.param("＃résolu", RESOLVED, id="full-width ＃"),
    pytest.param("*#résolu*", RESOLVED, id="bold"),
    pytest.param("**#résolu.**", RESOLVED, id="bold with full stop"),
    pytest.param("# _résolu_ :", RESOLVED, id="italic and colon"),
    pytest.param("#\u200brés\u200bolu\ufeff", RESOLVED, id="zero-width characters"),
    pytest.param("\u2066#ré\u00adsolu\u2069", RESOLVED, id="bidi marks and soft hyphen"),
    pytest.param("#\ufe0frésolu", RESOLVED, id="variation selector"),
    pytest.param("\r\n#résolu\r\n", RESOLVED, id="carriage returns"),
    pytest.param("#sans-suite", Orders(state="parked"), id="a state of one's own, with hyphen"),
    # What is no keyword line.
    pytest.param("résolu", NOTHING, id="no #"),
    pytest.param("#12 est lié", NOTHING, id="a number"),
    pytest.param("# 12", NOTHING, id="a blank and a number"),
    pytest.param("#", NOTHING, id="# alone"),
    pytest.param("##résolu", NOTHING, id="escaped"),
    pytest.param("> #résolu", NOTHING, id="quoted"),
    pytest.param('"#résolu"', NOTHING, id="in quotes"),
    pytest.param("- #résolu", NOTHING, id="in a list"),
    pytest.param("Bonjour\n#résolu", NOTHING, id="below the text"),
    pytest.param("#12\n#résolu", NOTHING, id="below a number"),
    pytest.param("", NOTHING, id="no text"),
    # States and their aliases.
    pytest.param("#attente", Orders(state="waiting"), id="#attente"),
    pytest.param("#waiting", Orders(state="waiting"), id="#waiting"),
    pytest.param("#rouvrir", Orders(state="open"), id="#rouvrir"),
    pytest.param("#cloturer", CLOSED, id="#clôturer"),
    pytest.param("#close", CLOSED, id="#close"),
    pytest.param("#résolu\n#resolved", RESOLVED, id="one state twice"),
    # Kinds.
    pytest.param("#note", NOTE, id="#note"),
    pytest.param("#interne", INTERNAL, id="#interne"),
    pytest.param("#internal", INTERNAL, id="#internal"),
    pytest.param("#réponse rh@x.example", reply(RH), id="#réponse"),
    pytest.param("#reponse rh@x.example", reply(RH), id="#reponse"),
    pytest.param("#reply: rh@x.example.", reply(RH), id="#reply, punctuation"),
    pytest.param("#cc rh@x.example", reply(RH), id="#cc"),
    pytest.param("#transfert rh@x.example", transfer(RH), id="#transfert"),
    pytest.param("#transfer rh@x.example", transfer(RH), id="#transfer"),
    pytest.param(
        "#cc rh@x.example\n#réponse Marie DUPONT <marie@x.example>, rh@x.example",
        reply(RH, MARIE),
        id="replies add up",
    ),
    # Owners and help.
    pytest.param("#prendre", Orders(owner=SEB), id="#prendre"),
    pytest.param("#take", Orders(owner=SEB), id="#take"),
    pytest.param("#assigner nadia le goff", Orders(owner=NADIA), id="assigned by name"),
    pytest.param("#assigner Nadia", Orders(owner=NADIA), id="assigned by first name"),
    pytest.param("#assigner Goff.", Orders(owner=NADIA), id="assigned by a word of the name"),
    pytest.param("#assign Nadia@fram.example", Orders(owner=NADIA), id="assigned by address"),
    pytest.param("#assigner SEB@home.example", Orders(owner=SEB), id="assigned by alias"),
    pytest.param(f"#assigner Nadia <{NADIA}>", Orders(owner=NADIA), id="assigned, both"),
    pytest.param("#prendre\n#assigner sebastien", Orders(owner=SEB), id="one owner twice"),
    pytest.param("#aide", Orders(help=True), id="#aide"),
    pytest.param("#HELP !", Orders(help=True), id="#help"),
    # Together.
    pytest.param(
        "\n\u200b\n#attente\n\n***\n# prendre\n#cc rh@x.example\nBonjour",
        Orders(EntryKind.REPLY, (RH,), "waiting", SEB),
        id="several, blank lines between",
    ),
    # Refused.
    pytest.param("#résolv", refused("#résolv", Code.UNKNOWN, "resolved"), id="nearest"),
    pytest.param("#attnete", refused("#attnete", Code.UNKNOWN, "attente"), id="nearest state"),
    pytest.param("#transfrt", refused("#transfrt", Code.UNKNOWN, "transfert"), id="nearest word"),
    pytest.param("#xyz\u200b", refused("#xyz", Code.UNKNOWN), id="nothing near"),
    pytest.param("#confirmer", refused("#confirmer", Code.UNKNOWN), id="a requester's keyword"),
    pytest.param("#résolu merci", refused("#résolu merci", Code.EXTRA), id="words behind a state"),
    pytest.param("#note rh@x.example", refused("#note rh@x.example", Code.EXTRA), id="note to"),
    pytest.param("#prendre moi", refused("#prendre moi", Code.EXTRA), id="words behind take"),
    pytest.param("#réponse", refused("#réponse", Code.NO_ADDRESS), id="reply to nobody"),
    pytest.param("#transfert :", refused("#transfert :", Code.NO_ADDRESS), id="transfer nowhere"),
    pytest.param("#transfert rh", refused("#transfert rh", Code.BAD_ADDRESS), id="no address"),
    pytest.param(
        "#cc Support@FRAM.example",
        refused("#cc Support@FRAM.example", Code.BAD_ADDRESS),
        id="the desk itself",
    ),
    pytest.param(
        "#assigner Nadya Legoff",
        refused("#assigner Nadya Legoff", Code.UNKNOWN_AGENT, "Nadia LE GOFF"),
        id="nearest agent",
    ),
    pytest.param(
        "#assigner nadja@fram.example",
        refused("#assigner nadja@fram.example", Code.UNKNOWN_AGENT, "Nadia LE GOFF"),
        id="nearest agent by address",
    ),
    pytest.param(
        "#assigner rh@x.example",
        refused("#assigner rh@x.example", Code.UNKNOWN_AGENT),
        id="assigned to an outsider",
    ),
    pytest.param(
        f"#assigner {NADIA} {SEB}",
        refused(f"#assigner {NADIA} {SEB}", Code.UNKNOWN_AGENT, "Nadia LE GOFF"),
        id="assigned to two",
    ),
    pytest.param("#assigner", refused("#assigner", Code.UNKNOWN_AGENT), id="assigned to nobody"),
    pytest.param("#résolu\n#clôturé", refused("#clôturé", Code.CONFLICT), id="two states"),
    pytest.param("#note\n#interne", refused("#interne", Code.CONFLICT), id="two kinds"),
    pytest.param(
        "#prendre\n#assigner nadia le goff",
        refused("#assigner nadia le goff", Code.CONFLICT),
        id="two owners",
    ),
    pytest.param(
        "#xyz\n#résolu\n#cc\n#aide",
        Orders(refused=(Refusal("#xyz", Code.UNKNOWN), Refusal("#cc", Code.NO_ADDRESS))),
        id="all or nothing",
    ),
    pytest.param(
        "#x" + "é" * 200, refused("#x" + "é" * 97 + "…", Code.UNKNOWN), id="a long line is clipped"
    ),
]


@pytest.mark.parametrize(("text", "expected"), LINES)
def test_orders(text: str, expected: Orders) -> None:
    assert orders(text) == expected


ADDRESSES = [
    pytest.param("marie@x.example", "marie@x.example", id="bare"),
    pytest.param("Marie.Dupont@X.Example", "marie.dupont@x.example", id="capitals"),
    pytest.param("a@b", "a@b", id="no dot in the domain"),
    pytest.param("<a@b>", "a@b", id="angle brackets"),
    pytest.param("Marie DUPONT <a@b>", "Marie DUPONT <a@b>", id="name"),
    pytest.param("Marie<a@b>", "Marie <a@b>", id="name without a blank"),
    pytest.param('"DUPONT, Marie" <a@b>', "DUPONT, Marie <a@b>", id="quoted name with comma"),
    pytest.param("'Marie' <a@b>", "Marie <a@b>", id="name in apostrophes"),
    pytest.param('"a@b" <a@b>', "a@b", id="the address as name"),
    pytest.param("a@b<mailto:a@b>", "a@b", id="mailto behind"),
    pytest.param("a@b <mailto:a@b>", "a@b", id="mailto behind a blank"),
    pytest.param("Marie <a@b<mailto:a@b>>", "Marie <a@b>", id="mailto inside"),
    pytest.param("mailto:a@b", "a@b", id="mailto"),
    pytest.param("mailto:a%2Bc@b?subject=x", "a+c@b", id="mailto with fields and escapes"),
    pytest.param("[a@b](mailto:a@b)", "a@b", id="Markdown link"),
    pytest.param("[Marie](mailto:a@b)", "Marie <a@b>", id="Markdown link with name"),
    pytest.param("Marie (a@b)", "Marie <a@b>", id="round brackets"),
    pytest.param("Marie (RH) <a@b>", "Marie (RH) <a@b>", id="brackets in the name"),
    pytest.param("Marie [mailto:a@b]", "Marie <a@b>", id="Outlook's square brackets"),
    pytest.param("_a_b_@b", "_a_b_@b", id="underscores"),
    pytest.param("*a@b*", "a@b", id="bold"),
    pytest.param("_a@b_", "a@b", id="italic"),
    pytest.param("_a@b_, _Marie <c@d>_", "a@b Marie <c@d>", id="italic, two"),
    pytest.param("a\u200b@b", "a@b", id="zero-width"),
    pytest.param("élodie@exämple.fr", "élodie@exämple.fr", id="not ASCII"),
    pytest.param("a@b c@d", "a@b c@d", id="separated by a blank"),
    pytest.param("a@b\u00a0c@d", "a@b c@d", id="separated by U+00A0"),
    pytest.param("a@b,c@d;e@f", "a@b c@d e@f", id="separated by , and ;"),
    pytest.param("a@b, ; c@d;", "a@b c@d", id="too many separators"),
    pytest.param("Marie <a@b> Paul <c@d>", "Marie <a@b> Paul <c@d>", id="names and blanks"),
    pytest.param("A@b, a@B, Marie <a@b>", "Marie <a@b>", id="each once, the name kept"),
    # In doubt.
    pytest.param("Marie", None, id="a name alone"),
    pytest.param("DUPONT, Marie <a@b>", None, id="a comma in a bare name"),
    pytest.param("bonjour a@b", None, id="a word before"),
    pytest.param("a@b merci", None, id="a word behind"),
    pytest.param("a@b<mailto:c@d>", None, id="text and link differ"),
    pytest.param("[a@b](mailto:c@d)", None, id="Markdown text and link differ"),
    pytest.param("a@b<c>", None, id="half an address behind"),
    pytest.param("a@", None, id="no domain"),
    pytest.param("@b", None, id="no local part"),
    pytest.param("a@b@c", None, id="two @"),
    pytest.param("a@b..c", None, id="an empty label"),
    pytest.param("a..b@c", None, id="two dots"),
    pytest.param("a@-b", None, id="a hyphen first"),
    pytest.param("<a@b", None, id="an open bracket"),
    pytest.param('"Marie <a@b>', None, id="an open quote"),
    pytest.param("a@" + "b" * 64, None, id="a long label"),
    pytest.param("a" * 65 + "@b", None, id="a long local part"),
]


@pytest.mark.parametrize(("words", "expected"), ADDRESSES)
def test_addresses(words: str, expected: str | None) -> None:
    found = orders(f"#transfert {words}")
    assert [refusal.code for refusal in found.refused] == ([] if expected else [Code.BAD_ADDRESS])
    assert " ".join(map(str, found.addresses)) == (expected or "")


CC = [
    pytest.param("#réponse", reply(RH, MARIE), id="copies of a reply"),
    pytest.param("#cc marie@x.example", reply(MARIE, RH), id="and those of the line"),
    pytest.param("Bonjour", None, id="a note by default"),
    pytest.param("#note", None, id="a note"),
    pytest.param("#interne", None, id="an internal note"),
    pytest.param("#transfert a@b", None, id="a transfer"),
    pytest.param("#résolu", None, id="a state"),
]


@pytest.mark.parametrize(("text", "expected"), CC)
def test_people_in_copy(text: str, expected: Orders | None) -> None:
    copied = Orders(refused=tuple(Refusal(one.email, Code.COPIED) for one in (RH, MARIE)))
    assert orders(text, (RH, MARIE)) == (expected or copied)


def test_agents_and_the_desk_in_copy_are_passed_over() -> None:
    inside = (Address(NADIA), Address("seb@home.example"), Address(POLICY.address))
    assert orders("Bonjour", inside) == NOTHING
    assert orders("#réponse", inside) == refused("#réponse", Code.NO_ADDRESS)


TEXTS = [
    pytest.param("#résolu\nBonjour,\n\n#note *x*\n", "Bonjour,\n\n#note *x*\n", id="block cut"),
    pytest.param("\n#résolu\n \u200b\n  Bonjour", "  Bonjour", id="blank lines around"),
    pytest.param("#résolu\n***\nBonjour", "***\nBonjour", id="a rule stays"),
    pytest.param("#résolu", "", id="nothing left"),
    pytest.param("\n\nBonjour\n#résolu", "\n\nBonjour\n#résolu", id="no block: as it was"),
    pytest.param("##résolu\n##x", "#résolu\n##x", id="escape, once"),
    pytest.param("#note\n\n **##résolu**\n#x", " **#résolu**\n#x", id="escape ends the block"),
    pytest.param("＃#résolu", "#résolu", id="full-width escape"),
    pytest.param("#résolu\n#12 suit", "#12 suit", id="a number ends the block"),
    pytest.param("#nope\nBonjour", "Bonjour", id="refused"),
]


@pytest.mark.parametrize(("text", "left"), TEXTS)
def test_text_below_the_block(text: str, left: str) -> None:
    assert read_agent(POLICY, SEB, text)[1] == left


ANSWERS = [
    pytest.param("#confirmer", Answer.CONFIRM, "", id="#confirmer"),
    pytest.param("\n\n# Confirmer !\nMerci", Answer.CONFIRM, "Merci", id="tolerant"),
    pytest.param("*＃confirm.*\n\nThanks", Answer.CONFIRM, "Thanks", id="English, bold"),
    pytest.param("#Refuser\nEncore cassé\n#1", Answer.REFUSE, "Encore cassé\n#1", id="#refuser"),
    pytest.param("#refuse", Answer.REFUSE, "", id="#refuse"),
    pytest.param("#refuser : non.\nA.", Answer.REFUSE, "non.\nA.", id="words behind are kept"),
    pytest.param("#confirmer\n#refuser", Answer.CONFIRM, "#refuser", id="the first line counts"),
    pytest.param("Confirmer", None, None, id="without #"),
    pytest.param("Bonjour\n#confirmer", None, None, id="below the text"),
    pytest.param("> #confirmer", None, None, id="quoted"),
    pytest.param("##confirmer", None, None, id="escaped"),
    pytest.param("#confirmer ou #refuser", None, None, id="a sentence about both"),
    pytest.param("#résolu\n#confirmer", None, None, id="an agent's keyword"),
    pytest.param("#nope", None, None, id="unknown"),
    pytest.param("", None, None, id="no text"),
]


@pytest.mark.parametrize(("text", "answer", "left"), ANSWERS)
def test_answers_of_a_requester(text: str, answer: Answer | None, left: str | None) -> None:
    assert read_requester(text) == (answer, text if left is None else left)


def test_what_is_shown_can_be_written() -> None:
    assert shown(POLICY) == (
        ("rouvrir", "open"),
        ("attente", "waiting"),
        ("résolu", "resolved"),
        ("clôturé", "closed"),
        ("sans-suite", "parked"),
        ("transfert ADRESSE", "transfer"),
        ("interne", "internal"),
        ("prendre", "take"),
        ("note", "note"),
        ("réponse ADRESSE", "reply"),
        ("assigner AGENT", "assign"),
        ("pour ADRESSE", "for"),
        ("fusionner NUMÉRO", "merge"),
        ("aide", "help"),
    )
    for keyword, _ in shown(POLICY):
        line = keyword.replace("ADRESSE", "a@b").replace("AGENT", SEB).replace("NUMÉRO", "7")
        assert not orders(f"#{line}").refused
    english = {name: word for word, name in shown(replace(POLICY, language="en"))}
    assert (english["transfer"], english["merge"]) == ("transfert ADDRESS", "fusionner NUMBER")


def test_any_tells_whether_there_was_a_keyword_line() -> None:
    assert not orders("Bonjour").any
    for text, expected in [(case.values[0], case.values[1]) for case in LINES]:
        assert orders(str(text)).any == (expected != NOTHING)


def test_two_agents_of_one_name_are_told_apart_by_address() -> None:
    twins = Policy("F", (), "s@f", (Agent("Ana", "a@f"), Agent("ana", "b@f")), {}, ())
    assert read_agent(twins, "a@f", "#assigner Ana")[0].refused[0].code is Code.UNKNOWN_AGENT
    assert read_agent(twins, "a@f", "#assigner b@f")[0].owner == "b@f"


def test_fixed_keywords_differ_when_folded() -> None:
    assert len({fold(word) for word in FIXED_KEYWORDS}) == len(FIXED_KEYWORDS)
    assert fold("Clôturé") == "cloture"


# --- any text

_PIECES = ["a@b", "Marie <c@d>", "nadia le goff", "<", ">", '"', "[", "](mailto:", "(", ",", "@"]
_PIECES += ["\n", "\u202f", "\u200b", "*", "_", "＃", " "]
_PIECES += [f"#{word}" for word in (*FIXED_KEYWORDS, "résolu", "clôturé", "x", "12", "#x")]
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), max_size=30).map("".join)


@given(_TEXTS)
def test_nothing_raises_and_one_bad_line_applies_none(text: str) -> None:
    found, left = read_agent(POLICY, SEB, text, (RH,))
    assert len(left) <= len(text)
    if found.refused:
        assert found == Orders(refused=found.refused)
        assert all(len(one.line) <= 100 and "\n" not in one.line for one in found.refused)
    answer, left = read_requester(text)
    assert answer or left == text


@given(_TEXTS, st.sampled_from(["", "#résolu\n", "#nope\n\n#cc a@b\n\u00a0\n"]))
def test_lines_below_the_block_are_kept_as_they_are(below: str, block: str) -> None:
    text = f"Bonjour\u200b *x*\n{below}"
    assert read_agent(POLICY, SEB, block + text)[1] == text


@given(st.emails())
def test_ordinary_addresses_are_read(email: str) -> None:
    if not set(email) & set("'_*!?"):  # which may be somebody's marks around the address
        assert [one.email for one in orders(f"#cc {email}").addresses] == [email.lower()]


UNITS = ["#cc a@b\n", "#x\n", "#résolu\n", "\n", "*\n", "#", "#cc ", "é", "a\u0301\u0323", "\u200b"]
UNITS += [
    "<",
    "<a@b<mailto:",
    '"',
    "(",
    "[a](mailto:",
    "a@b ",
    "Marie <a@b>, ",
    "@",
    ".",
    "a.",
    "*",
]


@pytest.mark.parametrize("unit", UNITS)
def test_time_is_linear(unit: str) -> None:
    size, start = 150_000 // len(unit), perf_counter()
    for text in (unit * size, "#cc " + unit * size, "#x" + unit * size, "#assigner " + unit * size):
        read_agent(POLICY, SEB, text)
    read_requester(unit * size)
    assert perf_counter() - start < 10  # quadratic time would be minutes
