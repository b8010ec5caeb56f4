"""Files of a form that the desk does not admit: said before anything of the form is kept."""

from __future__ import annotations

from collections.abc import Sequence

from mailgate.attachments import file_name, program
from mailgate.portal.road import File
from mailgate.portal.site import Site
from rules.model import Attachment, Withheld


def refused(site: Site, files: Sequence[File]) -> list[Attachment]:
    """Those of a form's files that would be withheld, each with why.

    A file that the virus scanner does not answer for is taken: it waits, as one in a mail does.
    """
    screen = site.desk.screen
    known = screen.limited([_described(rank, file) for rank, file in enumerate(files)])
    known = tuple(
        one if one.withheld else screen.verdict(one, data)
        for one, (_, _, data) in zip(known, files, strict=True)
    )
    return [one for one in known if one.withheld not in ("", Withheld.UNSCANNED)]


def _described(rank: int, file: File) -> Attachment:
    """As the form's mail will have it."""
    name, kind, data = file
    kind = kind or "application/octet-stream"
    named = file_name(name, kind, f"{rank}")
    return Attachment(f"{rank}", named, kind, len(data), program=program(data))
