"""Letters of other scripts that are drawn like Latin ones, and signs that are not drawn at all.

The table holds what Unicode's list of confusables (UTS #39) maps to a letter, digit or sign of a topic name, as far as
keyboards and copied text bring it in; decomposition (NFKD) adds full-width forms and letters with accents.
"""

from __future__ import annotations

import re
import unicodedata

_TWINS = (
    # Cyrillic
    ("\u0430\u0432\u0433\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445", "abrekmhopctyx"),
    ("\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425", "ABEKMHOPCTYX"),
    ("\u0455\u0456\u0458\u0475\u04bb\u04cf\u0501\u051b\u051d", "sijvhldqw"),
    ("\u0405\u0406\u0408\u050c\u051a\u051c", "SIJGQW"),
    # Greek
    ("\u03b1\u03b3\u03b5\u03b7\u03b9\u03ba\u03bd\u03bf\u03c1\u03c2\u03c4\u03c5\u03c7\u03c9\u03f3", "ayenikvopctuxwj"),
    ("\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7", "ABEZHIKMNOPTYX"),
    # Latin beyond ASCII, and Armenian
    ("\u0131\u0251\u0261\u0269\u0566\u0570\u0575\u0578\u057d\u0581\u0585", "iagiqhjnugo"),
    # dashes and dots
    ("\u02d7\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212", "---------"),
    ("\u00b7\u2024\u2027\u3002", "...."),
)
_LATIN = {ord(twin): letter for twins, letters in _TWINS for twin, letter in zip(twins, letters, strict=True)}
_UNDRAWN = re.compile(
    "[\u00ad\u0300-\u036f\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)


def latin(text: str) -> str:
    """``text`` as a reader takes it in: look-alikes as the ASCII letters that they resemble, undrawn signs left out."""
    if text.isascii():
        return text
    return _UNDRAWN.sub("", unicodedata.normalize("NFKD", text.translate(_LATIN))).translate(_LATIN)


def odd_letters(text: str) -> tuple[str, ...]:
    """Each letter of ``text`` that is not ASCII, once, spelt out: ``U+043E CYRILLIC SMALL LETTER O``."""
    odd = dict.fromkeys(character for character in text if not character.isascii())
    return tuple(f"U+{ord(each):04X} {unicodedata.name(each, 'without a name')}" for each in odd)
