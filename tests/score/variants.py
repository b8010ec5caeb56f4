"""Every mail of the corpus, and damaged variants of them: nothing raises, nothing hangs.

`SCORE_VARIANTS` says how many variants are read, `SCORE_SEED` which ones.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from mailgate import bounces
from mailgate.attachments import attachment_bytes
from mailgate.parse import parse
from tests.score.corpus import Row
from tests.score.readers import HungError, limited

COUNT = int(os.environ.get("SCORE_VARIANTS", "30000"))
SEED = int(os.environ.get("SCORE_SEED", "1"))
CHUNK = 500


def rows(mails: Sequence[Path]) -> list[Row]:
    """The mails as they are, and `COUNT` variants of them."""
    whole = [f"{path.parent.name}/{path.name}" for path in mails if broken(path.read_bytes())]
    chunks = [range(start, min(start + CHUNK, COUNT)) for start in range(0, COUNT, CHUNK)]
    with get_context("fork").Pool(2) as pool:
        found = pool.starmap(_chunk, [(mails, chunk) for chunk in chunks], chunksize=1)
    damaged = [name for names in found for name in names]
    return [
        Row("parsing: mails that raise or hang", len(whole), len(mails), 0, True, tuple(whole)),
        Row(
            f"parsing: damaged variants (seed {SEED}) that raise or hang",
            len(damaged),
            COUNT,
            0,
            at_most=True,
            wrong=tuple(damaged),
        ),
    ]


def broken(raw: bytes) -> str:
    """What goes wrong when a mail is read whole, "" for nothing."""
    try:
        with limited():
            mail = parse(raw)
            for attachment in mail.attachments:
                if len(attachment_bytes(raw, attachment.part)) != attachment.size:
                    return f"attachment {attachment.part} has another size"
            bounces.read(raw)
    except HungError:
        return "hangs"
    except Exception as error:
        return repr(error)
    return ""


def variant(mails: Sequence[Path], number: int) -> tuple[str, bytes]:
    """The damaged mail with this number: one to three cuts, flips, repetitions or grafts."""
    chance = random.Random(f"{SEED}/{number}")
    path = chance.choice(mails)
    raw = path.read_bytes()
    for _ in range(chance.randint(1, 3)):
        raw = chance.choice(DAMAGES)(chance, raw)
    return f"{path.parent.name}/{path.name}", raw


def _chunk(mails: Sequence[Path], numbers: range) -> list[str]:
    out = []
    for number in numbers:
        name, raw = variant(mails, number)
        if wrong := broken(raw):
            out.append(f"variant {number} of {name}: {wrong}")
    return out


def _truncated(chance: random.Random, raw: bytes) -> bytes:
    return raw[: chance.randint(0, len(raw))]


def _flipped(chance: random.Random, raw: bytes) -> bytes:
    """Bits turned over, up to one in fifty bytes, most often in the first 4 kB."""
    out = bytearray(raw)
    reach = len(out) if chance.random() < 0.5 else min(len(out), 4_096)
    for _ in range(chance.randint(1, max(1, min(reach // 50, 200))) if reach else 0):
        out[chance.randrange(reach)] ^= 1 << chance.randrange(8)
    return bytes(out)


def _cut(chance: random.Random, raw: bytes) -> bytes:
    start = chance.randint(0, len(raw))
    return raw[:start] + raw[start + chance.randint(1, 400) :]


def _repeated(chance: random.Random, raw: bytes) -> bytes:
    start = chance.randint(0, len(raw))
    end = start + chance.randint(1, 400)
    return raw[:end] + raw[start:end] * chance.randint(1, 20) + raw[end:]


def _moved(chance: random.Random, raw: bytes) -> bytes:
    start = chance.randint(0, len(raw))
    end = start + chance.randint(1, 400)
    target = chance.randint(0, len(raw))
    return raw[:target] + raw[start:end] + raw[target:]


DAMAGES = (_truncated, _flipped, _flipped, _cut, _repeated, _moved)
