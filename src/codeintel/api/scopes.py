"""Checks scopes, and gives them as ids that hold them."""

import base64
import binascii
import hashlib
import hmac
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from codeintel.api.scoping import selected
from codeintel.context import ApplicationContext
from codeintel.errors import InvalidScopeError
from codeintel.store.files import storage_errors
from codeintel.types import Scope, ScopeAnswer

LIFETIME = timedelta(days=7)
_SIGNATURE_BYTES = 16
_CURE = "Set the scope again."


def set_scope(context: ApplicationContext, scope: Scope) -> ScopeAnswer:
    """See `CodeIntel.set_scope`."""
    with selected(context, scope) as selections:
        documents = [document for s in selections for document in s.documents]
        if not documents:
            raise InvalidScopeError(
                "The scope selects no file.", cure="A listing of paths shows what there is."
            )
        expires = datetime.now(UTC) + LIFETIME
        return ScopeAnswer(
            scope_id=_seal(_key(context), scope, expires),
            scope=scope,
            n_files=len(documents),
            languages=dict(Counter(document.language for document in documents).most_common()),
            expires=expires.isoformat(timespec="seconds"),
            about=tuple(selection.about() for selection in selections),
        )


def resolve_scope(context: ApplicationContext, scope_id: str) -> Scope:
    """See `CodeIntel.resolve_scope`."""
    try:
        data = base64.urlsafe_b64decode(scope_id + "=" * (-len(scope_id) % 4))
    except (binascii.Error, ValueError):
        data = b""
    signature, payload = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(_key(context), payload)):
        raise InvalidScopeError("The scope id was not issued here.", cure=_CURE)
    expires_s, scope = msgspec.msgpack.decode(payload, type=tuple[int, Scope])
    if expires_s < datetime.now(UTC).timestamp():
        raise InvalidScopeError("The scope id has expired.", cure=_CURE)
    return scope


def _seal(key: bytes, scope: Scope, expires: datetime) -> str:
    """Make the id of a scope: its content and a signature, so that any process can read it."""
    payload = msgspec.msgpack.encode((int(expires.timestamp()), scope))
    return base64.urlsafe_b64encode(_sign(key, payload) + payload).decode().rstrip("=")


def _sign(key: bytes, payload: bytes) -> bytes:
    """Sign a payload."""
    return hmac.new(key, payload, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def _key(context: ApplicationContext) -> bytes:
    """Read the key of all processes that share the index folder, made on first use."""
    path: Path = context.settings.index_dir / "scope.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        with storage_errors(f"'{path}'"):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".scope.{os.getpid()}.key")
            temporary.write_bytes(os.urandom(32))
            temporary.chmod(0o600)
            try:
                os.link(temporary, path)  # the first of several processes wins
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        return path.read_bytes()
