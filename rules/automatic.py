"""Automatic mail: what no person wrote just now, and how one can tell.

Standards: RFC 3834 (automatic responses), 3464 and 6522 (delivery status reports),
8098 (read receipts), 5965 (complaints), 5321 section 4.5.5 (the null return path),
2919 and 2369 (lists). DESIGN section 9 says what is done with each kind.

The tests stand in `_TESTS`, the first that speaks decides: bounces before answers,
because mail servers mark their bounces `auto-replied`; answers before lists, because
vacation programs write `Precedence: bulk`. A subject alone proves nothing: it only
tells what a mail is that shows by another sign that it is automatic.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rules.model import Kind, Mail, Verdict

_CLIP = 80  # characters of a header value that a reason shows

# RFC 6522 section 3: the report-type of a multipart/report.
_REPORTS = {
    "delivery-status": Kind.BOUNCE,
    "disposition-notification": Kind.AUTO_REPLY,
    "feedback-report": Kind.GENERATED,
}
_DAEMONS = frozenset({"mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon", "mdaemon"})
_MAYBE_DAEMONS = frozenset({"postmaster", "mailadmin", "mail-admin", "postoffice", "ndr", "mail"})
_DAEMON_NAMES = re.compile(
    r"mail delivery|mail administrator|system administrator|microsoftexchange[0-9a-f]{8}"
    r"|remise du courrier|administrateur système",
    re.IGNORECASE,
)
# Programs that name themselves; present means automatic, whatever they say, but "no".
_ANSWER_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-autoresponder",
    "x-auto-reply-from",
    "x-autoreply-from",
    "x-mail-autoreply",
    "x-vacation",
    "x-vacation-sender",
)
_PRECEDENCE = {
    "auto_reply": Kind.AUTO_REPLY,
    "auto-reply": Kind.AUTO_REPLY,
    "list": Kind.LIST,
    "bulk": Kind.GENERATED,
    "junk": Kind.GENERATED,
}
_SUPPRESS = "x-auto-response-suppress"

_ABSENCE = re.compile(
    r"(?:\[[^\]]{1,20}\] ?)?\[?(?:"
    r"réponse (?:automatique|auto)|reponse automatique|absence du bureau|message d['’]absence"
    r"|notification d['’]absence|absent du bureau|(?:je suis )?absente?\b.{0,20}(?:bureau|congés)"
    r"|automatic reply|auto(?:matic)?[- ]?(?:reply|response)|autoreply|out of (?:the )?office"
    r"|vacation (?:reply|message|response)|away from (?:my |the )?(?:desk|office|mail)|on vacation"
    r"|automatische antwort|abwesenheitsnotiz|respuesta automática|risposta automatica"
    r"|automatisch antwoord|resposta automática|automatyczna odpowiedź)\b",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"undeliver|non[- ]?deliver|not deliver|could ?n[o']t (?:be )?deliver|deliver\w* (?:has )?"
    r"(?:fail|problem|error|status|notif|report|delay)|returned mail|mail return|return(?:ing|ed) "
    r"(?:message|to sender)|failure notice|fail\w* (?:delivery|mail)|mail (?:delivery|system) "
    r"(?:fail|error|problem|status|report)|message (?:delayed|status|error)|user unknown|bounce"
    r"|non remis|non distribu|échec de (?:la )?(?:remise|distribution)|n['’]a pas pu être "
    r"(?:remis|distribu)|retour à l['’]expéditeur|impossible de remettre|unzustellbar",
    re.IGNORECASE,
)


def verdict(mail: Mail) -> Verdict | None:
    """Why a mail is held to be automatic, or None for what a person may have written.

    Reads `Mail.headers` (names in lower case), the subject and the sender only; the
    reason is one English sentence that names the header and its value. Raises nothing.
    """
    for test in _TESTS:
        found = test(mail)
        if found is not None:
            return found
    return None


def _report(mail: Mail) -> Verdict | None:
    """RFC 6522: a report says itself what it reports."""
    for value in _values(mail, "content-type"):
        kind, _, parameters = value.lower().partition(";")
        kind = kind.strip()
        if kind == "message/delivery-status":
            return _because(Kind.BOUNCE, "Content-Type", value, "is a delivery status report")
        if kind != "multipart/report":
            continue
        for report, verdict_kind in _REPORTS.items():
            if report in parameters:
                return _because(verdict_kind, "Content-Type", value, f"is a {report} report")
        if not _parameter("report-type", parameters):
            return _because(Kind.BOUNCE, "Content-Type", value, "is a report of a mail server")
    return None


def _failed_recipients(mail: Mail) -> Verdict | None:
    value = _first(mail, "x-failed-recipients")
    if value:
        return _because(Kind.BOUNCE, "X-Failed-Recipients", value, "names undelivered recipients")
    return None


def _daemon(mail: Mail) -> Verdict | None:
    """Mail servers that write as MAILER-DAEMON, or as postmaster about a failure."""
    sender = _sender(mail)
    local = sender.partition("@")[0].strip('<>" ')
    if local in _DAEMONS or re.search(r"\bmailer[- ]?daemon\b", sender):
        return _because(Kind.BOUNCE, "From", sender, "is a mail server's own address")
    name = mail.sender.name if mail.sender is not None else ""
    server = local in _MAYBE_DAEMONS or _DAEMON_NAMES.search(f"{name} {local}") is not None
    nobody = _null_path(mail) or sender in ("", "<>")
    if (server or nobody) and _FAILURE.search(mail.subject):
        return _because(Kind.BOUNCE, "Subject", mail.subject, "tells of a delivery failure")
    if _null_path(mail) and local in ("postmaster", ""):
        return _because(Kind.BOUNCE, "Return-Path", "<>", "is null and a mail server wrote")
    return None


def _auto_submitted(mail: Mail) -> Verdict | None:
    """RFC 3834 section 5: any value but "no" is automatic."""
    for value in _values(mail, "auto-submitted"):
        keyword = re.split(r"[;(\s]", value.strip().lower(), maxsplit=1)[0]
        if not keyword or keyword == "no":
            continue
        if keyword == "auto-replied":
            return _because(
                Kind.AUTO_REPLY, "Auto-Submitted", value, "says that a program answered"
            )
        if _ABSENCE.match(mail.subject):  # Exchange calls its absence notes auto-generated
            return _because(Kind.AUTO_REPLY, "Auto-Submitted", value, "comes with an absence note")
        return _because(Kind.GENERATED, "Auto-Submitted", value, "says that a program wrote")
    return None


def _answering_programs(mail: Mail) -> Verdict | None:
    for name in _ANSWER_HEADERS:
        for value in _values(mail, name):
            if value.strip().lower() not in ("", "no", "false"):
                return _because(Kind.AUTO_REPLY, _title(name), value, "is set by vacation programs")
    return None


def _absence(mail: Mail) -> Verdict | None:
    """An absence subject and a second sign, for programs older than RFC 3834."""
    if not _ABSENCE.match(mail.subject):
        return None
    for name in ("precedence", _SUPPRESS):
        value = _first(mail, name)
        if value:
            return _because(Kind.AUTO_REPLY, _title(name), value, "comes with an absence subject")
    if mail.in_reply_to or mail.references:
        return _because(Kind.AUTO_REPLY, "Subject", mail.subject, "is an absence note to a mail")
    return None


def _nobody(mail: Mail) -> Verdict | None:
    """RFC 5321 section 4.5.5: the null return path, so that nothing answers."""
    if _null_path(mail):
        return _because(Kind.AUTO_REPLY, "Return-Path", "<>", "is null: nobody waits for an answer")
    return None


def _list(mail: Mail) -> Verdict | None:
    for name in ("list-id", "list-post"):
        value = _first(mail, name)
        if value:
            return _because(Kind.LIST, _title(name), value, "names a mailing list")
    return None


def _precedence(mail: Mail) -> Verdict | None:
    for value in _values(mail, "precedence"):
        kind = _PRECEDENCE.get(value.strip().lower())
        if kind is not None:
            return _because(kind, "Precedence", value, "is for mail that programs send")
    return None


_TESTS: tuple[Callable[[Mail], Verdict | None], ...] = (
    _report,
    _failed_recipients,
    _daemon,
    _answering_programs,
    _auto_submitted,
    _absence,
    _list,
    _nobody,
    _precedence,
)


def _values(mail: Mail, name: str) -> tuple[str, ...]:
    return tuple(mail.headers.get(name, ()))


def _first(mail: Mail, name: str) -> str:
    return next((value.strip() for value in _values(mail, name) if value.strip()), "")


def _sender(mail: Mail) -> str:
    """The From address; as it stands for the MAILER-DAEMONs that name no domain."""
    if mail.sender is not None:
        return mail.sender.email
    return _first(mail, "from").lower()


def _null_path(mail: Mail) -> bool:
    return "".join(_first(mail, "return-path").split()) == "<>"


def _parameter(name: str, parameters: str) -> bool:
    return re.search(rf"\b{name}\*?\s*=", parameters) is not None


def _title(name: str) -> str:
    """A header's name as it is usually written."""
    return "-".join(
        part.upper() if part in ("id", "ms") else part.title() for part in name.split("-")
    )


def _because(kind: Kind, header: str, value: str, means: str) -> Verdict:
    shown = " ".join("".join(c if c.isprintable() else " " for c in value).split())
    if len(shown) > _CLIP:
        shown = shown[: _CLIP - 1] + "…"
    return Verdict(kind, f"{header}: {shown} {means}.")
