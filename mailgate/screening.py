"""What of a mail's words and files is handed on: the lists and limits, and the scanner's word.

It stands between reading a mail and deciding it, outside every transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mailgate.attachments import DeepError, contents, inside, is_message, named_types
from mailgate.clamd import AwayError, Clamd, ScanError, TooLargeError
from mailgate.config import Config
from mailgate.parse import parse
from mailgate.reading import Reading, Wanted, read
from rules.files import Limits, screened
from rules.model import Attachment, Mail, Withheld

log = logging.getLogger(__name__)


class Screen:
    """The desk's lists and limits, and its scanner where there is one."""

    def __init__(self, limits: Limits, clamd: Clamd | None = None) -> None:
        self._limits, self._clamd = limits, clamd
        self.away = False  # it did not answer: nobody waits for it until it does (`answers`)

    def of(self, reading: Reading, wanted: Wanted) -> Reading:
        """The reading, without words that are withheld, each of its mail's files with why it is."""
        if reading.mail is None or reading.refusal:
            return reading
        try:
            reading, bad = self._spoken(reading, wanted)
            assert reading.mail
            files = self.limited(reading.mail.attachments)
            files = tuple(bad.get(one.part, one) for one in files)
            if self._clamd:
                files = self.scanned(files, reading.taken.raw)
        except Exception as error:  # one mail must not stop the rest
            log.exception("ledger line %d: its files cannot be looked at", reading.taken.id)
            refusal = f"its files cannot be looked at: {type(error).__name__}"
            return Reading(reading.taken, None, refusal)
        return replace(reading, mail=replace(reading.mail, attachments=files))

    def _spoken(self, reading: Reading, wanted: Wanted) -> tuple[Reading, dict[str, Attachment]]:
        """The reading, and its files whose words may not be read, by their parts.

        What is read instead of them, such as the other half of an alternative, is asked about too.
        """
        bad: dict[str, Attachment] = {}
        while self._clamd and not self.away and reading.mail:
            found = self._unspeakable(reading.mail, reading.taken.raw)
            if not found:
                break
            bad |= found
            reading = read(reading.taken, wanted, files=bad.keys())
        files = reading.mail.attachments if reading.mail else ()
        told = {
            one.part: replace(one, withheld=verdict.withheld, virus=verdict.virus)
            for one in files
            if (verdict := bad.get(one.part))
        }
        return reading, told

    def _unspeakable(self, mail: Mail, raw: bytes) -> dict[str, Attachment]:
        """The parts of a mail's words that are withheld: each as it came, and what is shown."""
        said = mail.text.encode("utf-8", "replace")
        data = contents(raw, mail.spoken) if mail.spoken else {}
        found = {part: self.verdict(_words(one), one) for part, one in data.items()}
        alike = said in (one.replace(b"\r\n", b"\n").strip(b"\n") for one in data.values())
        if not alike and not any(one.silent for one in found.values()):
            found |= dict.fromkeys(data, self.verdict(_words(said), said))
        return {part: one for part, one in found.items() if one.silent}

    def limited(self, files: Sequence[Attachment]) -> tuple[Attachment, ...]:
        """By the lists and limits alone."""
        return screened(self._limits, files, named_types)

    def scanned(self, files: Sequence[Attachment], raw: bytes) -> tuple[Attachment, ...]:
        """By the scanner: those of a raw mail's files that nothing else withholds."""
        asked = [one.part for one in files if one.withheld in ("", Withheld.UNSCANNED)]
        if not asked:
            return tuple(files)
        data: Mapping[str, bytes] = {} if self.away else contents(raw, asked)
        return tuple(
            self.verdict(one, data.get(one.part)) if one.part in asked else one for one in files
        )

    def verdict(self, one: Attachment, data: bytes | None) -> Attachment:
        """One file as the scanner has it; it waits where the scanner does not answer."""
        if self._clamd is None:
            return replace(one, withheld="")
        try:
            if self.away or data is None:
                return replace(one, withheld=Withheld.UNSCANNED)
            virus = next(filter(None, map(self._clamd.scan, _pieces(one, data))), "")
        except (TooLargeError, DeepError):
            return replace(one, withheld=Withheld.UNSCANNABLE)
        except ScanError as error:
            self.away = isinstance(error, AwayError)
            log.warning("%s; %s", error, "the file waits" if one.name else "the words go on")
            return replace(one, withheld=Withheld.UNSCANNED)
        return replace(one, withheld=Withheld.INFECTED if virus else "", virus=virus)

    def keeps(self, raw: bytes) -> bool:
        """Whether a mail may not be handed out as it came: programs may find more in it than we."""
        whole = Attachment("", "mail.eml", "message/rfc822", len(raw))
        return self.verdict(whole, raw).withheld != ""

    def answers(self) -> bool:
        """Asks whether the scanner is there; if it is, it is asked about files again."""
        if self._clamd is None:
            return True
        try:
            self._clamd.version()
        except ScanError as error:
            if not self.away:
                log.warning("%s; files wait", error)
            self.away = True
        else:
            self.away = False
        return not self.away


def _pieces(one: Attachment, data: bytes) -> Iterator[bytes]:
    """What of a file is to be scanned: of a message all that is in it too, and its words as they
    are read, for it may be forwarded."""
    yield data
    if is_message(one):
        yield from inside(data)
        yield parse(data).text.encode("utf-8", "replace")


def _words(data: bytes) -> Attachment:
    return Attachment("", "", "text/plain", len(data))


def screen(config: Config) -> Screen:
    """The screen of this desk."""
    section = config.attachments
    limits = Limits(section.allow, section.deny, section.file, section.mail)
    return Screen(limits, scanner(config))


def scanner(config: Config) -> Clamd | None:
    """The desk's virus scanner; None where it has none."""
    section = config.attachments
    seconds = section.clamd_timeout.total_seconds()
    return Clamd(section.clamd, seconds) if section.clamd else None
