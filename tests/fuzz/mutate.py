"""Mutations of a file as values that Hypothesis draws and shrinks."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

Change = tuple[str, float, bytes, int]
"""What is done, where in the file (as a share), with which bytes, and a count."""

NUMBERS: Final = tuple(
    value.to_bytes(size, order)
    for size in (1, 2, 4, 8)
    for value in (
        0,
        1,
        255 % 256**size,
        2 ** (8 * size - 1) - 1,
        2 ** (8 * size - 1),
        2 ** (8 * size) - 1,
        8193 % 256**size,
    )
    for order in ("little", "big")
)
"""Numbers at the ends of what a field can hold, in both byte orders."""
WORDS: Final = (
    b"\x00\x00\xc0\x7f",
    b"\x00\x00\x80\x7f",
    b"\x7f\xf8" + bytes(6),
    bytes(16),
    b"\xff" * 16,
    b"1e400",
    b"nan",
)

KINDS: Final = ("put", "insert", "remove", "repeat", "cut", "move")

changes = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.one_of(st.floats(0, 1, exclude_max=True), st.floats(0, 0.1)),
        st.one_of(st.sampled_from((*NUMBERS, *WORDS)), st.binary(min_size=1, max_size=12)),
        st.integers(1, 64),
    ),
    min_size=1,
    max_size=6,
)
"""One to six changes of a file; every other one near its beginning, where headers are."""


def mutated(content: bytes, many: list[Change]) -> bytes:
    """Apply changes one after another."""
    for one in many:
        content = _apply(content, one)
    return content


def _apply(content: bytes, change: Change) -> bytes:
    kind, share, word, count = change
    place = int(share * len(content))
    before, behind = content[:place], content[place:]
    match kind:
        case "put":
            return before + word + behind[len(word) :]
        case "insert":
            return before + word + behind
        case "remove":
            return before + behind[count:]
        case "repeat":
            return before + behind[:count] * 3 + behind
        case "cut":
            return before
        case _:
            return before + behind[count : 2 * count] + behind[:count] + behind[2 * count :]
