"""What our own mail server says of a sender, and what others say in its name."""

# ruff: noqa: E501 (a case is one line)

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate.authentication import Vouch, headers, vouched
from mailgate.config.models import Trust
from mailgate.parse import parse

PASS, FAIL, NONE = Vouch.PASS, Vouch.FAIL, Vouch.NONE
OURS = Trust(authserv_id="mx.fram.example")
INTERNAL = Trust(accept="X-MS-Exchange-Organization-AuthAs: Internal")
GATE = Trust(accept="X-Inside: yes")
BOTH = Trust(authserv_id="mx.fram.example", accept="X-Inside: yes")

GOOD = "mx.fram.example; dmarc=pass header.from=fram.example"
BAD = "mx.fram.example; dmarc=fail header.from=fram.example"
FOREIGN = "mx.evil.example; dmarc=pass header.from=fram.example"


def said(trust: Trust, *lines: str, sender: str = "sebastien@fram.example") -> Vouch:
    """The vouch for a raw mail with these header lines; a line without a name is a result."""
    named = [line if line.startswith("X-") else f"Authentication-Results: {line}" for line in lines]
    raw = "\n".join([*named, f"From: {sender}", "Subject: Badge", "", "Bonjour", ""])
    mail = parse(raw.encode("utf-8", "surrogateescape"), keep=headers(trust))
    found = vouched(trust, mail)
    assert "\n" not in found.reason
    assert found.reason.endswith(".") or (found.vouch is NONE and found.reason == "")
    return found.vouch


@pytest.mark.parametrize(
    ("lines", "vouch"),
    [
        pytest.param([], NONE, id="no header"),
        pytest.param([GOOD], PASS, id="aligned pass"),
        pytest.param(["MX.Fram.EXAMPLE; DMARC=Pass Header.From=Fram.Example"], PASS, id="letter case"),
        pytest.param(["mx.fram.example 1; dmarc=pass header.from=fram.example"], PASS, id="version 1"),
        pytest.param(["mx.fram.example 2; dmarc=pass header.from=fram.example"], NONE, id="version 2"),
        pytest.param(["mx.fram.example; dmarc/1=pass header.from=fram.example"], PASS, id="method version"),
        pytest.param(["mx.fram.example; none"], NONE, id="none"),
        pytest.param(["mx.fram.example; spf=pass smtp.mailfrom=fram.example; dkim=pass header.d=fram.example"], NONE, id="spf and dkim are no dmarc"),
        pytest.param(["mx.fram.example; spf=fail smtp.mailfrom=x.example; dmarc=pass header.from=fram.example"], PASS, id="spf fails, dmarc passes"),
        pytest.param([BAD], FAIL, id="fail"),
        pytest.param(["mx.fram.example; dmarc=fail (p=none dis=none) header.from=fram.example"], FAIL, id="fail with a comment"),
        pytest.param(["mx.fram.example; dmarc=none header.from=fram.example"], NONE, id="dmarc none"),
        pytest.param(["mx.fram.example; dmarc=temperror header.from=fram.example"], NONE, id="dmarc temperror"),
        pytest.param(["mx.fram.example; dmarc=bestguesspass header.from=fram.example"], NONE, id="bestguesspass of Microsoft is no pass"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=evil.example"], NONE, id="pass of another domain"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=mail.fram.example"], NONE, id="pass of a subdomain"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=example"], NONE, id="pass of a parent"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=notfram.example"], NONE, id="pass of a longer domain"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=fram.example."], PASS, id="dot at the end"),
        pytest.param(["mx.fram.example; dmarc=pass"], NONE, id="pass of no domain"),
        pytest.param(["mx.fram.example; dmarc=pass header.from="], NONE, id="pass of an empty domain"),
        pytest.param(["mx.fram.example; dmarc=pass policy.from=fram.example"], NONE, id="domain under another type"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=fram.example header.from=evil.example"], NONE, id="pass of two domains"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=fram.example; dmarc=fail header.from=fram.example"], FAIL, id="pass and fail in one header"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=evil.example; dmarc=pass header.from=fram.example"], NONE, id="two passes, one for another"),
        pytest.param(["mx.fram.example; dmarc=pass header.from=fram.example; dmarc=none header.from=fram.example"], NONE, id="pass and none in one header"),
        pytest.param([FOREIGN], NONE, id="foreign id"),
        pytest.param(["mx.evil.example; dmarc=fail header.from=fram.example"], NONE, id="foreign fail"),
        pytest.param(["fram.example; dmarc=pass header.from=fram.example"], NONE, id="parent of our id"),
        pytest.param(["x.mx.fram.example; dmarc=pass header.from=fram.example"], NONE, id="our id at the end of another"),
        pytest.param(["mx.fram.example.evil.example; dmarc=pass header.from=fram.example"], NONE, id="our id at the start of another"),
        pytest.param(["mx.evil.example (mx.fram.example); dmarc=pass header.from=fram.example"], NONE, id="our id in a comment"),
        pytest.param([BAD, GOOD], FAIL, id="ours twice, fail on top"),
        pytest.param([GOOD, BAD], PASS, id="ours twice, pass on top"),
        pytest.param(["mx.fram.example; none", GOOD], NONE, id="ours twice, nothing said on top"),
        pytest.param(["mx.fram.example; ((((", GOOD], NONE, id="ours twice, garbage on top"),
        pytest.param([FOREIGN, GOOD], PASS, id="ours below a foreign one"),
        pytest.param([FOREIGN, BAD], FAIL, id="our fail below a foreign pass"),
        pytest.param(["spf=pass smtp.mailfrom=fram.example; dmarc=pass header.from=fram.example", GOOD], PASS, id="ours below one of no id"),
        pytest.param(["spf=pass; dmarc=pass header.from=fram.example"], NONE, id="no id, as Microsoft 365 writes"),
    ],
)  # fmt: skip
def test_whose_word_counts(lines: list[str], vouch: Vouch) -> None:
    assert said(OURS, *lines) is vouch


@pytest.mark.parametrize(
    ("line", "vouch"),
    [
        pytest.param("mx.fram.example;\n\tspf=pass\n smtp.mailfrom=a@fram.example;\n dmarc=pass\n\theader.from=fram.example", PASS, id="folded"),
        pytest.param('"mx.fram.example"; dmarc=pass header.from=fram.example', PASS, id="id in quotes"),
        pytest.param('"mx.\\fram.example"; dmarc=pass header.from=fram.example', PASS, id="id in quotes, escaped"),
        pytest.param('"mx.fram.example; dmarc=pass header.from=fram.example', NONE, id="id in half quotes"),
        pytest.param("(a (b) \\) c) mx.fram.example (d) 1 (e); dmarc (f) = (g) pass (h) header (i) . (j) from = fram.example (k)", PASS, id="comments everywhere"),
        pytest.param('mx.fram.example; dmarc=pass header.from="fram.example"', PASS, id="domain in quotes"),
        pytest.param('mx.fram.example; dmarc=pass reason="a; dmarc=fail \\" b" header.from=fram.example', PASS, id="fail within a quoted reason"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example; arc=pass (i=1 dmarc=fail fromdomain=x.example)", PASS, id="fail within the comment of ARC"),
        pytest.param("mx.fram.example; dkim=fail (dmarc=pass header.from=fram.example)", NONE, id="pass within a comment"),
        pytest.param('mx.fram.example; spf=pass smtp.mailfrom="a; dmarc=pass header.from=fram.example"', NONE, id="pass within a quoted sender"),
        pytest.param('mx.fram.example; spf=pass smtp.mailfrom="a; dmarc=pass header.from=fram.example', NONE, id="pass within half quotes"),
        pytest.param("mx.fram.example; dmarc=pass action=none header.from=fram.example;compauth=pass reason=100", PASS, id="properties of Microsoft"),
        pytest.param("mx.fram.example; dkim=pass (2048-bit key; unprotected) header.d=fram.example header.i=@fram.example header.b=AbC/d+1=; dmarc=pass (policy=reject) header.from=fram.example", PASS, id="OpenDKIM and OpenDMARC"),
        pytest.param("mx.fram.example; dkim=pass header.i=@fram.example header.s=s header.b=aB; spf=pass (mx.fram.example: domain of a@fram.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@fram.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=fram.example", PASS, id="as Gmail writes"),
        pytest.param("mx.fram.example; dmarc=pass (policy=none) header.from=fram.example; spf=pass smtp.mailfrom=a@fram.example;", PASS, id="semicolon at the end"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example;;", NONE, id="two semicolons at the end"),
        pytest.param("", NONE, id="empty"),
        pytest.param(";", NONE, id="semicolon"),
        pytest.param("mx.fram.example", NONE, id="id alone"),
        pytest.param("((((", NONE, id="open comments"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example ((((", NONE, id="open comments at the end"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example " + "(" * 60 + ")" * 60, NONE, id="comments too deep"),
        pytest.param("mx.fram.example; spf=pass (" + "(" * 3000 + "; dmarc=pass header.from=fram.example", NONE, id="3,000 open comments"),
        pytest.param("mx.fram.example; spf=pass (helo=a(b) smtp.helo=x; dmarc=fail header.from=fram.example", FAIL, id="fail behind an open comment"),
        pytest.param("mx.fram.example; spf=pass smtp.helo=x (a(b) y; dmarc=fail header.from=fram.example", FAIL, id="fail behind an open comment of a property"),
        pytest.param('mx.fram.example; spf=pass smtp.mailfrom="a; dmarc=fail header.from=fram.example', FAIL, id="fail behind half quotes"),
        pytest.param("mx.fram.example; spf=pass smtp.helo=x\uff1bdmarc=pass header.from=fram.example", NONE, id="full-width semicolon"),
        pytest.param("mx.fram.example=pass; dmarc=pass header.from=fram.example", NONE, id="id as a method"),
        pytest.param('mx.fram.example"; dmarc=pass header.from=fram.example', NONE, id="id and half quotes"),
        pytest.param("mx.fram.example@evil.example; dmarc=pass header.from=fram.example", NONE, id="id as a local part"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example" + "; spf=pass" * 900, NONE, id="9 kB of results"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example; spf=pass (" + "x" * 9000 + ")", NONE, id="9 kB"),
        pytest.param("mx.fram.example; spf=pass (" + "x" * 9000 + "); dmarc=fail header.from=fram.example", FAIL, id="9 kB before a fail"),
        pytest.param("mx.fram.example; dmarc=pass header.from=fram.example\x01", NONE, id="control character"),
        pytest.param("mx.fram.example; spf=pass (\udcff\udce9); dmarc=pass header.from=fram.example", PASS, id="8-bit comment"),
    ],
)  # fmt: skip
def test_how_it_is_written(line: str, vouch: Vouch) -> None:
    assert said(OURS, line) is vouch


@pytest.mark.parametrize(
    ("sender", "line", "vouch"),
    [
        pytest.param("Sébastien <Sebastien@FRAM.example>", GOOD, PASS, id="name and letter case"),
        pytest.param("a@fram.example, b@fram.example", GOOD, FAIL, id="several addresses"),
        pytest.param("a@fram.example, b@evil.example", "mx.fram.example; none", FAIL, id="several addresses, nothing said"),
        pytest.param("a@fram.example\nFrom: b@evil.example", GOOD, FAIL, id="several From headers"),
        pytest.param("a@fram.example\nFrom: a@fram.example", GOOD, PASS, id="the same From twice"),
        pytest.param("", GOOD, NONE, id="no address"),
        pytest.param("\nSender: sebastien@fram.example", GOOD, NONE, id="Sender stands for no From"),
        pytest.param('"sebastien@fram.example" <a@evil.example>', GOOD, NONE, id="our address as the name"),
        pytest.param("a@société.example", "mx.fram.example; dmarc=pass header.from=xn--socit-esab.example", PASS, id="Unicode in From"),
        pytest.param("a@xn--socit-esab.example", "mx.fram.example; dmarc=pass header.from=société.example", PASS, id="Unicode in the result"),
        pytest.param("a@fram.example", "mx.fram.example; dmarc=pass header.from=fram\uff0eexample", PASS, id="full-width dot"),
        pytest.param("a@évil..example", "mx.fram.example; dmarc=pass header.from=évil..example", NONE, id="no domain"),
        pytest.param("a@[192.0.2.1]", "mx.fram.example; dmarc=pass header.from=[192.0.2.1]", NONE, id="address literal"),
        pytest.param("a@[192.0.2.1]", "mx.fram.example; dmarc=pass header.from=", NONE, id="address literal, pass of an empty domain"),
        pytest.param("a@b_c!.example", "mx.fram.example; dmarc=pass header.from=", NONE, id="no domain, pass of an empty domain"),
    ],
)  # fmt: skip
def test_the_sender_it_is_about(sender: str, line: str, vouch: Vouch) -> None:
    assert said(OURS, line, sender=sender) is vouch


@pytest.mark.parametrize(
    ("trust", "lines", "vouch"),
    [
        pytest.param(Trust(), [GOOD, "X-Inside: yes"], NONE, id="nothing set"),
        pytest.param(GATE, [], NONE, id="not there"),
        pytest.param(GATE, ["X-Inside: yes"], PASS, id="there"),
        pytest.param(GATE, ["X-INSIDE:   YES  "], PASS, id="letter case and blanks"),
        pytest.param(GATE, ["X-Inside: no"], NONE, id="another value"),
        pytest.param(GATE, ["X-Inside: yes, indeed"], NONE, id="a longer value"),
        pytest.param(GATE, ["X-Inside: no", "X-Inside: yes"], NONE, id="forged below"),
        pytest.param(GATE, ["X-Inside: yes", "X-Inside: no"], PASS, id="the topmost one counts"),
        pytest.param(GATE, ["X-Insider: yes"], NONE, id="another name"),
        pytest.param(GATE, [BAD, "X-Inside: yes"], PASS, id="no authserv_id set, its header is not read"),
        pytest.param(INTERNAL, ["X-MS-Exchange-Organization-AuthAs: Internal"], PASS, id="Exchange, inside"),
        pytest.param(INTERNAL, ["X-MS-Exchange-Organization-AuthAs: Anonymous"], NONE, id="Exchange, outside"),
        pytest.param(BOTH, [], NONE, id="both set, none there"),
        pytest.param(BOTH, ["X-Inside: yes"], PASS, id="both set, inside only"),
        pytest.param(BOTH, [GOOD], PASS, id="both set, result only"),
        pytest.param(BOTH, [BAD, "X-Inside: yes"], FAIL, id="a fail outweighs"),
        pytest.param(BOTH, [FOREIGN, "X-Inside: no"], NONE, id="neither counts"),
        pytest.param(BOTH, ["mx.fram.example; ((((", "X-Inside: yes"], PASS, id="garbage does not outweigh"),
    ],
)  # fmt: skip
def test_the_accept_header(trust: Trust, lines: list[str], vouch: Vouch) -> None:
    assert said(trust, *lines) is vouch


def test_several_senders_never_pass_by_the_accept_header() -> None:
    assert said(GATE, "X-Inside: yes", sender="a@fram.example, b@evil.example") is FAIL


def test_reasons_name_what_was_said() -> None:
    raw = "Authentication-Results: mx.fram.example; dmarc=pass header.from=x.example\nFrom: a@fram.example\n\n"
    found = vouched(OURS, parse(raw.encode(), keep=headers(OURS)))
    assert found.reason == "The mail server says dmarc=pass for x.example, not for fram.example."


def test_headers_to_keep() -> None:
    assert headers(Trust()) == frozenset()
    assert headers(OURS) == {"authentication-results"}
    assert headers(BOTH) == {"authentication-results", "x-inside"}


_PIECES = st.sampled_from(
    ["mx.fram.example", "; ", "dmarc", "=", "pass", "fail", " header.from=", "fram.example", "(", ")", '"', "\\", "é", "\t", "@", ".", "1", "\x00", "\udcff", "\uff1b"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)), st.text())
def test_no_header_raises(value: str, sender: str) -> None:
    raw = f"Authentication-Results: mx.fram.example{value}\nAuthentication-Results: {value}\nX-Inside: {value}\nFrom: {sender}\n\n"
    for trust in (OURS, BOTH):
        mail = parse(raw.encode("utf-8", "surrogatepass"), keep=headers(trust))
        assert vouched(trust, mail).vouch in Vouch


@pytest.mark.parametrize(
    "tail",
    [
        "x " * 4000,
        "header.from=x " * 580,
        "(" * 8000,
        '"' + "\\" * 7900,
        "; a=b" * 1600,
        "é." * 4000,
    ],
)
def test_hostile_headers_take_no_time(tail: str) -> None:
    raw = ("Authentication-Results: mx.fram.example; dmarc=pass " + tail + "\n") * 20
    mail = parse((raw + "From: a@fram.example\n\n").encode(), keep=headers(OURS))
    start = time.monotonic()
    vouched(OURS, mail)
    assert time.monotonic() - start < 2
