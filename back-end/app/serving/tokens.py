"""Tokens of lists: what an event hands back, so that it is known which list it answers."""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from hmac import compare_digest
from uuid import UUID

from marquee.domain.errors import InvalidInput

LONGEST = 200  # characters

_SIGNATURE_BYTES = 16
_LIST = struct.Struct(">16sI")  # request id, model version


@dataclass(frozen=True, slots=True)
class Attribution:
    """The list that an event answers.

    Attributes:
        request_id: of the request that made it.
        model_version: None where no model served.
        variant: of the deployment.
    """

    request_id: UUID
    model_version: int | None
    variant: str


class Tokens:
    """Makes and reads tokens. They are signed, not secret: nobody can make one for a list there never was.

    A token is base64url, unpadded, of: request id (16 bytes), model version (4, 0 for none), variant
    (UTF-8), and the first 16 bytes of all that under BLAKE2b with a key of their own.

    Args:
        key: of the sessions; every worker and replica has the same. Theirs is derived from it.
    """

    def __init__(self, key: str) -> None:
        derived = blake2b(key.encode(), digest_size=32, person=b"marquee lists").digest()
        self._keyed = blake2b(key=derived, digest_size=_SIGNATURE_BYTES)

    def make(self, request_id: str, version: int | None, variant: str) -> str:
        """The token of a list.

        Args:
            request_id: a UUID, as the request carries it: 36 characters.
            version: the model's; None where no model served.
        """
        number = bytes.fromhex(request_id.replace("-", ""))
        content = _LIST.pack(number, version or 0) + _encoded(variant)
        return urlsafe_b64encode(content + self._signature(content)).rstrip(b"=").decode()

    def read(self, token: str) -> Attribution:
        """What a token says; raises InvalidInput when it is not one that this platform made."""
        content = self._checked(token)
        number, version = _LIST.unpack_from(content)
        return Attribution(UUID(bytes=number), version or None, content[_LIST.size :].decode())

    def _checked(self, token: str) -> bytes:
        try:
            raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:  # not ASCII, or not of base64's lengths
            raise _refused() from None
        content, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
        if len(content) < _LIST.size or not compare_digest(signature, self._signature(content)):
            raise _refused()
        if urlsafe_b64encode(raw).rstrip(b"=") != token.encode():  # base64 has other spellings of the same
            raise _refused()
        return content

    def _signature(self, content: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(content)
        return keyed.digest()


@cache
def _encoded(variant: str) -> bytes:
    return variant.encode()


def _refused() -> InvalidInput:
    return InvalidInput(
        "The token is not one that a list of this platform carried.",
        hint="Send it as the list had it, or leave it out.",
    )
