"""The pinned list of training packages, and how each is downloaded and read.

Packages come by name and version from PyPI (wheels), npm (tarballs) and Debian (source packages,
and binary ones that hold sources: "deb"), through the ordinary clients as this machine has them set
up. Nothing in them is executed.
"""

import fnmatch
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, cast

Registry = Literal["pypi", "npm", "debian", "deb"]

LIST = Path(__file__).with_name("packages.tsv")

_LARGEST_FILE_BYTES = 400_000
_PERMISSIVE = re.compile(
    r"mit|expat|bsd|apache|isc\b|zlib|bsl-1|boost|psf|python|unlicense|public.domain|postgresql"
    r"|cc0|0bsd|ncsa|zpl|x11|hpnd|libpng|curl|wtfpl|ruby|tcl|permissive|blueoak|afl",
    re.IGNORECASE,
)
_COPYLEFT = re.compile(r"gpl|mpl|epl|cddl|cecill|eupl|osl|proprietary|cc-by-(nc|sa)", re.IGNORECASE)


_INSTALLED = re.compile(
    r"^\./usr/(share/(cargo/registry|gocode/src|php|nodejs|lua/5\.\d|rubygems-integration/\w+/gems"
    r"|ruby)|lib/(ruby/vendor_ruby|python3/dist-packages|\w+)|include)/"
)


class PackageError(Exception):
    """A package could not be downloaded or read."""


@dataclass(frozen=True, slots=True)
class Package:
    """One line of the list."""

    registry: Registry
    name: str
    version: str
    licence: str

    @property
    def key(self) -> str:
        """Name of the package's files in the work folder."""
        return f"{self.registry}-{self.name.replace('/', '+')}"


def read_list(path: Path = LIST) -> list[Package]:
    """Read the pinned list: registry, name, version, licence, separated by tabs."""
    rows = [line.split("\t") for line in path.read_text().splitlines()[1:]]
    return [Package(cast(Registry, row[0]), row[1], row[2], row[3]) for row in rows]


def is_permissive(licence: str) -> bool:
    """Tell whether code under a licence may be trained on; of alternatives, one suffices."""
    alternatives = re.split(r"\s+or\s+|\||/", licence, flags=re.IGNORECASE)
    return any(_PERMISSIVE.search(one) and not _COPYLEFT.search(one) for one in alternatives)


# ---------------------------------------------------------------- download


def download(package: Package, archives: Path) -> Path:
    """Fetch a package into its folder below `archives`; one that is there already is kept.

    Raises
    ------
    PackageError
        The registry does not serve this name and version (any more).
    """
    target = archives / package.key
    if target.exists():
        return target
    archives.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archives) as scratch:
        into = Path(scratch) / "files"
        into.mkdir()
        fetch: Callable[[Package, Path], None] = {
            "pypi": _fetch_wheel,
            "npm": _fetch_npm,
            "debian": _fetch_debian_source,
            "deb": _fetch_debian_binary,
        }[package.registry]
        fetch(package, into)
        into.rename(target)
    return target


def _run(command: list[str], into: Path, **environment: str) -> None:
    done = subprocess.run(
        command, cwd=into, env=os.environ | environment, capture_output=True, text=True
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PackageError(f"{' '.join(command[-2:])}: {reason}")


def _fetch_wheel(package: Package, into: Path) -> None:
    pin = f"{package.name}=={package.version}" if package.version else package.name
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."]
    _run([sys.executable, "-m", "pip", "download", *options, pin], into)


def _fetch_npm(package: Package, into: Path) -> None:
    pin = f"{package.name}@{package.version}" if package.version else package.name
    _run(["npm", "pack", "--silent", "--ignore-scripts", pin], into)


def _fetch_debian_source(package: Package, into: Path) -> None:
    pin = f"{package.name}={package.version}" if package.version else package.name
    _run(["apt-get", "source", "--download-only", "--only-source", pin], into)


def _fetch_debian_binary(package: Package, into: Path) -> None:
    pin = f"{package.name}={package.version}" if package.version else package.name
    _run(["apt-get", "download", pin], into)


def debian_source_lists(folder: Path) -> str:
    """Set up a private package list with this machine's own Debian mirrors, for sources.

    Returns the path of an apt configuration file, to be named in ``APT_CONFIG``.
    """
    parts = folder / "sources"
    for needed in (parts, folder / "lists" / "partial", folder / "cache" / "archives" / "partial"):
        needed.mkdir(parents=True, exist_ok=True)
    for entry in Path("/etc/apt/sources.list.d").glob("*.sources"):
        text = entry.read_text()
        (parts / entry.name).write_text(re.sub(r"(?m)^Types: deb\b.*$", "Types: deb deb-src", text))
    for entry in Path("/etc/apt").glob("sources.list"):
        text = entry.read_text()
        sources = re.sub(r"(?m)^deb\s", "deb-src ", text)
        (parts / "machine.list").write_text(f"{text}\n{sources}")
    configuration = folder / "apt.conf"
    configuration.write_text(
        'Dir::Etc::sourcelist "/nonexistent";\n'
        f'Dir::Etc::sourceparts "{parts}";\n'
        f'Dir::State::lists "{folder}/lists";\n'
        f'Dir::Cache "{folder}/cache";\n'
    )
    _run(["apt-get", "update", "--quiet"], folder, APT_CONFIG=str(configuration))
    return str(configuration)


# ---------------------------------------------------------------- reading


def read_files(folder: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Give path and content of the wanted files of a downloaded package, in the archive's order.

    Files that a Debian package's copyright file puts under a licence that is not permissive are
    left out.
    """
    copyright_text = debian_copyright(folder)
    forbidden = _forbidden_patterns(copyright_text) if copyright_text else None
    for archive in sorted(folder.iterdir()):
        for path, size, read in _members(archive):
            if size > _LARGEST_FILE_BYTES or not wanted(path):
                continue
            if forbidden and forbidden.match(path):
                continue
            yield path, read()


def _members(archive: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Give path (without the archive's own top folder), size and reader of each file."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.infolist():
                if not entry.is_dir():
                    yield entry.filename, entry.file_size, partial(wheel.read, entry)
    elif archive.suffix == ".deb":
        unpacked = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", archive], capture_output=True, check=True
        )
        with tarfile.open(fileobj=io.BytesIO(unpacked.stdout)) as tar:
            for member in tar:
                if member.isfile():
                    path = _INSTALLED.sub("", member.name)
                    yield path, member.size, partial(_extract, tar, member)
    elif ".tar." in archive.name or archive.suffix == ".tgz":
        if ".debian.tar." in archive.name or archive.name.endswith(".asc"):
            return
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile():
                    path = member.name.removeprefix("./").partition("/")[2]
                    yield path, member.size, partial(_extract, tar, member)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    return file.read() if file else b""


def debian_copyright(folder: Path) -> str:
    """Give the copyright file of a Debian package; empty where it is none of Debian's."""
    for archive in folder.glob("*.deb"):
        for path, _, read in _members(archive):
            if path.endswith("/copyright"):
                return read().decode("utf-8", "replace")
    for archive in sorted(folder.glob("*.tar.*"), key=lambda p: ".debian." not in p.name):
        if archive.name.endswith(".asc"):
            continue
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and re.fullmatch(r"(\./|[^/]*/)?debian/copyright", member.name):
                    return _extract(tar, member).decode("utf-8", "replace")
    return ""


def debian_stanzas(copyright_text: str) -> list[tuple[list[str], str]]:
    """Give the file patterns and the short licence of each stanza of a copyright file (DEP 5)."""
    stanzas = []
    for block in re.split(r"\n\s*\n", copyright_text):
        files = re.search(r"(?m)^Files:\s*((?:.*)(?:\n[ \t].*)*)", block)
        licence = re.search(r"(?m)^License:[ \t]*(.*)", block)
        if files and licence:
            stanzas.append((files.group(1).split(), licence.group(1).strip()))
    return stanzas


def _forbidden_patterns(copyright_text: str) -> re.Pattern[str] | None:
    patterns = [
        fnmatch.translate(pattern)
        for files, licence in debian_stanzas(copyright_text)
        if not is_permissive(licence)
        for pattern in files
        if not pattern.startswith("debian/")
    ]
    return re.compile("|".join(patterns)) if patterns else None


def remove(folder: Path) -> None:
    """Delete a package's archives."""
    shutil.rmtree(folder, ignore_errors=True)
