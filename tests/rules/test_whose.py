"""decide(): whose ticket it is. Openings for somebody else, hand-overs, merges; no mocks."""

from dataclasses import replace

import pytest

from rules.engine import decide
from rules.keywords import Answer, Code, Orders, Refusal
from rules.model import (
    AddEntry,
    Address,
    Contribution,
    EntryKind,
    Forward,
    MergeInto,
    Merging,
    OpenTicket,
    Outcome,
    Pending,
    Role,
    SetRequester,
    SetState,
    Tell,
    Ticket,
)
from tests.rules.test_engine import (
    CLOSED,
    MARIE,
    NADIA,
    NEW,
    NOW,
    POLICY,
    RH,
    SEB,
    TICKET,
    entries,
    outcome,
    said,
    told,
)

PAUL = Address("paul@fram.example", "Paul")
ALL = [(SEB.email, "Nouveau"), (NADIA.email, "Nouveau")]
FORWARD = Forward(MARIE, "Il est noir.", "Voyez.")


def opening(role: Role = Role.AGENT, **more: object) -> Contribution:
    event = said(SEB, role, "", orders=Orders(requester=MARIE), forward=FORWARD)
    return replace(event, **more)


def requester(event: Contribution) -> Address | None:
    (opened,) = (e for e in decide(POLICY, None, event, NOW) if isinstance(e, OpenTicket))
    return opened.requester


OPENINGS = [
    pytest.param(opening(), [(MARIE.email, "Nouveau"), *ALL], MARIE, id="a forward"),
    pytest.param(
        opening(text="Voyez."),
        [(MARIE.email, "Nouveau"), *ALL, (NADIA.email, "Interne")],
        MARIE,
        id="with words above",
    ),
    pytest.param(
        opening(forward=None, text="Marie a appelé."),
        [(MARIE.email, "Nouveau"), *ALL],
        MARIE,
        id="#pour",
    ),
    pytest.param(
        opening(Role.UNPROVEN),
        [(NADIA.email, "Nouveau"), (SEB.email, "Anomalie")],
        SEB,
        id="without proof",
    ),
    pytest.param(
        opening(orders=Orders(refused=(Refusal("#x", Code.UNKNOWN),))),
        [(NADIA.email, "Nouveau"), (SEB.email, "Anomalie")],
        SEB,
        id="a refused line",
    ),
]


@pytest.mark.parametrize(("event", "mails", "whose"), OPENINGS)
def test_openings_for_somebody_else(
    event: Contribution, mails: list[tuple[str, str]], whose: Address
) -> None:
    effects = decide(POLICY, None, event, NOW)
    assert told(effects) == mails
    assert outcome(effects) is Outcome.OPENED
    assert requester(event) == whose


def test_the_forwarded_words_are_the_authors_and_unproven() -> None:
    first, above = entries(decide(POLICY, None, opening(text="Voyez."), NOW))
    assert (first.kind, first.author, first.via) == (EntryKind.OPENING, MARIE, SEB)
    assert (first.text, first.verified, first.internal) == ("Il est noir.", False, False)
    assert (above.text, above.internal) == ("Voyez.", True)


def test_an_answer_to_the_question_opens_it_for_whom_it_names() -> None:
    mine = replace(NEW, requester=SEB)
    for orders, whose in ((None, MARIE), (Orders(requester=PAUL), PAUL)):
        event = said(SEB, Role.AGENT, "", orders=orders, confirms=Pending(7, opening(), opens=True))
        effects = decide(POLICY, mine, event, NOW)
        assert SetRequester(whose, leaves=False) in effects
        assert told(effects) == [(whose.email, "Nouveau"), (SEB.email, "Nouveau")]


def test_a_corrected_line_leaves_no_final_state() -> None:
    """The state that he asked for beside the refused line counts on an open ticket alone."""
    words = opening(orders=Orders(state="waiting", refused=(Refusal("#x", Code.UNKNOWN),)))
    for ticket, moves in ((NEW, True), (CLOSED, False)):
        event = said(
            SEB,
            Role.AGENT,
            orders=Orders(requester=PAUL),
            confirms=Pending(7, words, opens=True),
        )
        effects = decide(POLICY, replace(ticket, requester=SEB), event, NOW)
        assert any(isinstance(e, SetState) for e in effects) is moves


def test_a_hand_over_tells_the_new_requester_and_only_what_is_public() -> None:
    for shown in (True, False):
        event = said(SEB, Role.AGENT, "", orders=Orders(requester=PAUL), opening_shown=shown)
        effects = decide(POLICY, TICKET, event, NOW)
        assert SetRequester(PAUL, leaves=True) in effects
        (mail,) = (e for e in effects if isinstance(e, Tell))
        assert (mail.recipient, mail.words) == (PAUL, shown)
        assert [(e.internal, e.text) for e in entries(effects)] == [(True, f"→ {PAUL}")]


def test_the_mail_that_the_first_one_answers_makes_its_sender_the_requester() -> None:
    hers = said(MARIE, Role.REQUESTER, original=True)
    effects = decide(POLICY, replace(NEW, requester=RH), hers, NOW)
    assert effects[0] == SetRequester(MARIE, leaves=False)
    assert told(effects) == [(MARIE.email, "Nouveau"), *ALL]


# -- merging ------------------------------------------------------------------------------------

OTHER = Ticket(7, "Serveur", "open", PAUL, NADIA.email, NOW, NOW)


def merge(target: Ticket | None = OTHER, text: str = "", **more: object) -> Contribution:
    orders = Orders(merge=7, merge_line="#fusionner 7")
    merging = Merging(target, (MARIE, RH, SEB, Address(POLICY.address)))
    return said(SEB, Role.AGENT, text, orders=orders, merging=merging, **more)


def test_a_merge_tells_each_outsider_once_without_a_word_of_the_other() -> None:
    effects = decide(POLICY, TICKET, merge(), NOW)
    assert told(effects) == [
        *((MARIE.email, "Regroupé"), (RH.email, "Regroupé")),
        (NADIA.email, "Interne"),
    ]
    assert [e.number for e in effects if isinstance(e, MergeInto)] == [7]
    outside = [e for e in effects if isinstance(e, Tell) and not e.to_agent]
    assert all(mail.notice and not mail.words for mail in outside)
    assert all(e.internal for e in effects if isinstance(e, AddEntry))


REFUSED = [
    pytest.param(TICKET, merge(None), Code.NO_TICKET, id="unknown"),
    pytest.param(TICKET, merge(TICKET), Code.NO_TICKET, id="itself"),
    pytest.param(CLOSED, merge(), Code.FINAL, id="a closed one"),
    pytest.param(TICKET, merge(replace(OTHER, state="closed")), Code.FINAL, id="into a closed one"),
    pytest.param(TICKET, merge(replace(OTHER, merged_into=9)), Code.MERGED, id="into a merged one"),
    pytest.param(TICKET, merge(branch=OTHER), Code.MERGED, id="a merged one"),
    pytest.param(
        TICKET,
        said(SEB, Role.AGENT, orders=Orders(requester=RH), branch=OTHER),
        Code.MERGED,
        id="#pour on a merged one",
    ),
]


@pytest.mark.parametrize(("ticket", "event", "code"), REFUSED)
def test_refused_orders_change_nothing_and_the_agent_reads_why(
    ticket: Ticket, event: Contribution, code: Code
) -> None:
    effects = decide(POLICY, ticket, replace(event, text="Pour vous."), NOW)
    (mail,) = (e for e in effects if isinstance(e, Tell))
    assert (mail.recipient.email, mail.tag) == (SEB.email, "Anomalie")
    assert [one.code for one in mail.refused] == [code]
    assert not any(isinstance(e, MergeInto | SetRequester) for e in effects)
    assert all(e.internal for e in entries(effects))


def test_in_a_merged_tickets_thread_its_own_requester_is_the_reader() -> None:
    agent = decide(POLICY, TICKET, said(SEB, Role.AGENT, branch=OTHER), NOW)
    assert told(agent) == [(PAUL.email, "Note/Réponse")]
    third = decide(POLICY, TICKET, said(RH, Role.OTHER, branch=OTHER), NOW)
    assert told(third) == [(PAUL.email, "Note"), (SEB.email, "Note")]


# -- answers that say nothing -------------------------------------------------------------------

SILENT = [
    pytest.param(said(MARIE, Role.REQUESTER, ""), Outcome.EMPTY, id="requester"),
    pytest.param(said(RH, Role.OTHER, ""), Outcome.EMPTY, id="third party"),
    pytest.param(said(RH, Role.UNVERIFIED, ""), Outcome.EMPTY, id="by the tag"),
    pytest.param(
        said(MARIE, Role.REQUESTER, "", answer=Answer.CONFIRM), Outcome.NOTED, id="answer"
    ),
    pytest.param(said(SEB, Role.AGENT, ""), Outcome.NOTED, id="an agent's is told to him"),
]


@pytest.mark.parametrize("ticket", [TICKET, CLOSED], ids=["open", "closed"])
@pytest.mark.parametrize(("event", "expected"), SILENT)
def test_an_answer_that_says_nothing(
    event: Contribution, expected: Outcome, ticket: Ticket
) -> None:
    effects = decide(POLICY, ticket, event, NOW)
    assert outcome(effects) is expected
    assert (len(effects) == 1) == (expected is Outcome.EMPTY)
