"""Which repositories a command is about."""

from pathlib import Path

import pytest

from codeintel.cli.target import repositories_of
from codeintel.errors import ConfigurationError


def test_a_file_names_repositories_relative_to_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop").mkdir()
    config = tmp_path / "codeintel.toml"
    config.write_text(f'repositories = ["shop", "{tmp_path}", "gone"]')
    assert repositories_of(config) == [str(tmp_path / "shop"), str(tmp_path)]
    assert "gone' is not served" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "repositories", "repositories = 3", "repositories = [3]"])
def test_a_file_that_names_none_is_refused(tmp_path: Path, text: str) -> None:
    config = tmp_path / "codeintel.toml"
    config.write_text(text)
    with pytest.raises(ConfigurationError, match="repositories"):
        repositories_of(config)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="names no repositories"):
        repositories_of(tmp_path / "none.toml")
