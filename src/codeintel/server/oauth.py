"""OAuth 2.1 resource server: access tokens that an authorization server has signed (JWT)."""

import asyncio
import hashlib
import logging
import time
import urllib.request
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec

from codeintel.errors import ConfigurationError
from codeintel.server.auth import Principal

logger = logging.getLogger(__name__)

METADATA_PATH = "/.well-known/oauth-protected-resource"
# Only public-key signatures: with a shared secret the server could make tokens itself.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
_REQUIRED = ["exp", "iss", "aud", "sub"]
_FETCH_TIMEOUT_S = 10.0
# An unknown key may be a new one, or an attempt to make the server ask all the time.
_MIN_REFRESH_S = 60.0
_MAX_KEY_AGE_S = 3600.0
_MAX_REMEMBERED = 10_000
# The clocks of two machines differ, and are set while they run.
_LEEWAY_S = 60.0


@dataclass(frozen=True, slots=True)
class OAuthOptions:
    """Whose tokens are accepted.

    Attributes
    ----------
    issuer
        The authorization server, as tokens name it in ``iss``.
    resource
        The URL of this server's ``/mcp``, as tokens name it in ``aud``.
    jwks_url
        Where the authorization server publishes its keys.
    repos_claim
        Claim that lists the repositories that a token opens, ``*`` for all; a token without it
        opens none.
    """

    issuer: str
    resource: str
    jwks_url: str
    repos_claim: str = "codeintel_repos"

    def __post_init__(self) -> None:
        for name in ("issuer", "resource", "jwks_url"):
            url = urlsplit(getattr(self, name))
            local = url.scheme == "http" and url.hostname in {"127.0.0.1", "localhost"}
            if not url.netloc or not (url.scheme == "https" or local):
                raise ConfigurationError(
                    f"The OAuth {name} is {url.geturl()!r}.", cure="It must be an https:// URL."
                )

    @property
    def metadata_url(self) -> str:
        """Where clients learn who issues tokens (RFC 9728)."""
        url = urlsplit(self.resource)
        return f"{url.scheme}://{url.netloc}{METADATA_PATH}{url.path.rstrip('/')}"

    @property
    def metadata(self) -> dict[str, Any]:
        """What they learn there."""
        return {
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
        }


class OAuth:
    """Checks access tokens; belongs to one event loop.

    Parameters
    ----------
    fetch
        Gets the key set; runs in a thread.
    """

    def __init__(self, options: OAuthOptions, fetch: Callable[[str], bytes] | None = None) -> None:
        self._options = options
        self._fetch = fetch or _fetch
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()
        # Principals of tokens that were checked, until they expire.
        self._known: OrderedDict[bytes, tuple[float, Principal]] = OrderedDict()

    async def principal(self, token: bytes) -> Principal | None:
        """Give the principal of a token that is valid now; None for any other."""
        digest = hashlib.sha256(token).digest()
        known = self._known.get(digest)
        if known and known[0] > time.time() and not self._are_old():
            return known[1]
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._options.resource,
                issuer=self._options.issuer,
                leeway=_LEEWAY_S,
                options={"require": _REQUIRED},
            )
        except jwt.InvalidTokenError as error:
            logger.info("a token was refused: %s", type(error).__name__)
            return None
        principal = self._principal_of(claims)
        self._known[digest] = float(claims["exp"]) + _LEEWAY_S, principal
        if len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)
        return principal

    def _principal_of(self, claims: dict[str, Any]) -> Principal:
        repos = claims.get(self._options.repos_claim, ())
        names = repos.split() if isinstance(repos, str) else repos
        if not isinstance(names, (list, tuple)):
            names = ()
        everything = "*" in names
        return Principal(str(claims["sub"]), None if everything else frozenset(map(str, names)))

    async def _key(self, key_id: str) -> jwt.PyJWK | None:
        """Give a key, asking for the key set where it is unknown or old."""
        async with self._lock:
            since_s = time.monotonic() - self._fetched_at
            if self._are_old() or (key_id not in self._keys and since_s > _MIN_REFRESH_S):
                await self._refresh()
            return self._keys.get(key_id)

    async def _refresh(self) -> None:
        self._fetched_at = time.monotonic()
        try:
            data = await asyncio.to_thread(self._fetch, self._options.jwks_url)
            key_set = jwt.PyJWKSet.from_dict(msgspec.json.decode(data, type=dict[str, Any]))
        except (OSError, msgspec.DecodeError, jwt.PyJWTError) as error:
            # The keys at hand stay good; without any, every token is refused.
            logger.error("the keys of the authorization server cannot be had: %s", error)
            return
        self._keys = {key.key_id or "": key for key in key_set.keys}
        self._known.clear()

    def _are_old(self) -> bool:
        return time.monotonic() - self._fetched_at > _MAX_KEY_AGE_S


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_FETCH_TIMEOUT_S) as response:  # noqa: S310 - checked above
        data: bytes = response.read(1 << 20)
        return data
