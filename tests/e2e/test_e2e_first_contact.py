"""What goes wrong on a first day: each a clear error with its cure, and nothing lost."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from repositories import SHOP, GitRepository

COMMAND = (sys.executable, "-m", "codeintel.cli.main")


class Shell:
    """Runs command lines as a user with an empty home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "CODEINTEL_WORKERS": "1",
        }

    def run(self, *words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        answer = subprocess.run(
            [*COMMAND, *words],
            cwd=cwd or self.home,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in answer.stderr
        return answer

    def index_folder(self) -> Path:
        (folder,) = (self.home / ".cache" / "codeintel").iterdir()
        return folder


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    home = tmp_path / "home"
    home.mkdir()
    return Shell(home)


@pytest.fixture(scope="module")
def indexed_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, Path]:
    """A shop that is indexed, and who may ask about it but not change it."""
    folder = tmp_path_factory.mktemp("indexed")
    shop = GitRepository(folder / "shop")
    shop.commit(dict(SHOP), "Open the shop")
    shop.write({"logo.png": b"\x89PNG\r\n\x1a\n\0\0\0"})
    (folder / "home").mkdir()
    shell = Shell(folder / "home")
    shell.run("index", shop.path)
    return shell, shop.path


def read_only(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)


def test_a_folder_without_git_is_indexed_with_its_ignore_rules(
    shell: Shell, tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    (folder / "build").mkdir(parents=True)
    (folder / ".gitignore").write_text("build/\n")
    (folder / "app.py").write_text("def greet_everyone():\n    return 'hello'\n")
    (folder / "build" / "out.py").write_text("def greet_nobody():\n    return 0\n")
    answer = shell.run("search", "greet", folder)
    assert answer.returncode == 0
    assert "greet_everyone" in answer.stdout
    assert "greet_nobody" not in answer.stdout
    history = shell.run("history", "app.py", cwd=folder)
    assert history.returncode == 3
    assert history.stderr.startswith("error: ")


def test_a_machine_without_git_still_searches_a_folder(
    shell: Shell, shop: GitRepository, tmp_path: Path
) -> None:
    shell.environment["PATH"] = str(tmp_path)
    answer = shell.run("search", "cart", shop.path)
    assert answer.returncode == 0, answer.stderr
    assert "shop/cart.py" in answer.stdout
    blame = shell.run("blame", "README.md", cwd=shop.path)
    assert blame.returncode == 3
    assert "git" in blame.stderr
    assert "cure: " in blame.stderr


def test_an_empty_repository_says_that_nothing_is_there(
    shell: Shell, repository: GitRepository
) -> None:
    answer = shell.run("search", "anything", repository.path)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "nothing found" in answer.stderr
    history = shell.run("history", ".", cwd=repository.path)
    assert history.returncode == 3
    assert "no commits" in history.stderr


def test_a_repository_without_commits_is_searched(shell: Shell, repository: GitRepository) -> None:
    repository.write({"new.py": "def fresh_start():\n    return 1\n"})
    answer = shell.run("search", "fresh start", repository.path)
    assert answer.returncode == 0
    assert "new.py:1-2" in answer.stdout


def test_a_detached_head_is_searched(shell: Shell, shop: GitRepository) -> None:
    shop.git("checkout", "-q", "--detach")
    assert shell.run("search", "cart", shop.path).returncode == 0
    assert shell.run("blame", "README.md", cwd=shop.path).returncode == 0


def test_a_bare_repository_is_searched_at_head(
    shell: Shell, shop: GitRepository, tmp_path: Path
) -> None:
    subprocess.run(["git", "clone", "-q", "--bare", shop.path, tmp_path / "shop.git"], check=True)
    answer = shell.run("grep", "def retry_request", tmp_path / "shop.git")
    assert answer.returncode == 0, answer.stderr
    assert ":6:def retry_request" in answer.stdout
    shown = shell.run("show", "shop/prices.py:3", "-C", tmp_path / "shop.git")
    assert shown.stdout == "VAT = 0.19\n"


def test_a_subfolder_that_an_outer_repository_ignores_is_a_folder_of_its_own(
    shell: Shell, shop: GitRepository
) -> None:
    shop.write(
        {".gitignore": "vendored/\n", "vendored/lib.py": "def vendored_thing():\n    pass\n"}
    )
    assert shell.run("grep", "-l", "vendored_thing", shop.path).returncode == 1
    answer = shell.run("grep", "-l", "vendored_thing", "vendored", cwd=shop.path)
    assert answer.stdout == "vendored/lib.py\n"


@pytest.mark.parametrize("path", ["../outside.txt", "/etc/hostname", "link.txt", ".git/config"])
def test_what_lies_outside_of_the_repository_is_not_shown(
    shell: Shell, shop: GitRepository, path: str
) -> None:
    (shop.path.parent / "outside.txt").write_text("secret words\n")
    (shop.path / "link.txt").symlink_to("../outside.txt")
    answer = shell.run("show", path, cwd=shop.path)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "error: " in answer.stderr


def test_a_killed_run_leaves_the_old_index_answering(shell: Shell, shop: GitRepository) -> None:
    assert shell.run("index", shop.path).returncode == 0
    shop.write({f"many/file{n}.py": f"def number_{n}():\n    return {n}\n" for n in range(400)})
    for delay_s in (0.3, 0.6, 0.9):
        process = subprocess.Popen(
            [*COMMAND, "index", shop.path],
            env=shell.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(delay_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        status = json.loads(shell.run("status", shop.path, "--json").stdout)["repositories"][0]
        assert status["phase"] == "ready"
        assert status["n_files"] in (6, 406)
    answer = shell.run("grep", "-c", "def number_", shop.path)
    assert answer.returncode == 0
    assert len(answer.stdout.splitlines()) == 400
    assert shell.run("doctor", shop.path).returncode == 0


def test_two_runs_at_once_do_not_disturb_each_other(shell: Shell, shop: GitRepository) -> None:
    shop.write({f"many/file{n}.py": f"def number_{n}():\n    return {n}\n" for n in range(200)})
    runs = [
        subprocess.Popen(
            [*COMMAND, "index", shop.path],
            env=shell.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outcomes = sorted((run.wait(), run.communicate()[1]) for run in runs)
    assert outcomes[0][0] == 0
    if outcomes[1][0]:
        assert outcomes[1][0] == 3
        assert "Another process is writing this index" in outcomes[1][1]
    assert shell.run("doctor", shop.path).returncode == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_index_that_cannot_be_written_still_answers(shell: Shell, shop: GitRepository) -> None:
    shell.run("index", shop.path)
    shop.write({"new.py": "x = 1\n"})
    read_only(shell.index_folder())
    answer = shell.run("search", "cart", shop.path)
    assert answer.returncode == 0
    assert "not brought up to date" in answer.stderr


def test_an_index_folder_that_cannot_be_made_is_named_with_the_cure(
    shell: Shell, shop: GitRepository, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    shell.environment["CODEINTEL_INDEX_DIR"] = str(tmp_path / "file" / "below")
    answer = shell.run("search", "cart", shop.path)
    assert answer.returncode == 3, answer.stderr
    assert str(tmp_path / "file") in answer.stderr
    assert "cure: " in answer.stderr


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="needs a small file system")
def test_a_full_disk_is_named_and_nothing_is_lost(shell: Shell, shop: GitRepository) -> None:
    shell.run("index", shop.path)
    shop.write({f"many/f{n}.py": f"def number_{n}():\n    return {n}\n" * 40 for n in range(60)})
    limited = subprocess.run(
        ["bash", "-c", 'ulimit -f 64; exec "$@"', "bash", *COMMAND, "index", shop.path],
        env=shell.environment,
        capture_output=True,
        text=True,
    )
    assert limited.returncode != 0
    assert "Traceback" not in limited.stderr
    status = json.loads(shell.run("status", shop.path, "--json").stdout)["repositories"][0]
    assert (status["phase"], status["n_files"]) == ("ready", 6)
    assert shell.run("index", shop.path).returncode == 0


def test_a_truncated_index_is_named_and_built_anew(shell: Shell, shop: GitRepository) -> None:
    shell.run("index", shop.path)
    for file in (shell.index_folder() / "generations").rglob("*"):
        if file.is_file():
            os.truncate(file, file.stat().st_size // 2)
    answer = shell.run("search", "cart", shop.path)
    assert answer.returncode == 0
    assert "The index file '" in answer.stderr
    assert "indexed anew" in answer.stderr
    assert shell.run("doctor", shop.path).returncode == 0


def test_an_index_of_a_newer_version_is_left_alone(shell: Shell, shop: GitRepository) -> None:
    shell.run("index", shop.path)
    manifest = shell.index_folder() / "manifest.json"
    facts = json.loads(manifest.read_text()) | {"format_version": 99}
    manifest.write_text(json.dumps(facts))
    for command in ("search", "index"):
        words = (command, "cart", shop.path) if command == "search" else (command, shop.path)
        answer = shell.run(*words)
        assert answer.returncode == 3
        assert "format 99" in answer.stderr
    assert json.loads(manifest.read_text()) == facts


@pytest.mark.parametrize("version", [0, "one"])
def test_an_index_of_an_older_version_is_named_and_built_anew(
    shell: Shell, shop: GitRepository, version: object
) -> None:
    shell.run("index", shop.path)
    manifest = shell.index_folder() / "manifest.json"
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(facts | {"format_version": version}))
    answer = shell.run("search", "cart", shop.path)
    assert answer.returncode == 0
    assert f"The index has format {version}; this CodeIntel reads" in answer.stderr
    assert "indexed anew" in answer.stderr
    assert json.loads(manifest.read_text())["format_version"] == facts["format_version"]


def test_a_removed_index_is_built_again(shell: Shell, shop: GitRepository) -> None:
    shell.run("index", shop.path)
    shutil.rmtree(shell.index_folder())
    assert shell.run("search", "cart", shop.path).returncode == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("search", ""), "empty"),
        (("search", "x" * 100_000), "at most 10000"),
        (("grep", "("), "("),
        (("grep", "a", "-g", "[z-a]"), "[z-a]"),
        (("show", "shop/cart.py:900"), "900"),
        (("show", "shop/cart.py:9-2"), "9"),
        (("show", "logo.png"), "logo.png"),
        (("show", "shop/crat.py"), "nearest: shop/cart.py"),
        (("show", "README.md", "--ref", "nosuchbranch"), "nosuchbranch"),
        (("blame", "shop/cart.py:900"), "900"),
        (("history", "nosuch.py"), "nosuch.py"),
        (("search", "a", "nosuchfolder"), "nosuchfolder"),
        (("search", "a", "--cursor", "rubbish"), "cursor"),
        (("files", "-t", "pyhton"), "nearest: python"),
        (("definition", "nosuchsymbol"), "nosuchsymbol"),
        (("definition", "shop/cart.py:900:1"), "900"),
    ],
)
def test_a_bad_argument_is_named(
    indexed_shop: tuple[Shell, Path], words: tuple[str, ...], complaint: str
) -> None:
    shell, folder = indexed_shop
    answer = shell.run(*words, cwd=folder)
    assert answer.returncode == 2, answer.stdout + answer.stderr
    assert answer.stdout == ""
    assert complaint in answer.stderr
    assert len(answer.stderr) < 1000
