"""Prints the table: `python -m tests.score [-v]`; exits 1 when a target is missed."""

from __future__ import annotations

import sys

from tests.score import corpus, parsing, replies, verdicts


def main() -> None:
    if not corpus.FOLDER.is_dir():
        sys.exit("make score needs the corpus: ../shared/corpus, beside the project")
    rows = [*parsing.rows(), *replies.rows(), *verdicts.rows()]
    for row in rows:
        bound = "at most" if row.at_most else "target"
        mark = "" if row.met else "  MISSED"
        print(f"{row.what:62} {row.got:5} of {row.of:5}  {bound} {row.target}{mark}")
        if "-v" in sys.argv:
            for name in row.wrong:
                print(f"    {name}")
    sys.exit(any(not row.met for row in rows))


if __name__ == "__main__":
    main()
