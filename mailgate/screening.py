"""What of a mail's files is handed on: the lists and limits, and the scanner's word.

It stands between reading a mail and deciding it, outside every transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mailgate.attachments import contents, named_types
from mailgate.clamd import AwayError, Clamd, ScanError, TooLargeError
from mailgate.config import Config
from mailgate.reading import Reading
from rules.files import Limits, screened
from rules.model import Attachment, Withheld

log = logging.getLogger(__name__)


class Screen:
    """The desk's lists and limits, and its scanner where there is one."""

    def __init__(self, limits: Limits, clamd: Clamd | None = None) -> None:
        self._limits, self._clamd = limits, clamd
        self.away = False  # it did not answer: nobody waits for it until it does (`answers`)

    def of(self, reading: Reading) -> Reading:
        """The reading, each of its mail's files with why it is withheld."""
        if reading.mail is None or not reading.mail.attachments or reading.refusal:
            return reading
        try:
            files = self.limited(reading.mail.attachments)
            if self._clamd:
                files = self.scanned(files, reading.taken.raw)
        except Exception as error:  # one mail must not stop the rest
            log.exception("ledger line %d: its files cannot be looked at", reading.taken.id)
            refusal = f"its files cannot be looked at: {type(error).__name__}"
            return Reading(reading.taken, None, refusal)
        return replace(reading, mail=replace(reading.mail, attachments=files))

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
            virus = self._clamd.scan(data)
        except TooLargeError:
            return replace(one, withheld=Withheld.UNSCANNABLE)
        except ScanError as error:
            self.away = isinstance(error, AwayError)
            log.warning("%s; the file waits", error)
            return replace(one, withheld=Withheld.UNSCANNED)
        return replace(one, withheld=Withheld.INFECTED if virus else "", virus=virus)

    def keeps(self, raw: bytes) -> bool:
        """Whether a mail may not be handed out as it came: programs may find more in it than we."""
        whole = Attachment("", "", "message/rfc822", len(raw))
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
