"""From decoded colours to named sequences."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.scan import SEQUENCES, Sequence

GREY_IS_FLAIR: Final = "grey image: taken as FLAIR"
EQUAL_CHANNELS: Final = "red, green and blue are equal: read as one grey channel, taken as FLAIR"


def check_sequences(channels: tuple[Sequence, ...] | None) -> None:
    """Refuse names of channels that no scan can have.

    Raises
    ------
    InputError
        If `channels` is empty, has an unknown name or a name twice.
    """
    if channels is None:
        return
    known = ", ".join(SEQUENCES)
    if not channels or any(one not in SEQUENCES for one in channels) or len(set(channels)) != len(channels):
        raise InputError(f"channels must be some of {known}, each at most once, received {', '.join(channels)!r}")


def sequences_of(count: int, channels: tuple[Sequence, ...] | None) -> tuple[Sequence, ...]:
    """Name the channels of an image.

    Parameters
    ----------
    count : int
        Channels of the image.
    channels : tuple of str or None
        The user's word; by default 1 channel is FLAIR and 3 are pre-contrast, FLAIR, post-contrast.

    Raises
    ------
    InputError
        If the user named another number of channels, or nobody knows what the channels are.
    """
    if channels is not None:
        if len(channels) != count:
            raise InputError(
                f"channels must name each of the image's channels, received {len(channels)} names "
                f"({', '.join(channels)}) for {count} channels"
            )
        return channels
    if count == 1:
        return ("flair",)
    if count == len(SEQUENCES):
        return SEQUENCES
    raise InputError(f"an image must have 1 or 3 channels, received {count}")


def all_channels_equal(pages: list[NDArray[Any]]) -> bool:
    """Whether every page is a grey image stored in three equal channels.

    Parameters
    ----------
    pages : list of ndarray, shape (row, column, channel)
    """
    return all(
        page.shape[2] == 3
        and np.array_equal(page[:, :, 0], page[:, :, 1])
        and np.array_equal(page[:, :, 0], page[:, :, 2])
        for page in pages
    )
