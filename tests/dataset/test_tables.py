from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.dataset.layout import measure_patient, patients
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import SIDES, Split
from gliascope.dataset.tables import training_table, write_tables
from gliascope.errors import InputError, SplitError

pd = pytest.importorskip("pandas")

MakeSet = Callable[[dict[str, list[int]]], Path]

A, B = "TCGA_CS_1_1", "TCGA_DU_2_1"
SPLIT = Split((A,), (), (B,))


@pytest.fixture
def root(make_set: MakeSet) -> Path:
    return make_set({A: [0, 1, 4], B: [0, 0]})


def test_a_row_is_a_slice_and_no_column_a_patient(root: Path) -> None:
    table = training_table(SPLIT, "train", root)
    assert list(table.columns) == ["image", "mask", "tumour"]
    assert table["image"].tolist() == [f"{A}/{A}_{number}.tif" for number in (1, 2, 3)]
    assert table["mask"].tolist() == [f"{A}/{A}_{number}_mask.tif" for number in (1, 2, 3)]
    assert all((root / one).is_file() for column in ("image", "mask") for one in table[column])


def test_the_label_is_a_category_of_strings(root: Path) -> None:
    label = training_table(SPLIT, "train", root)["tumour"]
    assert isinstance(label.dtype, pd.CategoricalDtype)
    assert list(label.cat.categories) == ["no tumour", "tumour"]
    assert label.tolist() == ["no tumour", "tumour", "tumour"]
    assert list(training_table(SPLIT, "test", root)["tumour"].cat.categories) == ["no tumour", "tumour"]


def test_a_side_by_slice_lists_its_slices(root: Path) -> None:
    split = Split((f"{A}/{A}_1.tif",), (), (f"{A}/{A}_3.tif", f"{B}/{B}_1.tif"), "slice")
    assert training_table(split, "test", root.parent)["image"].tolist() == [
        f"kaggle_3m/{A}/{A}_3.tif",
        f"kaggle_3m/{B}/{B}_1.tif",
    ]


def test_files_of_tables_say_the_same(root: Path, tmp_path: Path) -> None:
    measured = [measure_patient(one) for one in patients(root)]
    written = write_tables(SPLIT, measured, root, tmp_path / "deep" / "tables")
    assert [one.name for one in written] == ["train.csv", "validation.csv", "test.csv"]
    for side, path in zip(SIDES, written, strict=True):
        if getattr(SPLIT, side):
            assert pd.read_csv(path).equals(training_table(SPLIT, side, root).astype({"tumour": "str"}))
    assert written[1].read_text(encoding="utf-8") == "image,mask,tumour\n"


def test_another_file_is_replaced_only_when_told(root: Path, tmp_path: Path) -> None:
    measured = [measure_patient(one) for one in patients(root)]
    write_tables(SPLIT, measured, root, tmp_path)
    write_tables(SPLIT, measured, root, tmp_path, replace=False)
    (tmp_path / "test.csv").write_text("mine\n", encoding="utf-8")
    other = Split((B,), (), (A,))
    with pytest.raises(InputError, match=r"train\.csv: a table must not replace another file unless told to"):
        write_tables(other, measured, root, tmp_path, replace=False)
    assert (tmp_path / "test.csv").read_text(encoding="utf-8") == "mine\n"
    write_tables(other, measured, root, tmp_path)
    assert A in (tmp_path / "test.csv").read_text(encoding="utf-8")


def test_a_slice_without_a_mask_is_refused(root: Path) -> None:
    (root / B / f"{B}_2_mask.tif").unlink()
    assert len(side_patients(SPLIT, "test", root)[0].files.images) == 2
    with pytest.raises(InputError, match=rf"{B}_2\.tif: a training slice must have a mask, received none"):
        training_table(SPLIT, "test", root)


def test_an_empty_side_is_refused(root: Path) -> None:
    with pytest.raises(SplitError, match="must have patients, received none"):
        training_table(SPLIT, "validation", root)


@pytest.mark.train
def test_keras_takes_the_table_as_it_is(root: Path) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    table = training_table(SPLIT, "train", root)
    batches = tensorflow.keras.preprocessing.image.ImageDataGenerator().flow_from_dataframe(
        table,
        directory=root,
        x_col="image",
        y_col="tumour",
        target_size=(8, 8),
        class_mode="categorical",
        shuffle=False,
    )
    assert batches.class_indices == {"no tumour": 0, "tumour": 1}
    images, labels = next(batches)
    assert images.shape == (3, 8, 8, 3)
    assert labels.tolist() == [[1, 0], [0, 1], [0, 1]]
