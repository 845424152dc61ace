"""Cursors: where the next page of an answer begins, as an opaque string.

A cursor belongs to one question. It is refused for any other, and after any change to its
characters, so that a page is never taken from the wrong answer. An answer whose order can change
with the index (a ranking) also binds the cursor to the generation; one in path order need not, and
its cursors outlive a re-index.
"""

import base64
import binascii
import hashlib
from typing import TypeVar

import msgspec

from codeintel.errors import InvalidCursorError

_DIGEST_BYTES = 8
_T = TypeVar("_T")


def encode_cursor(query: object, position: object, *, generation: int = 0) -> str:
    """Make the cursor of the page that follows `position`.

    Parameters
    ----------
    query
        Everything that decides the answer except the page: strings, numbers, structs, tuples.
    position
        What `decode_cursor` gives back; tuples come back as lists.
    generation
        The generation that the answer's order depends on; 0 where it depends on none.
    """
    payload = msgspec.msgpack.encode([generation, position])
    return base64.urlsafe_b64encode(_digest(query, payload) + payload).decode().rstrip("=")


def decode_cursor(cursor: str, query: object, type_: type[_T], *, generation: int = 0) -> _T:
    """Give the position of a cursor that was made for the same question.

    Raises
    ------
    InvalidCursorError
        It was not issued here, was changed, belongs to another question, or the index has a newer
        generation than it was made for.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid(cursor, "is no cursor of this server") from None
    digest, payload = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    if digest != _digest(query, payload):
        raise _invalid(cursor, "was changed, or belongs to another question")
    made_for, position = msgspec.msgpack.decode(payload)
    if made_for != generation:
        raise _invalid(cursor, f"speaks of index generation {made_for}, now it is {generation}")
    return msgspec.convert(position, type_)


def _digest(query: object, payload: bytes) -> bytes:
    """Tie a payload to its question."""
    encoded = msgspec.msgpack.encode(query)
    sealed = len(encoded).to_bytes(8, "big") + encoded + payload
    return hashlib.blake2b(sealed, digest_size=_DIGEST_BYTES, person=b"cursor").digest()


def _invalid(cursor: str, why: str) -> InvalidCursorError:
    """Say what is wrong with a cursor, without repeating a long one."""
    shown = cursor if len(cursor) <= 40 else f"{cursor[:40]}…"
    return InvalidCursorError(
        f"The cursor '{shown}' {why}.",
        cure="Ask again without a cursor, and with the same arguments on every page.",
    )
