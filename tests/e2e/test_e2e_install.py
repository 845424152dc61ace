"""What a newcomer does: install the wheel into an empty environment, and run the main job."""

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from repositories import GitRepository

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of this tree, built outside of it."""
    folder = tmp_path_factory.mktemp("built")
    environment = folder / "build"
    venv.create(environment, with_pip=True)
    pip = [environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-q", "build"], check=True)
    subprocess.run(
        [environment / "bin" / "python", "-m", "build", "-o", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return folder


def interpreters() -> list[str]:
    """This interpreter, and those that CODEINTEL_CI_PYTHONS names, parted by colons."""
    named = os.environ.get("CODEINTEL_CI_PYTHONS", "")
    return [sys.executable, *filter(None, named.split(os.pathsep))]


@pytest.fixture(scope="module", params=interpreters())
def installed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, built: Path
) -> Path:
    """The programs' folder of an environment that holds the wheel and what it depends on."""
    environment = tmp_path_factory.mktemp("fresh") / "environment"
    subprocess.run([request.param, "-m", "venv", environment], check=True)
    (wheel,) = built.glob("*.whl")
    # What runs is compiled when it runs; all else need not be.
    install = ("install", "-q", "--no-compile", wheel)
    subprocess.run([environment / "bin" / "pip", *install], check=True)
    return environment / "bin"


def test_the_wheel_has_the_model_the_queries_and_the_types(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "codeintel/py.typed" in names
    assert any(name.startswith("codeintel/embedding/data/") for name in names)
    assert any(name.startswith("codeintel/lang/queries/") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_sdist_has_all_that_its_tests_need(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(tracked) - names <= {".gitignore"}


def test_the_sdist_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    pip = [built / "build" / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path, sdist], check=True)
    (wheel,), (again,) = built.glob("*.whl"), tmp_path.glob("*.whl")
    assert zipfile.ZipFile(again).namelist() == zipfile.ZipFile(wheel).namelist()


def test_a_fresh_installation_indexes_and_answers(
    installed: Path, shop: GitRepository, tmp_path: Path
) -> None:
    environment = {"HOME": str(tmp_path), "PATH": f"{installed}:{os.environ['PATH']}"}
    answer = subprocess.run(
        ["codeintel", "search", "send a request again after a failure", str(shop.path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[0].endswith("retry_request  " + answer.stdout.split()[3])
    doctor = subprocess.run(
        ["codeintel", "doctor", str(shop.path)], env=environment, capture_output=True, text=True
    )
    assert doctor.returncode == 0, doctor.stdout
