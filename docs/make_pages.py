"""Write the pages of docs/ that are made from the code and from other pages; `--check` compares instead.

The pages are reference/cli.md, reference/recipe.md, reference/leak.md, reference/calibration.md,
reference/out-of-fold.md, reference/five-folds.md, model-card.md, concepts/assessable.md, decisions/index.md, and the
lists of pages in index.md.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from gliascope.bundle import CARD, EMBEDDED
from gliascope.cli.app import main as gliascope
from gliascope.cli.commands import COMMANDS, Family
from make_assessable_page import assessable_page
from make_calibration_page import calibration_page
from make_five_folds_page import five_folds_page
from make_leak_page import leak_page
from make_out_of_fold_page import out_of_fold_page
from make_recipe_reference import recipe_page

DOCS = Path(__file__).resolve().parent
SECTIONS = ("tutorials", "how-to", "reference", "concepts")

DECISIONS_HEAD = """# Decisions

Each page tells one choice between alternatives: the context, the decision, its consequences. A decision that no longer
holds stays here and names the one that took its place.

"""

NO_CARD = """# Model card

This checkout holds no model bundle, so there is nothing to say about its accuracy. `gliascope train` writes a bundle
together with its card.
"""


def commands() -> Iterator[list[str]]:
    """Words of every command, the bare `gliascope` first."""
    yield []
    for name, entry in COMMANDS.items():
        yield [name]
        if isinstance(entry, Family):
            yield from ([name, inner] for inner in entry.entries)


def help_text(words: list[str]) -> str:
    """What `gliascope WORDS --help` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        gliascope([*words, "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def cli_page() -> str:
    """Text of reference/cli.md."""
    parts = ["# The command line", "Made from the commands' own help by `make docs`."]
    for words in commands():
        title = " ".join(["gliascope", *words])
        parts += [f"## {title}", f"```text\n{help_text(words)}\n```"]
    return "\n\n".join(parts) + "\n"


def title_of(page: Path) -> str:
    """First heading of a page."""
    match = re.search(r"^# (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise SystemExit(f"{page}: a page must start with a heading")
    return match[1]


def decisions_page() -> str:
    """Text of decisions/index.md."""
    return DECISIONS_HEAD + listing("decisions", DOCS / "decisions")


def card_page() -> str:
    """Text of model-card.md: the embedded bundle's own card."""
    card = EMBEDDED / CARD
    return card.read_text(encoding="utf-8") if card.is_file() else NO_CARD


def listing(section: str, base: Path) -> str:
    """List a section's pages, by file name; links are relative to `base`."""
    pages = sorted(one for one in (DOCS / section).glob("*.md") if one.name != "index.md")
    return "".join(f"- [{title_of(one)}]({os.path.relpath(one, base)})\n" for one in pages)


def index_page() -> str:
    """Text of index.md with its lists renewed."""
    text = (DOCS / "index.md").read_text(encoding="utf-8")
    for section in SECTIONS:
        start, end = f"<!-- pages: {section} -->\n", "<!-- end -->"
        before, _, rest = text.partition(start)
        text = before + start + listing(section, DOCS) + end + rest.partition(end)[2]
    return text


PAGES = {
    "reference/cli.md": cli_page,
    "reference/recipe.md": recipe_page,
    "reference/leak.md": leak_page,
    "reference/calibration.md": calibration_page,
    "reference/out-of-fold.md": out_of_fold_page,
    "reference/five-folds.md": five_folds_page,
    "model-card.md": card_page,
    "decisions/index.md": decisions_page,
    "index.md": index_page,
    "concepts/assessable.md": assessable_page,
}


def main(arguments: list[str]) -> int:
    """Write or compare every page; 1 if a page differs."""
    os.environ["COLUMNS"] = "80"
    status = 0
    for name, make in PAGES.items():
        page, text = DOCS / name, make()
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        if "--check" in arguments:
            print(f"docs/{name} is not what it is made from: run `make docs`", file=sys.stderr)
            status = 1
        else:
            page.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
