"""A mail that was read leaves nothing behind: its bytes go with it, not with the collector."""

import gc
from datetime import UTC, datetime
from email.message import EmailMessage

from mailgate import reading
from mailgate.reading import Wanted
from rules.model import Taken

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_no_part_of_it_holds_itself() -> None:
    """Parts that hold each other stay until the collector comes: 60 MB for a big mail."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "marie@x.example", "Photos"
    mail.set_content("Voici.\n")
    mail.add_alternative("<p>Voici.</p>", "html")
    mail.add_attachment(bytes(1000), "image", "png", filename="photo.png")
    taken = Taken(1, 1, 1, 1, NOW, mail.as_bytes(), True)
    reading.read(taken, Wanted(files=10_000))  # what is made once is made
    gc.collect()
    gc.disable()
    try:
        found = reading.read(taken, Wanted(files=10_000))
        assert found.mail
        assert len(found.mail.attachments) == 1
        del found
        assert gc.collect() == 0
    finally:
        gc.enable()
