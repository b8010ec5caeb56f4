"""What machines write in subjects and bodies, by language: the tables of `automatic`.

Fragments are regular expressions over folded text (lower case, no accents, straight
apostrophes, single blanks); none repeats without bound. They come from what mail
servers and vacation programs ship as their default texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Table = Mapping[str, tuple[str, ...]]  # language -> fragments


def _any(table: Table) -> str:
    return "|".join(fragment for row in table.values() for fragment in row)


def _compiled(tables: Iterable[Table], shape: str = r"\b(?:{})") -> re.Pattern[str]:
    return re.compile(shape.format("|".join(_any(table) for table in tables)))


# A subject that begins so is written by a program that answers.
_ANSWER_SUBJECTS: Table = {
    "fr": (
        *("reponse auto(?:matique)?\\b", "absence du bureau", "(?:message|avis) d'absence"),
        *("notification d'absence", "absent(?:e)? du bureau", "accuse de reception automatique"),
        *("(?:je suis )?(?:en conges|absente?\\b.{0,20}(?:bureau|conges))",),
    ),
    "en": (
        *("auto(?:matic|mated)?[- ]?(?:reply|response|answer)\\b", "auto: .{0,60}notice"),
        *("out of (?:the )?office", "out-of-office", "vacation (?:reply|message|response|notice)"),
        *("away from (?:my |the )?(?:desk|office|mail)", "on vacation", "away notice"),
        *("auto: .{1,80}(?:out of|away|absen|abwesen|assent|ausente|afwezig)",),
    ),
    "de": (
        *("automatische (?:antwort|ruckmeldung|ruckantwort)", "abwesenheits(?:notiz|mail|agent)"),
        *("abwesenheit(?:snachricht|smeldung|sbenachrichtigung)?", "autom\\. antwort"),
    ),
    "es": ("respuesta automatica", "fuera de (?:la )?oficina", "ausencia (?:temporal|de la)"),
    "it": ("risposta automatica", "fuori (?:sede|ufficio)", "assenza dall'ufficio"),
    "nl": ("automatisch(?:e)? (?:antwoord|beantwoord)", "afwezigheids", "niet aanwezig", "afwezig"),
    "pt": ("resposta automatica", "fora do escritorio", "ausencia do escritorio"),
    "pl": ("automatyczna odpowiedz", "odpowiedz automatyczna", "autoodpowiedz", "poza biurem"),
    "nordic": ("autosvar", "automatisk svar", "automatiskt svar", "automaattinen vastaus"),
}

# A text that says of itself that no person wrote it, at a line's start.
_SELF_DECLARED: Table = {
    "fr": (
        *("(?:ceci|cet? (?:message|mail|e-?mail|courriel)) est (?:un|une) (?:reponse|message|mail"
          "|e-?mail|courriel|accuse de reception) (?:genere )?automatique",),
        *("cet? (?:message|mail|e-?mail|courriel|reponse) (?:a ete|est) (?:envoyee?|genere?e?) "
          "automatiquement", "reponse automatique(?: :|$)", "message automatique d'absence"),
    ),
    "en": (
        *("(?:note: )?this is an? (?:automatic|automated|auto)[- ]?(?:ally generated )?(?:reply"
          "|response|answer|message|e-?mail|notification)", "(?:automatic|automated) (?:reply|response)"
          "(?: :|:|$)"),
        *("this (?:message|e-?mail|reply) (?:was|is|has been) (?:sent|generated) automatically",),
    ),
    "de": (
        *("(?:dies|hierbei handelt es sich um|das) ist eine automatisch(?:e|\\b.{0,20}) (?:antwort|nachricht)",
          "diese (?:nachricht|e-?mail|antwort) (?:wurde|wird) automatisch"),
    ),
    "es": ("est[ea] (?:es )?(?:un|una)? ?(?:mensaje|respuesta|correo) (?:es )?(?:un mensaje )?automatic[oa]",),
    "it": ("quest[ao] (?:e un[a ]? ?)?(?:risposta|messaggio|mail|e-?mail) (?:e )?automatic[oa]",),
    "nl": ("dit is een automatisch(?:e)? (?:antwoord|bericht|gegenereerd)", "automatisch antwoord"),
    "pt": ("esta (?:e uma )?(?:resposta|mensagem) (?:e )?automatica",),
    "pl": ("to jest (?:automatyczna odpowiedz|wiadomosc automatyczna)",),
}  # fmt: skip

# Somebody is not there.
_ABSENT: Table = {
    "fr": (
        *("je (?:suis|serai)s? (?:actuellement |donc )?(?:absente?|en conges?|en vacances|en arret)",),
        *("absente? (?:du bureau|jusqu|du \\d|a partir)", "en conges? (?:jusqu|du \\d)"),
        *("(?:de retour|mon retour|je reviens|reviendrai)", "absence du bureau"),
    ),
    "en": (
        *("(?:out of|away from) (?:the |my )?(?:office|desk)", "(?:on|annual) (?:vacation|leave|holiday)"),
        *("(?:will|shall|'ll) (?:be )?(?:back|return)", "(?:am|be) (?:currently )?away"),
        *("limited access to (?:my )?e-?mail",),
    ),
    "de": (
        *("(?:nicht|ausser) (?:im|in meinem) (?:buro|haus)", "abwesen", "im urlaub", "ausser haus"),
        *("wieder (?:im buro|erreichbar|da|fur sie)",),
    ),
    "es": ("fuera de (?:la )?oficina", "de vacaciones", "estare? ausente", "ausente de"),
    "it": ("fuori (?:ufficio|sede|dall'ufficio)", "in ferie", "sono assente", "saro assente"),
    "nl": ("afwezig", "niet (?:aanwezig|op kantoor)", "met (?:vakantie|verlof)", "op vakantie"),
    "pt": ("fora do escritorio", "de ferias", "estou ausente", "estarei ausente"),
    "pl": ("poza biurem", "na urlopie", "jestem nieobecn", "bede nieobecn"),
}  # fmt: skip

# A subject that tells of a mail that did not arrive, or not yet.
_FAILURE_SUBJECTS: Table = {
    "en": (
        *("undeliver", "non[- ]?deliver", "not (?:be )?deliver", "could ?n[o']t (?:be )?deliver"),
        *("deliver\\w{0,5} (?:has )?(?:fail|problem|error|status|notif|report|delay|warning)",),
        *("returned mail", "mail return", "return(?:ing|ed) (?:message|to sender)", "rejected mail"),
        *("failure notice", "fail\\w{0,4} (?:to )?(?:deliver|mail)", "message (?:delayed|status|error)"),
        *("mail (?:delivery |system |server )?(?:fail|error|problem|status|report|warning)",),
        *("user unknown", "bounce", "delayed (?:mail|message|delivery)", "unable to deliver"),
        *("message has not yet been delivered", "undelivered", "delivery has (?:failed|been delayed)"),
    ),
    "fr": (
        *("non[- ]remis", "non distribu", "echec (?:de )?(?:la )?(?:remise|distribution|livraison)"),
        *("n'a pas pu etre (?:remis|distribu|livr|delivr)", "retour a l'expediteur"),
        *("impossible de (?:remettre|distribuer)", "avis de (?:non[- ]remise|non[- ]distribution)"),
        *("remise (?:retardee|differee)", "message retarde"),
    ),
    "de": (
        *("unzustellbar", "nicht zustellbar", "zustellung (?:fehlgeschlagen|gescheitert|nicht)"),
        *("konnte nicht zugestellt", "zuruck an (?:den )?absender", "verzogerte zustellung"),
    ),
    "es": ("no (?:se ha )?(?:podido )?entrega", "no entregado", "devuelto", "fallo (?:en|de) (?:la )?entrega"),
    "it": ("mancata consegna", "non (?:recapitat|consegnat)", "messaggio respinto", "impossibile recapitare"),
    "nl": ("onbestelbaar", "niet (?:afgeleverd|bezorgd|bestelbaar)", "aflevering mislukt"),
    "pt": ("nao (?:foi )?entregue", "falha na entrega", "devolvid[ao]"),
    "pl": ("niedostarcz", "nie (?:mozna|udalo sie) dostarczyc", "zwrot do nadawcy"),
}  # fmt: skip

# How the text of a mail server's report goes on about it.
_FAILURE_TEXTS: Table = {
    "en": (
        *("(?:could|can) ?not be delivered", "couldn't be delivered", "was(?: not|n't) delivered"),
        *("undeliver(?:able|ed)", "failed recipients?", "delivery (?:to|of) .{0,60}(?:fail|abort|delay|postpone)"),
        *("unable to deliver", "n(?:o|')t able to deliver", "address(?:\\(?es\\)?)? failed", "did not receive", "(?:could|can)(?: ?not|'t) deliver", "non-delivery report"),
        *("returned to (?:the )?sender", "smtp error", "(?:user|recipient|mailbox) (?:is )?(?:unknown|unavailable|full)"),
        *("rcpt to:", "permanent (?:error|failure)", "(?:delivery|attempt).{0,60}continue", "not yet been delivered"),
        *("has been postponed", "was (?:automatically )?rejected"),
    ),
    "fr": (
        *("n'(?:a|ont) pas (?:pu etre )?(?:remis|distribue|livre|delivre)", "non remis"),
        *("impossible de (?:remettre|distribuer)", "destinataires? (?:inconnu|introuvable)"),
        *("n'a pas encore ete (?:remis|distribue)", "boite .{0,20}pleine"),
    ),
    "de": (
        *("nicht zugestellt", "unzustellbar", "nicht zustellbar", "empfanger .{0,20}unbekannt"),
    ),
    "es": ("no (?:se )?(?:ha |pudo |puede )?(?:podido |ser )?entreg", "destinatario desconocido"),
    "it": ("non (?:e stato |puo essere )?(?:recapitat|consegnat)", "destinatario sconosciuto"),
    "nl": ("niet (?:worden )?(?:afgeleverd|bezorgd)", "onbestelbaar"),
    "pt": ("nao (?:foi|pode ser|pode) entreg",),
    "pl": ("nie (?:zostala|mogla|moze).{0,20}dostarcz", "niedostarcz"),
}  # fmt: skip

# The mail is still tried: no failure (RFC 3464 section 2.3.3, "delayed").
_DELAYS: Table = {
    "en": (
        *("not yet been delivered", "will be retried", "has been (?:delayed|postponed)"),
        *("continue (?:to (?:try|attempt|be)|for)", "warning (?:message )?only", "still being retried"),
        *("delivery status notification \\(delay\\)", "this is (?:just|only) a warning"),
        *("message (?:is |was )?delayed", "delayed \\d", "temporarily deferred"),
    ),
    "fr": ("n'a pas encore ete (?:remis|distribue)", "remise (?:retardee|differee)", "sera (?:retente|reessaye)"),
    "de": ("noch nicht zugestellt", "verzoger", "weitere zustellversuche"),
    "es": ("aun no (?:se )?ha", "se seguira intentando", "retras"),
    "it": ("non ancora (?:recapitat|consegnat)", "ritard"),
    "nl": ("nog niet (?:afgeleverd|bezorgd)", "vertraag"),
    "pt": ("ainda nao foi entregue", "atras"),
    "pl": ("jeszcze nie (?:zostala )?dostarcz", "opoznien"),
}  # fmt: skip

# A challenge: the sender shall prove that he is a person. All three must be there.
_YOURS: Table = {
    "fr": ("(?:votre|ton|vos) (?:message|mail|e-?mail|courriel|adresse)s?",),
    "en": ("your (?:message|mail|e-?mail|address)s?",),
    "de": ("(?:ihre|deine) (?:nachricht|e-?mail|mail|adresse)",),
    "es": ("(?:su|tu) (?:mensaje|correo|direccion)",),
    "it": ("(?:il (?:suo|tuo)|la (?:sua|tua)) (?:messaggio|mail|e-?mail)",),
    "nl": ("(?:uw|je) (?:bericht|e-?mail|mail|adres)",),
}
_GATES: Table = {
    "fr": (
        *("liste (?:blanche|d'(?:expediteurs|invites)|autorisee)", "protegee? (?:par|contre)"),
        *("anti-?spam", "vous authentifier", "(?:prouver|verifier) que vous etes"),
    ),
    "en": (
        *(
            "guest list",
            "allow(?:ed)? ?list",
            "white ?list",
            "safe (?:senders?|list)",
            "approved senders?",
        ),
        *("(?:account|mailbox|address) is protected", "waitlist", "spam (?:protection|filter)"),
        *("(?:verify|prove|confirm) (?:that )?you(?:'re| are)",),
    ),
    "de": ("whitelist", "spam-?schutz", "erlaubte absender", "als absender bestatigen"),
    "es": ("lista (?:blanca|de remitentes)", "protegid[ao] (?:por|contra)", "anti-?spam"),
    "it": ("lista (?:bianca|dei mittenti)", "protett[ao] da", "anti-?spam"),
    "nl": ("whitelist", "beschermd (?:door|tegen)", "toegestane afzenders"),
}
_CLICKS: Table = {
    "fr": ("cliqu(?:ez|er|ant) ", "suivez le lien"),
    "en": ("click(?:ing)? (?:on |the |here)", "follow(?:ing)? (?:the |this )?link"),
    "de": ("klick(?:en|e) ",),
    "es": ("haga clic", "haz clic", "pulse (?:en|el)"),
    "it": ("clicca(?:re|te)? ", "fare clic"),
    "nl": ("klik(?:ken)? ",),
}

# A mail has come.
_RECEIVED: Table = {
    "fr": ("(?:bien |avons )recu votre (?:message|mail|e-?mail|courriel|demande)",),
    "en": ("(?:have |i |we )received your (?:message|mail|e-?mail|request)",),
    "de": ("(?:ihre|deine) (?:nachricht|e-?mail|mail|anfrage) (?:ist eingegangen|erhalten)",),
    "es": ("(?:hemos |he )recibido su (?:mensaje|correo|solicitud)",),
    "it": ("ricevuto (?:il suo|la sua|il tuo|la tua) (?:messaggio|mail|e-?mail|richiesta)",),
    "nl": ("(?:uw|je) (?:bericht|e-?mail|mail) (?:is |hebben we )?ontvangen",),
}

# Where a person's own words about somebody else's mail end, or a forward begins.
BORDER = re.compile(
    r"^(?:>|[-_ ]{0,40}(?:original message|message d'origine|message transfere|forwarded message"
    r"|begin forwarded message|ursprungliche nachricht|weitergeleitete nachricht"
    r"|mensaje (?:original|reenviado)|messaggio (?:originale|inoltrato)"
    r"|oorspronkelijk bericht|doorgestuurd bericht|mensagem original|wiadomosc oryginalna)\b)"
)
FORWARDED = re.compile(r"(?:\[[^\]]{1,20}\] ?)?(?:fwd?|tr|wg|rv|enc|i|doorst|pd) ?: ")
GREETING = re.compile(
    r"(?:bonjour|bonsoir|salut|madame|monsieur|hello|hi|hey|dear|hallo|guten|sehr geehrte|lieber?"
    r"|hola|buen[oa]s|estimad|ciao|buongiorno|gentile|beste|geachte|ola|caro|prezad|dzien dobry"
    r"|szanown)\b"
)
_TAGGED = r"(?:\[[^\]]{{1,20}}\] ?)?\[?(?:{})"
ANSWER_SUBJECT = _compiled([_ANSWER_SUBJECTS], _TAGGED)
ABSENT = _compiled([_ABSENT])
SELF_DECLARED = _compiled([_SELF_DECLARED], r"^[-*( ]{{0,5}}(?:{})")
FAILURE_SUBJECT = _compiled([_FAILURE_SUBJECTS], r"(?:{})")
FAILURE_TEXT = _compiled([_FAILURE_TEXTS], r"(?:{})")
DELAY = _compiled([_DELAYS])
RECEIVED = _compiled([_RECEIVED])
CHALLENGE = tuple(_compiled([table]) for table in (_YOURS, _GATES, _CLICKS))
