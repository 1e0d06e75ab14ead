"""Secrets taken out of everything that comes from an endpoint: some of them quote the key that they were given."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"

_SHORTEST = 8
"""Keys of fewer characters are words such as ``none``, which local servers are given: no secret, and found in prose."""

_WORD = re.compile(r"[^\s\"'`,;()<>\[\]{}]+")


class Redactor:
    """Takes secrets out of texts. Shows none of them itself."""

    __slots__ = ("_fragments", "_secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted({each for each in secrets if len(each) >= _SHORTEST}, key=len, reverse=True))
        self._fragments = frozenset(
            secret[start : start + _SHORTEST]
            for secret in self._secrets
            for start in range(len(secret) - _SHORTEST + 1)
        )

    def exact(self, text: str) -> str:
        """``text`` without any secret in its whole length: for an answer, of which nothing else may change."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def clause(self, text: str) -> str:
        """``text`` without any word that holds as much as eight characters of a secret: for messages, which may quote
        a part of it.
        """
        if not self._secrets:
            return text
        return _WORD.sub(lambda word: MASK if self._betrays(word[0]) else word[0], text)

    def _betrays(self, word: str) -> bool:
        return any(word[start : start + _SHORTEST] in self._fragments for start in range(len(word) - _SHORTEST + 1))
