"""The pinned list, licences, and reading of packages."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from training.contamination import EVALUATION_NAMES, is_suspicious
from training.packages import debian_stanzas, is_permissive, read_files, read_list

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2020 A
License: Expat

Files: lib/borrowed/*
 extra.py
Copyright: 2019 B
License: GPL-2+
"""


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def test_every_listed_package_is_pinned_permissive_and_listed_once() -> None:
    packages = read_list()
    assert len(packages) > 1000
    assert len({package.key for package in packages}) == len(packages)
    for package in packages:
        assert package.version
        assert package.registry in {"pypi", "npm", "debian", "deb"}
        assert is_permissive(package.licence), package


def test_no_listed_package_is_an_evaluation_repository() -> None:
    prefixes = ("golang-", "rust-", "haskell-", "ruby-", "php-", "lua-", "node-", "librust-")
    for package in read_list():
        name = package.name.rpartition("/")[2].removesuffix("-dev").lower()
        for prefix in prefixes:
            name = name.removeprefix(prefix)
        assert name not in EVALUATION_NAMES, package


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("BSD-3-clause", True),
        ("GPL-2+", False),
        ("LGPL-2.1", False),
        ("MPL-2.0 AND MIT", False),
        ("GPL-2 or Ruby", True),
        ("MIT/X11", True),
        ("", False),
    ],
)
def test_of_alternative_licences_one_permissive_is_enough(licence: str, expected: bool) -> None:
    assert is_permissive(licence) is expected


def test_a_copyright_file_is_read_by_stanza() -> None:
    assert debian_stanzas(COPYRIGHT) == [
        (["*"], "Expat"),
        (["lib/borrowed/*", "extra.py"], "GPL-2+"),
    ]


def test_files_under_another_licence_are_left_out(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x_1.orig.tar.gz", "w:gz") as tar:
        for name in ("a.py", "extra.py", "lib/borrowed/b.py", "lib/c.py", "note.txt"):
            add(tar, f"x-1/{name}", name.encode())
    with tarfile.open(tmp_path / "x_1-1.debian.tar.xz", "w:xz") as tar:
        add(tar, "debian/copyright", COPYRIGHT.encode())
    files = dict(read_files(tmp_path, lambda path: path.endswith(".py")))
    assert files == {"a.py": b"a.py", "lib/c.py": b"lib/c.py"}


def test_a_wheel_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("x/a.py", "a = 1")
        wheel.writestr("x/data.bin", "0")
    assert list(read_files(tmp_path, lambda path: path.endswith(".py"))) == [("x/a.py", b"a = 1")]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/server/queue.py", False),
        ("src/vendor/six.py", True),
        ("third_party/json/json.hpp", True),
        ("include/fmt/format.h", True),
        ("pip/requests/api.py", True),
        ("lib/requests_cache.py", True),
        ("src/redistribute.c", False),
        ("node_modules/axios/index.js", True),
    ],
)
def test_vendored_code_and_copies_are_known_by_their_path(path: str, expected: bool) -> None:
    assert is_suspicious(path) is expected
