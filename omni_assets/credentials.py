"""Secrets as a process is given them: in a variable, or in a file that the variable of the same name with ``_FILE``
names. And texts without them.

Secrets that are mounted as files stand in no environment that children inherit and tools show.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from omni_assets.errors import SettingsError, reason

IN_FILE = "_FILE"
"""What follows the name of a secret's variable in the name of the one that says which file holds it."""

MASK = "***"

SHORTEST = 8
"""Secrets of fewer characters are words such as ``none``, which local servers are given: found in prose, too."""

_MOST_BYTES = 65_536
_NAMES = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|APIKEY|KEY|KEY_PEM|WEBHOOK|EXPORT_POSTGRES|REDIS_URL|JAAS_CONFIG"
    r"|OAUTHBEARER_CONFIG)$"
)
_USER = re.compile(r"[^\s/,\"'`@]+:[^\s/,\"'`@]*@")
_WORD = re.compile(r"[^\s\"'`,;()<>\[\]{}]+")


def secret(name: str, environ: Mapping[str, str]) -> str:
    """What the variable ``name`` holds, or the file that ``name`` with ``_FILE`` names; empty where neither is set.

    White space around it is left out. Raises ``SettingsError``, which never tells it, where both are set, or the file
    cannot be read or holds nothing.
    """
    stated, path = environ.get(name, "").strip(), environ.get(name + IN_FILE, "").strip()
    if not path:
        return stated
    if stated:
        raise SettingsError(f"{name} and {name}{IN_FILE} are both set.", "Set one of them.")
    try:
        with Path(path).expanduser().open("rb") as file:
            held = file.read(_MOST_BYTES + 1).decode("utf-8").strip()
    except OSError as error:
        raise SettingsError(
            f"the file that {name}{IN_FILE} names, {path}, cannot be read: {reason(error)}.", "Make it readable."
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            f"the file that {name}{IN_FILE} names, {path}, is not UTF-8.", "Store the secret as text."
        ) from None
    if not held or len(held) > _MOST_BYTES:
        what = "holds nothing" if not held else f"holds more than {_MOST_BYTES:,} bytes"
        raise SettingsError(f"the file that {name}{IN_FILE} names, {path}, {what}.", "Store the secret in it.")
    return held


def known(environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Every secret in an environment, by the names that secrets have; one whose file cannot be read is left out."""
    found = []
    for name in sorted({variable.removesuffix(IN_FILE) for variable in environ}):
        if _NAMES.search(name) is not None:
            with suppress(SettingsError):
                found.append(secret(name, environ))
    return tuple(each for each in found if each)


def without_users(text: str) -> str:
    """``text``, whose addresses tell no user and no password: ``https://***@host/path``."""
    return _USER.sub(f"{MASK}@", text)


def redacted(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """``text`` without any secret of the environment, and without the users of addresses."""
    return Redactor(known(environ)).exact(without_users(text))


class Redactor:
    """Takes secrets out of texts. Shows none of them itself."""

    __slots__ = ("_fragments", "_secrets")

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = tuple(sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True))
        self._fragments = frozenset(
            secret[start : start + SHORTEST] for secret in self._secrets for start in range(len(secret) - SHORTEST + 1)
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
        return any(word[start : start + SHORTEST] in self._fragments for start in range(len(word) - SHORTEST + 1))
