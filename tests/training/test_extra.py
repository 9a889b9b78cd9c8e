from __future__ import annotations

import sys

import pytest

from gliascope.errors import GliascopeError, MissingExtra
from gliascope.training.extra import require_training


def test_a_missing_extra_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtra, match=r'^gliascope train needs .* pip install "gliascope\[train\]"$') as raised:
        require_training("gliascope train")
    assert isinstance(raised.value, GliascopeError)
    assert isinstance(raised.value, ImportError)


@pytest.mark.train
def test_other_packages_are_asked_for_too() -> None:
    pytest.importorskip("keras")
    require_training("gliascope train", "json")
    with pytest.raises(MissingExtra, match="no_such_package"):
        require_training("gliascope train", "json", "no_such_package")
