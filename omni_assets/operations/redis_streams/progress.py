"""How far a stream was copied, and whether it is still that stream. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from pydantic import BaseModel, ConfigDict

from omni_assets.broker.intake import Incoming, Reached
from omni_assets.operations.redis_streams.copies import Form
from omni_assets.operations.redis_streams.entries import BEGINNING, EntryId, Stream


class Terms(BaseModel):
    """What it was begun with: the ``address`` of the Redis, the fields of the form, and how many entries of the stream
    were gone by then, ``None`` where Redis does not say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    key: str | None = None
    value: str | None = None
    gone: int | None = None


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    terms: Terms
    checksum: str


@dataclass(frozen=True, slots=True)
class Progress:
    """``copied`` records up to the entry ``after``, whose record has the ``checksum``; ``None`` before the first.

    Without ``terms`` it was read off the records of the topic, which do not tell them.
    """

    after: EntryId
    copied: int = 0
    checksum: str | None = None
    terms: Terms | None = None

    @classmethod
    def begin(cls, stream: Stream, address: str, form: Form, after: EntryId | None = None) -> Self:
        """Nothing was copied: before the first entry, or behind the one that somebody named."""
        gone = None if stream.added is None or after is not None else stream.added - stream.length
        return cls(after or BEGINNING, terms=Terms(address=address, key=form.key, value=form.value, gone=gone))

    @classmethod
    def read(cls, reached: Reached) -> Self:
        """What the broker keeps. Raises ``ValueError`` where that was written by somebody else."""
        kept = _Kept.model_validate_json(reached.text)
        return cls(EntryId.read(reached.id), reached.number, kept.checksum, kept.terms)

    def past(self, records: list[Incoming]) -> Progress:
        """Behind these records as well."""
        last = records[-1]
        return replace(self, after=EntryId.read(last.id), copied=self.copied + len(records), checksum=last.checksum)

    def at(self, address: str, form: Form) -> Progress:
        """The same, where nothing is in doubt: the server may have moved."""
        gone = None if self.terms is None else self.terms.gone
        return replace(self, terms=Terms(address=address, key=form.key, value=form.value, gone=gone))

    @property
    def text(self) -> str:
        """What the broker keeps of it beside the id and the number. Raises ``ValueError`` before the first record."""
        if self.terms is None or self.checksum is None:
            raise ValueError("nothing was copied yet")
        return _Kept(terms=self.terms, checksum=self.checksum).model_dump_json()

    def missed(self, stream: Stream) -> int | None:
        """How many entries were deleted before they could be copied, where ``stream`` is read to its end; ``None``
        where Redis does not say."""
        left = self._left(stream)
        return None if left is None else max(0, left)

    def doubt(self, stream: Stream, found: Incoming | None, address: str, form: Form) -> str:
        """Why it may not be this stream that was copied so far, or not so, as a clause; empty where it is.

        ``found`` is the record that the entry ``after`` becomes today, ``None`` where the stream has no such entry any
        more.
        """
        terms = self.terms
        if terms is not None and (terms.key, terms.value) != (form.key, form.value):
            begun = f"{_field('--key', terms.key)} and {_field('--value', terms.value)}"
            return f"it was begun with {begun}, and keys would part from their order"
        if self.checksum is None:
            return ""
        if stream.last < self.after:
            return f"it was copied up to the entry {self.after}, which this stream never had: it is another one"
        if (self._left(stream) or 0) < 0:
            return f"{self.copied:,} of its entries were copied, and this stream never had so many: it is another one"
        if found is not None and found.checksum != self.checksum:
            return f"its entry {self.after} is not the one that was copied: it is another stream, or another form"
        if found is None and (terms is None or terms.address != address):
            where = "" if terms is None else f", from {terms.address}"
            return f"it was copied up to the entry {self.after}{where}, and whether it is the same stream is not known"
        return ""

    def _left(self, stream: Stream) -> int | None:
        """How many of the entries that it ever had were neither gone when it began nor copied since."""
        if stream.added is None or self.terms is None or self.terms.gone is None:
            return None
        return stream.added - self.copied - self.terms.gone


def _field(option: str, name: str | None) -> str:
    return f"no {option}" if name is None else f"{option} {name}"
