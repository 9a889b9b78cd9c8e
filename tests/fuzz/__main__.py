"""`python -m tests.fuzz`: mutate files of every kind that is read, and keep those that break a promise."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from pathlib import Path

from tests.fuzz.run import keep, tell, work
from tests.fuzz.seeds import READERS


def main() -> int:
    """Fuzz every reader for its share of the time; status 1 where something was found."""
    options = _parse()
    options.findings.mkdir(parents=True, exist_ok=True)
    found = sum(_reader(one, options) for one in options.readers)
    if found:
        tell(f"{found} findings in {options.findings}: mend the reader, then move their folders to tests/fuzz/corpus")
    return 1 if found else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=4.0, help="for all readers together")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; by default another each time")
    parser.add_argument("--findings", type=Path, default=Path("out/fuzz"), help="folder for files that break a promise")
    parser.add_argument("readers", nargs="*", default=list(READERS), help=f"of {', '.join(READERS)}; by default all")
    return parser.parse_args()


def _reader(reader: str, options: argparse.Namespace) -> int:
    """Fuzz one reader in a process of its own, which may crash or hang; give the number of findings."""
    seconds = 60 * options.minutes / len(options.readers)
    first = int(time.time()) if options.seed is None else options.seed
    before = set((options.findings / reader).glob("*.txt"))
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=work, args=(reader, seconds, first, options.findings))
    process.start()
    process.join()
    current = options.findings / f"{reader}-current"
    if process.exitcode and current.is_dir():
        keep(reader, current, options.findings, f"the process ended with {process.exitcode}")
    found = sorted(set((options.findings / reader).glob("*.txt")) - before)
    for one in found:
        last = one.read_text(encoding="utf-8").strip().splitlines()[-1]
        tell(f"{reader}: {one.with_suffix('')}: {last}")
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
