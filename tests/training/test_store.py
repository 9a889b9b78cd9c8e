from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.split import Split, load_split
from gliascope.recipe import Preparation
from gliascope.training import store
from gliascope.training.run import load_tables
from gliascope.training.table import SliceTable, load_table

pytestmark = pytest.mark.train

PREPARATION = Preparation(size=32)


def test_tables_from_the_store_are_those_that_are_read(phantoms: Any) -> None:
    split = load_split(phantoms.split)
    shared, read = (
        store.TableStore(phantoms.data, PREPARATION).tables(split),
        load_tables(phantoms.data, split, PREPARATION),
    )
    for ours, theirs in ((shared.train, read.train), (shared.validation, read.validation)):
        for name in ("images", "masks", "labels"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
        for mine, other in zip(ours.patients, theirs.patients, strict=True):
            assert (mine.name, mine.rows, mine.inverse, mine.hashes) == (
                other.name,
                other.rows,
                other.inverse,
                other.hashes,
            )
            np.testing.assert_array_equal(mine.truth, other.truth)


def test_every_patient_is_read_once_and_the_test_side_never(phantoms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    split = load_split(phantoms.split)
    turned = Split(train=split.validation, validation=split.train, test=split.test)
    read: list[str] = []

    def counted(folders: Iterable[PatientFolder], preparation: Preparation) -> SliceTable:
        some = list(folders)
        read.extend(one.name for one in some)
        return load_table(some, preparation)

    monkeypatch.setattr(store, "load_table", counted)
    shared = store.TableStore(phantoms.data, PREPARATION)
    first, second = shared.tables(split), shared.tables(turned)
    assert sorted(read) == sorted([*split.train, *split.validation])
    np.testing.assert_array_equal(first.train.images, second.validation.images)
