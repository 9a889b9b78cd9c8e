from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.present.files import replaced


def test_file_is_moved_into_place(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with replaced(path) as temporary:
        temporary.write_text("done", encoding="utf-8")
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".")
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "done"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with replaced(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]
