"""Who asks, and what they may see."""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codeintel.errors import ConfigurationError

_MIN_TOKEN_CHARS = 16


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone who asks.

    Attributes
    ----------
    repos
        Names of the repositories that exist for this principal; None means all.
    """

    name: str
    repos: frozenset[str] | None = None


LOCAL = Principal("local")


class TokenRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line of the token file: whose token it is, without the token.

    Attributes
    ----------
    sha256
        SHA-256 of the token, hexadecimal. Tokens are long and random, so no slow hash is needed.
    repos
        Names of the repositories that the token opens; None means all.
    """

    name: str
    sha256: str
    repos: tuple[str, ...] | None = None


class Tokens:
    """The bearer tokens that are accepted, known only by their hashes."""

    def __init__(self, records: Iterable[TokenRecord]) -> None:
        self._principals = [
            (
                bytes.fromhex(record.sha256),
                Principal(record.name, None if record.repos is None else frozenset(record.repos)),
            )
            for record in records
        ]

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """Read a token file: a JSON object a line, as `codeintel token` prints it.

        Raises
        ------
        ConfigurationError
            The file cannot be read, or a line is no token record.
        """
        try:
            lines = path.read_bytes().splitlines()
        except OSError as error:
            raise ConfigurationError(
                f"The token file cannot be read: {error.strerror}.",
                cure="Give the path of a file that holds a JSON object a line.",
            ) from error
        try:
            records = [
                msgspec.json.decode(line, type=TokenRecord) for line in lines if line.strip()
            ]
            return cls(records)
        except (msgspec.DecodeError, ValueError) as error:
            raise ConfigurationError(
                f"The token file has a line that is no token record: {error}.",
                cure='A line looks like {"name": "ci", "sha256": "…", "repos": ["app"]}.',
            ) from None

    @classmethod
    def single(cls, token: str) -> "Tokens":
        """Accept one token, for everything.

        Raises
        ------
        ConfigurationError
            The token is too short to be safe.
        """
        if len(token) < _MIN_TOKEN_CHARS:
            raise ConfigurationError(
                f"A token of {len(token)} characters can be guessed.",
                cure=f"Use {_MIN_TOKEN_CHARS} or more random characters.",
            )
        return cls([TokenRecord(name="token", sha256=hash_token(token))])

    def principal(self, token: bytes) -> Principal | None:
        """Give the token's principal; takes equally long whichever token matches."""
        digest = hashlib.sha256(token).digest()
        found = None
        for known, principal in self._principals:
            if hmac.compare_digest(known, digest):
                found = principal
        return found


def hash_token(token: str) -> str:
    """Give what the token file holds instead of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Make a token that nobody can guess."""
    return f"ci_{secrets.token_urlsafe(32)}"
