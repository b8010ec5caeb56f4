"""What mail clients write around quoted texts and below their users' words.

Tables for `reply` (lines of text, compared in lower case with single blanks) and
`htmltext` (tags), a row a language or client. No pattern can backtrack over more than
a few dozen characters.
"""

from __future__ import annotations

import re

# -- lines that say who wrote what follows ------------------------------------------------------

# How it begins and the verb in it: "Le lun. 3 août 2026 à 10:12, X <x@y> a écrit :".
ATTRIBUTIONS = tuple(
    (tuple(openings.split("|")), tuple(verbs.split("|")))
    for openings, verbs in (
        ("le ", "a écrit|a ecrit|écrivait|écrit"),
        ("on |at ", "wrote|writes|said"),
        ("am |den |im ", "schrieb|geschrieben|skrev"),
        ("el ", "escribió|escribio"),
        ("il |in data |nel ", "ha scritto|scrive"),
        ("em |no dia |a ", "escreveu"),
        ("op ", "schreef|geschreven|het volgende"),
        ("w dniu |dnia |w ", "napisał|napisal|pisze"),
        ("den |på |kl. |d. |tir. |man. |ons. |tor. |fre. |lør. |søn. ", "skrev"),
        ("", "kirjoitti|написал|пише|написав|写道|寫道|のメール|に書き込まれ|a scris|yazdı|írta"),
    )
)
OPENINGS = tuple(opening for openings, _ in ATTRIBUTIONS for opening in openings if opening)
VERB = re.compile(
    r"a écrit|a ecrit|wrote|schrieb|escribió|ha scritto|escreveu|schreef|napisał|skrev"
    r"|написал|写道"
)
COLON = re.compile(r":['\"* ]*+$")
TIME = re.compile(r"\d{1,2}[:.h]\d{2}")
YEAR = re.compile(r"\b\d{4}\b|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}")
DATED = re.compile(r"\d{1,2}[:.h]\d{2}|\d{4}|@")
MAY_ATTRIBUTE = re.compile(rf"{DATED.pattern}|{VERB.pattern}")
# "2026-08-03 10:12 GMT+02:00 X <x@y>:" in any language.
ADDRESSED = re.compile(r"<[^<>@ ]+@[^<> ]+ ?>[^<>]{0,25}:['\"* ]*$")
# Yahoo puts the attribution behind the last line of the answer.
YAHOO = re.compile(
    r"(?<=\S)[ \u00a0]{3}"
    r"(?=(?:On|Le) [^\n<>]{10,120}<[^\n<> ]{3,120}> (?:wrote|a écrit)[ \u00a0]?:)"
)

# -- header blocks and titles above quotes ------------------------------------------------------

# The labels of a quoted header block, one row a language: from, sent, to, subject.
LABELS = tuple(
    tuple(frozenset(words.split("|")) for words in row)
    for row in (
        ("de|expéditeur|émetteur", "envoyé|date|envoyé le", "à|a|destinataire", "objet|sujet"),
        ("from|sender", "sent|date|sent at", "to", "subject"),
        ("von", "gesendet|datum", "an", "betreff"),
        ("de", "enviado|fecha|enviado el|data|enviada em|enviado em", "para", "asunto|assunto"),
        ("da", "inviato|data", "a", "oggetto"),
        ("van", "verzonden|datum", "aan", "onderwerp"),
        ("od", "wysłano|data|wyslano|odesláno", "do|komu", "temat|předmět"),
        ("från|fra", "skickat|sendt|datum|dato", "till|til", "ämne|emne"),
        ("от", "отправлено|дата|отправлен", "кому", "тема"),
        ("lähettäjä", "lähetetty|päivä", "vastaanottaja", "aihe"),
        ("差出人|寄件者|发件人", "送信日時|日期|发送时间|日時", "宛先|收件人", "件名|主题|主旨"),
    )
)
FIRST_LABELS = {
    label: [row for row in LABELS if label in row[0]] for row in LABELS for label in row[0]
}
# What forms of every kind have too.
PLAIN_DATES = frozenset({"date", "data", "datum", "dato", "fecha", "дата", "päivä", "日時", "日期"})
LABEL = re.compile(r"[*_> ]*+([^\W\d_][^:*]{0,20}+)[* ]*+:")

# "-----Message d'origine-----" and its kin.
DASHED = re.compile(r"[-_*=]{2,}+ ?+[^-_*=]")
DASHES = ("--", "__", "**", "==")
TITLES = (
    *("message d'origine", "message original", "mail original", "courriel original"),
    *("e-mail d'origine", "message transféré", "message transmis", "message réexpédié"),
    *("original message", "original email", "original appointment", "reply message"),
    *("forwarded message", "forwarded by", "begin forwarded"),
    *("ursprüngliche nachricht", "originalnachricht", "weitergeleitete nachricht"),
    *("mensaje original", "mensaje reenviado", "mensagem original", "mensagem encaminhada"),
    *("messaggio originale", "messaggio inoltrato"),
    *("oorspronkelijk bericht", "doorgestuurd bericht"),
    *("oryginalna wiadomość", "wiadomość oryginalna", "alkuperäinen viesti"),
    *("ursprungligt meddelande", "original meddelelse", "oprindelig meddelelse"),
    *("oprindelig besked", "videresendt besked", "opprinnelig melding"),
    *("пересылаемое сообщение", "исходное сообщение"),
    *("原始邮件", "転送メッセージ", "元のメッセージ"),
)
BARE_TITLES = frozenset({"début du message réexpédié :", "begin forwarded message:"})
RULE = re.compile(r"_{10,}+$|-{4,}+$|={4,}+$")
ORANGE = re.compile(r"message du ?:? ?\d{1,2}/\d")  # "> Message du 03/08/26 10:12"

# -- signatures ---------------------------------------------------------------------------------

SIGNED = frozenset({"--", "—", "––"})
# What phones and programs add, whole lines.
MOBILE = re.compile(
    r"(?:"
    r"(?:message )?(?:envoyée?|télégraphié|expédié) (?:de|depuis|à partir de|à l'aide de|avec)"
    r"(?: l'application| mon| ma| mes| un| une| la| le)?+ ?+[^.!?,<(]{2,60}+"
    r"|(?:sent|written|composed) (?:from|with|using|via|by)(?: my| the| an| a)?+ [^.!?,<(]{2,60}+"
    r"|(?:von meinem|gesendet mit|gesendet von|enviado desde|enviado do|inviato da"
    r"|verstuurd vanaf|verzonden vanaf|skickat från|sendt fra|wysłane z|отправлено с)"
    r" [^.!?,<(]{2,60}+"
    r"|(?:obtenez|télécharger?|téléchargez|get|download) outlook (?:pour|for) [a-z]{2,10}+"
    r")(?:\.| ?<https?://[^>]{1,200}>| \(https?://[^)]{1,200}\)| https?://\S{1,200})?+$"
)
# Longer ones have to name a device or a program.
DEVICE = re.compile(
    r"iphone|ipad|ipod|ios|android|galaxy|samsung|huawei|xiaomi|oneplus|pixel|blackberry|nokia"
    r"|motorola|nexus|htc|sony|phone|téléphone|mobile|portable|tablette|tablet|device|windows"
    r"|outlook|mail|courrier|yahoo|proton|orange|sfr|bouygues|free|laposte|thunderbird|spark"
)
# What list programs put below: a rule and a line that says so.
LIST_RULE = re.compile(r"_{20,}+$")
LIST_WORDS = ("mailing list", "liste de diffusion", "google groups")
REFERENCE_LINE = re.compile(r"r[ée]f\.? ?:? ?mg-[a-z2-7]{26}$")  # the last line of our mails

# -- tags ---------------------------------------------------------------------------------------

SUBTREE, FIRST_QUOTE, ONWARD = "subtree", "first quote", "onward"

# What clients mark, one row each: the element ("" for any), a pattern in its tag, and how
# much of the mail it folds: the element; or up to the end of the first blockquote in it
# (what follows there are answers between quotes); or everything from here on.
MARKS = tuple(
    (tag, re.compile(pattern, re.IGNORECASE), reach)
    for tag, pattern, reach in (
        ("blockquote", r"""\btype\s*=\s*["']?cite""", SUBTREE),  # Apple Mail, Thunderbird
        ("blockquote", r"gmail_quote", SUBTREE),
        ("div", r"gmail_attr", SUBTREE),
        ("div", r"gmail_quote", FIRST_QUOTE),
        ("", r"gmail_signature|moz-signature|AppleMailSignature", SUBTREE),
        ("", r"""\bid\s*=\s*["']?(?:x_){0,5}Signature\b""", SUBTREE),  # Outlook on the web
        ("", r"ms-outlook-mobile-signature|protonmail_signature_block\b", SUBTREE),
        ("", r"moz-cite-prefix", SUBTREE),
        ("", r"moz-forward-container", ONWARD),
        ("", r"yahoo_quoted|yahooQuoted|protonmail_quote|zmail_extra", SUBTREE),
        ("", r"divRplyFwdMsg|appendonsend|OLK_SRC_BODY_SECTION", ONWARD),  # Outlook
        ("", r"mail-editor-reference-message-container", ONWARD),  # Outlook for phones
        ("", r"ms-outlook-mobile-reference-message", ONWARD),
        ("div", r"border:\s*none;\s*border-top:\s*solid #[0-9a-f]{6} 1\.0pt", ONWARD),  # Outlook
        ("hr", r"stopSpelling", ONWARD),  # Hotmail
        ("", r"messageReplySection", SUBTREE),  # Spark
    )
)
MARKED = re.compile("|".join(f"(?:{pattern.pattern})" for _, pattern, _ in MARKS), re.IGNORECASE)
