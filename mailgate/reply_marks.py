"""What mail clients write around quoted texts and below their users' words.

Tables for `reply` and `signatures` (lines of text, compared in lower case with single
blanks) and `htmltext` (tags): what `reply_languages` says, made ready for comparing, and
a row a client. No pattern can backtrack over more than a few dozen characters.
"""

from __future__ import annotations

import re

from mailgate.reply_languages import LANGUAGES


def words(row: str, bare: bool = False) -> tuple[str, ...]:
    """The alternatives of a field; the empty one too where it is `bare`."""
    return tuple(one for one in row.split("|") if one or bare)


def gap(phrase: str) -> tuple[str, str]:
    """What stands before and behind the "…" of a phrase."""
    before, _, behind = phrase.partition("…")
    return before, behind


# -- lines that say who wrote what follows ------------------------------------------------------

ATTRIBUTIONS = tuple((words(row.opens, bare=True), words(row.wrote)) for row in LANGUAGES)
OPENINGS = tuple(opening for openings, _ in ATTRIBUTIONS for opening in openings if opening)
VERB = re.compile("|".join(sorted({re.escape(one) for _, verbs in ATTRIBUTIONS for one in verbs})))
COLON = re.compile(r":['\"* ]*+$")
TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
YEAR = re.compile(r"\b\d{4}\b|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}")
DATED = re.compile(r"\d{1,2}[:.h]\d{2}|\d{4}|@")
MAY_ATTRIBUTE = re.compile(rf"{DATED.pattern}|{VERB.pattern}")
# "2026-08-03 10:12 GMT+02:00 X <x@y>:" in any language.
ADDRESSED = re.compile(r"< ?[^<>@ ]+@[^<> ]+ ?>[^<>]{0,25}:['\"* ]*$")
# "X <x@y> escreveu (segunda, 3/08/2026 à(s) 10:12):" and other lines that begin with the name.
NAMED = re.compile(
    r"[*\"' ]*+[^<>:@]{1,60}+< ?[^<>@ ]{1,64}+@[^<> ]{1,250}+ ?> ?,? ?([^<>]{3,80}+)$"
)
# Lotus Notes: "X wrote on 03/08/2026 10:12:02:". People do not write seconds.
SECONDS = re.compile(r"\d{1,2}[:.]\d{2}[:.]\d{2}(?: [ap]m)?:?$")
# Yahoo puts the attribution behind the last line of the answer.
YAHOO = re.compile(
    r"(?<=\S)[ \u00a0]{3}"
    r"(?=(?:On|Le) [^\n<>]{10,120}<[^\n<> ]{3,120}> (?:wrote|a écrit)[ \u00a0]?:)"
)

# -- header blocks and titles above quotes ------------------------------------------------------

# The labels of a quoted header block, one row a language: from, sent, to, subject.
LABELS = tuple(tuple(frozenset(words(labels)) for labels in row.labels) for row in LANGUAGES)
FIRST_LABELS = {
    label: [row for row in LABELS if label in row[0]] for row in LABELS for label in row[0]
}
# What forms of every kind have too.
PLAIN_DATES = frozenset({"date", "data", "datum", "dato", "fecha", "дата", "päivä", "日時", "日期"})
LABEL = re.compile(r"[*_> ]*+([^\W\d_][^:*]{0,20}+)[* ]*+:")

# "-----Message d'origine-----" and its kin.
DASHED = re.compile(r"[-_*=]{2,}+ ?+[^-_*=]")
DASHES = ("--", "__", "**", "==")
TITLES = tuple(title for row in LANGUAGES for title in words(row.titles))
BARE_TITLES = frozenset({"début du message réexpédié :", "begin forwarded message:"})
RULE = re.compile(r"_{10,}+$|-{4,}+$|={4,}+$")
ORANGE = re.compile(r"message du ?:? ?\d{1,2}/\d")  # "> Message du 03/08/26 10:12"

# -- signatures ---------------------------------------------------------------------------------

SIGNED = frozenset({"--", "—", "––"})
# What phones and programs add, whole lines: how they begin, and how they end where that matters.
SENT = tuple(gap(one) for row in LANGUAGES for one in words(row.sent))
GET = tuple(gap(one) for row in LANGUAGES for one in words(row.get))
LINK = re.compile(r" ?(?:<https?://[^>]{1,200}>|\(https?://[^)]{1,200}\)|https?://\S{1,200})$")
# "Sent via the Samsung Galaxy S21, an AT&T 5G smartphone".
CARRIER = re.compile(r", an at&t [^.,]{1,30}$")
PUNCTUATED = re.compile(r"[.!?;,<(]")
MINE = frozenset(one for row in LANGUAGES for one in words(row.mine))
# What else tells a program from a place: "Sent from Paris" is somebody's own.
DEVICE = re.compile(
    r"iphone|ipad|ipod|ios|android|galaxy|samsung|huawei|xiaomi|oneplus|pixel|blackberry|nokia"
    r"|motorola|nexus|htc|sony|phone|téléphone|telefon|mobile|portable|tablette|tablet|device"
    r"|windows|outlook|mail|courrier|correo|posta|poczta|correio|yahoo|proton|orange|sfr"
    r"|bouygues|free|laposte|thunderbird|spark|iphonu|компьютер"
)
CLOSINGS = frozenset(one for row in LANGUAGES for one in words(row.closings))
# What people write below their names.
CONTACT = re.compile(r"@|https?://|www\.|\d[\d ./()-]{6,30}\d|\bt[eé]l\b|\bfax\b|\bmob\b")
POSTSCRIPT = re.compile(r"p\.? ?s\.?(?:[ :,]|$)|#|＃")
SENTENCE = re.compile(r"[.:;…]$")
# A disclaimer: what it calls itself, and words of which it has several.
DISCLAIMERS = tuple((words(row.this), words(row.secret)) for row in LANGUAGES if row.this)
DISCLAIMING = tuple(one for this, _ in DISCLAIMERS for one in this)
# What list programs put below: a rule and a line that says so.
LIST_RULE = re.compile(r"_{20,}+$")
LIST_WORDS = ("mailing list", "liste de diffusion", "google groups")
REFERENCE_LINE = re.compile(r"r[ée]f\.? ?:? ?mg-[a-z2-7]{26}$")  # the last line of our mails

# -- tags ---------------------------------------------------------------------------------------

SUBTREE, SIGNATURE = "subtree", "signature"
FIRST_QUOTE, ONWARD = "first quote", "onward"

# What clients mark, one row each: the element ("" for any), a pattern in its tag, and how
# much of the mail it folds: the element, a quote or a signature; or up to the end of the
# first blockquote in it (what follows there are answers between quotes); or everything
# from here on.
MARKS = tuple(
    (tag, re.compile(pattern, re.IGNORECASE), reach)
    for tag, pattern, reach in (
        ("blockquote", r"""\btype\s*=\s*["']?cite""", SUBTREE),  # Apple Mail, Thunderbird
        ("blockquote", r"gmail_quote", SUBTREE),
        ("div", r"gmail_attr", SUBTREE),
        ("div", r"gmail_quote", FIRST_QUOTE),
        ("", r"gmail_signature|moz-signature|AppleMailSignature", SIGNATURE),
        ("", r"""\bid\s*=\s*["']?(?:x_){0,5}Signature\b""", SIGNATURE),  # Outlook on the web
        ("", r"ms-outlook-mobile-signature|protonmail_signature_block\b", SIGNATURE),
        ("", r"moz-cite-prefix", SUBTREE),
        ("", r"moz-forward-container", ONWARD),
        ("", r"yahoo_quoted|yahooQuoted|protonmail_quote|zmail_extra", SUBTREE),
        ("", r"divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION", ONWARD),  # Outlook
        ("", r"mail-editor-reference-message-container", ONWARD),  # Outlook for phones
        ("", r"ms-outlook-mobile-reference-message", ONWARD),
        (
            "div",
            r"border:\s*none;\s*border-top:\s*solid [^;\"']{3,20} 1(?:\.0)?pt",
            ONWARD,
        ),  # Outlook
        ("hr", r"stopSpelling", ONWARD),  # Hotmail
        ("", r"messageReplySection|spark_quote", SUBTREE),  # Spark
        ("hr", r"\bid\s*=\s*[\"']?zwchr", ONWARD),  # Zimbra
        ("", r"__QUOTED_TEXT__", SUBTREE),  # Zimbra
        ("blockquote", r"tutanota_quote|missive_quote|front-blockquote|spike-quote", SUBTREE),
        ("", r"bloop_original_html|airmail_ext_on", SUBTREE),  # Airmail
        ("div", r"""\bname\s*=\s*["']?quote\b""", SUBTREE),  # GMX, WEB.DE
        ("", r"""\bid\s*=\s*["']?(?:v1)?reply-intro\b""", SUBTREE),  # Roundcube
        ("div", r"border-style:\s*solid none none", ONWARD),  # Outlook, rewritten by a browser
        ("", r"ymail_android_signature|io-ox-signature|composer_signature", SIGNATURE),
    )
)
MARKED = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern, _ in MARKS), re.IGNORECASE)
