"""Where secrets come from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.archive import Credentials, read_credentials
from gliascope.errors import InputError


def test_from_the_environment() -> None:
    assert not read_credentials(environment={})
    found = read_credentials(environment={"GLIASCOPE_PACS_USER": "a", "GLIASCOPE_PACS_PASSWORD": "b"})
    assert (found.user, found.password, found.token) == ("a", "b", "")
    assert read_credentials(environment={"GLIASCOPE_PACS_TOKEN": "c"}) == Credentials(token="c")
    assert repr(found) == "Credentials()"


@pytest.mark.parametrize(
    "text",
    [
        'user = "u5er"',
        'password = "hush"',
        'user = "u5er"\npassword = "hush"\ntoken = "hush"',
        'token = "hush\\r\\nX-Other: 1"',
        "token = 5",
        'user = "u5e:r"\npassword = "hush"',
        'tokens = "hush"',
        "hush",
        "\x00",
    ],
)
def test_what_does_not_fit_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(InputError) as raised:
        read_credentials(path)
    assert "hush" not in str(raised.value)
    assert "u5e" not in str(raised.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('token = "hush"')
    path.chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        read_credentials(path)
