"""From the bytes of a file to its text, or to the reason why the file is not indexed."""

import re
from typing import Final

from msgspec import Struct

from codeintel.types import SkippedFile, SkipReason

MAX_SOURCE_BYTES: Final = 4 * 1024 * 1024
"""Larger files are not indexed: the largest source files people write (a whole type checker in
one file) have about 3 MB; beyond that are amalgamations, tables and dumps of seconds each."""

MAX_DATA_BYTES: Final = 512 * 1024
"""The same for pure data formats, where a large file is a fixture or a dump, not something a
person reads."""

_DATA_EXTENSIONS: Final = frozenset(
    "json jsonl ndjson json5 geojson ipynb csv tsv xml svg yaml yml plist po pot dat log sql "
    "har txt".split()
)
_PROSE_EXTENSIONS: Final = frozenset("md markdown mdx rst txt tex adoc asciidoc org".split())

_HEAD_CHARS: Final = 4_000  # markers of generated files stand at the top
_BINARY_HEAD_BYTES: Final = 8_000  # as far as git looks for a NUL byte
_MINIFIED_MEAN_CHARS: Final = 300  # people break lines before; bundlers do not
_MINIFIED_MIN_CHARS: Final = 2_000

_GENERATED_NAMES: Final = frozenset(
    "package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock "
    "cargo.lock poetry.lock uv.lock pdm.lock pipfile.lock pixi.lock composer.lock gemfile.lock "
    "podfile.lock mix.lock flake.lock go.sum go.work.sum packages.lock.json pubspec.lock "
    "gradle.lockfile package.resolved".split()
)
_GENERATED_SUFFIXES: Final = (".map", ".snap", ".min.js", ".min.css", ".min.mjs", ".min.cjs")
_GENERATED = re.compile(
    r"""^[ \t]*(?://|\#|/?\*|--|<!--|;|%|'|\{-|\(\*|\"\"\")   # in a comment at the line's start
    [^\n]*?(?:
        @generated\b
      | <auto-?generated
      | \bgenerated\b[^\n]{0,160}\bdo\ not\ (?:edit|modify|change)
      | \bdo\ not\ (?:edit|modify|change)[^\n]{0,160}\b(?:auto-?)?generated\b
      | \b(?:automatically|auto-?)[ -]?generated\ (?:by|from|file|code|source|using|with)\b
      | \bthis\ (?:file|code|header|module)\ (?:is|was|has\ been)
        \ (?:(?:automatically|auto|machine)[ -]?)?generated\b
    )""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)

_SECRET_NAMES: Final = frozenset(
    "id_rsa id_dsa id_ecdsa id_ed25519 .netrc _netrc .pgpass .htpasswd .pypirc .git-credentials "
    ".dockercfg .s3cfg credentials credentials.json secrets.json secrets.yaml secrets.yml "
    "secrets.toml master.key .vault_pass .aws-credentials service-account.json".split()
)
_SECRET_SUFFIXES: Final = (
    ".pem .ppk .p12 .pfx .jks .keystore .kdbx .tfstate .tfstate.backup .mobileprovision .key"
).split()
_ENV_EXAMPLE = re.compile(r"example|sample|template|dist\b|default|schema|vault|test")
_PRIVATE_KEY = re.compile(r"\s*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")

_BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f]")


class SourceText(Struct, frozen=True):
    """The text of a file; `encoding` is the codec that decoded it."""

    text: str
    encoding: str


def split_lines(text: str) -> list[str]:
    r"""The lines of a file, ended by ``\n`` alone as git and grep count them, without the end."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


def read_source(path: str, data: bytes) -> SourceText | SkippedFile:
    """Decode a file, or say why it is not indexed.

    Parameters
    ----------
    path
        Relative to the repository; names tell secrets and lock files.
    data
        The whole file.
    """
    skipped = _skip_by_name(path, data)
    if skipped is not None:
        return SkippedFile(path, *skipped)
    decoded = decode(data)
    if isinstance(decoded, tuple):
        return SkippedFile(path, *decoded)
    skipped = _skip_by_text(path, decoded.text)
    return decoded if skipped is None else SkippedFile(path, *skipped)


def _skip_by_name(path: str, data: bytes) -> tuple[SkipReason, str] | None:
    """What name and size already tell."""
    name = path.rpartition("/")[2].lower()
    secret = secret_name(name)
    if secret:
        return SkipReason.SECRET, secret
    if not data:
        return SkipReason.EMPTY, "0 bytes"
    limit = MAX_DATA_BYTES if _extension(name) in _DATA_EXTENSIONS else MAX_SOURCE_BYTES
    if name in _GENERATED_NAMES or name.endswith(_GENERATED_SUFFIXES):
        return SkipReason.GENERATED, f"written by a tool, by its name {name}"
    if len(data) > limit:
        return SkipReason.TOO_LARGE, f"{len(data):,} bytes; the limit is {limit:,}"
    return None


def secret_name(name: str) -> str:
    """Why a file name (lower case) looks like a secret; empty where it does not."""
    if name in _SECRET_NAMES or name.endswith(tuple(_SECRET_SUFFIXES)):
        return f"files named like {name} hold keys or passwords"
    env = name == ".env" or name.startswith(".env.") or name.endswith(".env")
    if env and not _ENV_EXAMPLE.search(name):
        return f"{name} holds the settings of one machine, often passwords"
    return ""


def decode(data: bytes) -> SourceText | tuple[SkipReason, str]:
    """Decode by byte order mark, UTF-8 or a Western encoding; else say why it is no text."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return SourceText(data.decode(encoding), encoding)
            except UnicodeDecodeError as error:
                return SkipReason.UNDECODABLE, f"marked as {encoding}, but {error.reason}"
    nul = data.find(b"\0")
    if nul >= 0:
        return SkipReason.BINARY, f"NUL byte at offset {nul}"
    try:
        return SourceText(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        western = _western(data)
        if western is not None:
            return SourceText(western, "cp1252")
        if _CONTROL.search(data[:_BINARY_HEAD_BYTES].decode("ascii", "ignore")):
            return SkipReason.BINARY, "control bytes and no known encoding"
        return SkipReason.UNDECODABLE, f"not UTF-8: {error.reason} at offset {error.start}"


def _western(data: bytes) -> str | None:
    """The text as Windows-1252, where it reads like one.

    Accented letters stand alone between ASCII ones; in Cyrillic or East Asian encodings bytes
    above 127 follow each other, and such a file would be decoded to nonsense.
    """
    high = sum(map(len, runs := re.findall(rb"[\x80-\xff]+", data)))
    if high > 2 * len(runs) or high * 4 > len(data):
        return None
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _skip_by_text(path: str, text: str) -> tuple[SkipReason, str] | None:
    """What only the text tells."""
    if not text.strip("\ufeff \t\r\n\f"):
        return SkipReason.EMPTY, "only white space"
    if _PRIVATE_KEY.match(text):
        return SkipReason.SECRET, "begins with a private key"
    marker = _GENERATED.search(text, 0, _HEAD_CHARS)
    if marker is not None:
        line = text.count("\n", 0, marker.end()) + 1
        return SkipReason.GENERATED, f"line {line} says: {marker[0].strip()[:120]}"
    if _extension(path) not in _PROSE_EXTENSIONS and len(text) >= _MINIFIED_MIN_CHARS:
        mean = len(text) // (text.count("\n") + 1)
        if mean > _MINIFIED_MEAN_CHARS:
            return SkipReason.MINIFIED, f"lines of {mean:,} characters on average"
    return None


def _extension(name: str) -> str:
    """The part after the last dot, lower case."""
    return name.rpartition(".")[2].lower()
