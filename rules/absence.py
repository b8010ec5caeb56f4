"""When somebody who is away comes back, as vacation notes say it.

A date counts only behind words of return ("back on", "jusqu'au", "ab dem"), in the forms of
eight languages: 2026-08-17, 17/08/2026, 17.8., 17 août 2026, August 17th. Each word of the text
is looked at once. A day that could be two (05/01) is read day first, and month first only
in English; of the two the nearer one that is not past is meant, since notes tell of days to
come. What stands nearest behind words of return wins over "until".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from rules.keywords import fold

_TEXT = 3_000  # characters that are looked at
_AHEAD = timedelta(days=400)  # a note tells of weeks or months, hardly of years
_BEHIND = timedelta(days=1)  # its clock may stand in another zone
_WITHIN = 60  # characters between the words of return and the day

_RETURN = {
    "fr": "(?:de |mon |son |notre )?retour|reviens?|reviendrai|revient|reprise|serai la",
    "en": "return(?:ing)?|(?:be |am )?back|in the office again",
    "de": "zuruck|wieder|ab dem",
    "es": "regreso|vuelvo|vuelta|volvere|de nuevo",
    "it": "rientro|rientrero|ritorno|tornero|di ritorno",
    "nl": "terug|weer (?:aanwezig|bereikbaar|op kantoor)",
    "pt": "regresso|retorno|de volta",
    "pl": "wracam|powrot|wroce",
}
_UNTIL = {
    "fr": "jusqu'(?:au|a)|au(?= (?:(?:lun|mar|mercre|jeu|vendre|same)di |dimanche )?\\d)",
    "en": "until|till|through|to(?= \\w{3,9} \\d| \\d)",
    "de": "bis",
    "es": "hasta",
    "it": "fino (?:al|a)|sino al|al(?= \\d)",
    "nl": "tot(?: en met)?|t/m",
    "pt": "ate",
    "pl": "do(?= \\d)",
}
_MONTHS = {
    "fr": "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "fr.": "janv fevr mars avr mai juin juil aout sept oct nov dec",
    "en": "january february march april may june july august september october november december",
    "en.": "jan feb mar apr may jun jul aug sep oct nov dec",
    "de": "januar februar marz april mai juni juli august september oktober november dezember",
    "de.": "jan feb mrz apr mai jun jul aug sep okt nov dez",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre",
    "es.": "ene feb mar abr may jun jul ago set oct nov dic",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
    " dicembre",
    "it.": "gen feb mar apr mag giu lug ago set ott nov dic",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "nl.": "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "pt": "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro"
    " dezembro",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika"
    " listopada grudnia",
}
_MONTH = {
    name: number for row in _MONTHS.values() for number, name in enumerate(row.split(), start=1)
}
_NAME = "|".join(sorted(_MONTH, key=len, reverse=True))
_YEAR = r"(?:,? ?(?:de |del |)(?P<{}>20\d\d|'?\d\d(?![\d:.h/])))?"
_DATES = re.compile(
    r"\b(?:(?P<iso>20\d\d)-(?P<im>\d\d)-(?P<id>\d\d)"
    r"|(?P<a>\d{1,2})[/.-](?P<b>\d{1,2})(?:[/.-](?P<ny>20\d\d|\d\d))?(?![\d:h])"
    rf"|(?P<d1>\d{{1,2}})(?:er|st|nd|rd|th|e|\.|o|º|ste|de)? ?(?:of |de |den )?(?P<m1>{_NAME})\b\.?"
    + _YEAR.format("y1")
    + rf"|(?P<m2>{_NAME})\.? ?(?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b"
    + _YEAR.format("y2")
    + ")"
)
_WORDS = re.compile(
    rf"\b(?:(?P<back>{'|'.join(_RETURN.values())})|(?P<until>{'|'.join(_UNTIL.values())}))(?!\w)"
)
_SENTENCE = re.compile(r"(?<!\d)\. ")  # "17. August" goes on
_ENGLISH = re.compile(r"\b(?:the|office|will|return(?:ing)?|until|am|back)\b")


def back_on(text: str, sent: date) -> date | None:
    """The day of return that an absence note of the day `sent` gives; None without one.

    "Until" a day is that day: what follows it is not known. Raises nothing.
    """
    said = " ".join(fold(text[:_TEXT]).replace("’", "'").split())
    english = _ENGLISH.search(said) is not None
    until: date | None = None
    for match in _WORDS.finditer(said):
        behind = said[match.end() : match.end() + _WITHIN]
        if (found := _DATES.search(_SENTENCE.split(behind)[0])) is None:
            continue
        between = behind[: found.start()]
        if _WORDS.search(between):  # those words have a date of their own
            continue
        day = _day(found, sent, english=english)
        if day and match["back"]:
            return day
        until = until or day
    return until


def _day(found: re.Match[str], sent: date, *, english: bool) -> date | None:
    """The nearest day meant that a note of the day `sent` can tell of."""
    earliest, latest = sent - _BEHIND, sent + _AHEAD
    fitting = [day for day in _meant(found, sent, english) if earliest <= day <= latest]
    return min(fitting, default=None)


def _meant(found: re.Match[str], sent: date, english: bool) -> Iterator[date]:
    """Every day that may be meant, impossible ones left out."""
    if found["iso"]:
        pairs = [(found["id"], found["im"])]
    elif found["a"]:
        pairs = [(found["a"], found["b"])]
        pairs += [(found["b"], found["a"])] if english else []
    else:
        name = found["m1"] or found["m2"]
        pairs = [(found["d1"] or found["d2"], str(_MONTH[name]))]
    year = found["iso"] or found["ny"] or found["y1"] or found["y2"]
    years = [int(year.strip("'")) % 100 + 2000] if year else [sent.year, sent.year + 1]
    for day, month in pairs:
        for one in years:
            try:
                yield date(one, int(month), int(day))
            except ValueError:
                continue
