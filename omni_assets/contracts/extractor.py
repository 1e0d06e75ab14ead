"""The one parser: from contract files to contracts, with file, line and column for every declaration.

CI, boot and validation all come through here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from omni_assets.contracts.cache import Cache
from omni_assets.contracts.discovery import find_contracts
from omni_assets.contracts.document import Unreadable, parse, read
from omni_assets.contracts.forms import FORMS, Form, tree
from omni_assets.contracts.manifest import SpecPolicy, assemble
from omni_assets.contracts.model import Contract, Finding, Location, Manifest
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.reading import Reading, folder_name
from omni_assets.contracts.stored import restored, restored_findings, stored, stored_findings
from omni_assets.contracts.wiring.findings import wiring_findings

_AT_ONCE = 500


class ContractTopicExtractor:
    """Reads contracts under one grammar and one policy for the settings that contracts leave open."""

    def __init__(
        self, grammar: Grammar | None = None, policy: SpecPolicy | None = None, forms: Iterable[Form] = FORMS
    ) -> None:
        self.grammar = grammar or Grammar()
        self.policy = policy or SpecPolicy()
        rows = tuple(forms)
        self._tree = tree(rows)
        self._manner = repr((self.grammar, rows, _code())).encode()

    def extract(self, sources: Iterable[str], cache: Cache | None = None) -> Manifest:
        """The manifest of every contract under ``sources``, which are files or folders; what ``cache`` knows is not
        parsed again.

        Raises ``PathNotFound`` for a source that does not exist and ``NoContracts`` where nothing is found.
        """
        paths = find_contracts(sources)
        return self.assemble(map(self.read, paths) if cache is None else self._read_through(cache, paths))

    def assemble(self, contracts: Iterable[Contract]) -> Manifest:
        """The manifest of contracts that were read before."""
        return assemble(tuple(contracts), self.grammar, self.policy)

    def read(self, path: str) -> Contract:
        """The contract at ``path``. Whatever is wrong with it is a finding of the contract, never an exception."""
        try:
            content = read(path)
        except Unreadable as error:
            return _not_read(path, error)
        return self.parsed(path, content)

    def parsed(self, path: str, content: bytes) -> Contract:
        """The contract with that content, wherever it was read; ``path`` is what locations name."""
        digest = sha256(content).hexdigest()
        try:
            return Reading(parse(path, content), self.grammar, self._tree).contract(digest)
        except Unreadable as error:
            return _not_read(path, error, digest)

    def wiring(self, manifest: Manifest, cache: Cache | None = None) -> tuple[Finding, ...]:
        """What is wrong with the wiring of a manifest; what ``cache`` knows is not searched again."""
        if cache is None:
            return wiring_findings(manifest, self.grammar)
        key = sha256(b"\0".join((b"wiring", self._manner, manifest.digest.encode()))).digest()
        known = restored_findings(cache.get([key]).get(key))
        if known is None:
            known = wiring_findings(manifest, self.grammar)
            cache.put({key: stored_findings(known)})
        return known

    def _read_through(self, cache: Cache, paths: Sequence[str]) -> Iterator[Contract]:
        """As ``read`` for each path, some files at a time."""
        for start in range(0, len(paths), _AT_ONCE):
            contents = {path: _content(path) for path in paths[start : start + _AT_ONCE]}
            keys = {path: self._key(path, content) for path, content in contents.items() if isinstance(content, bytes)}
            known = cache.get(keys.values())
            fresh: dict[bytes, str] = {}
            for path, content in contents.items():
                if isinstance(content, Unreadable):
                    yield _not_read(path, content)
                    continue
                contract = restored(known.get(keys[path]), path)
                if contract is None:
                    contract = self.parsed(path, content)
                    fresh[keys[path]] = stored(contract)
                yield contract
            cache.put(fresh)

    def _key(self, path: str, content: bytes) -> bytes:
        """Equal only for the same bytes, read in the same way, in a folder of that name: it may be the node's."""
        return sha256(b"\0".join((self._manner, folder_name(path).encode(errors="replace"), content))).digest()


def _content(path: str) -> bytes | Unreadable:
    try:
        return read(path)
    except Unreadable as error:
        return error


@lru_cache(maxsize=1)
def _code() -> str:
    """What the code of this package looks like: a change of any module makes all that was stored void."""
    modules = sorted(Path(__file__).parent.rglob("*.py"))
    return repr([(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in modules])


def _not_read(path: str, error: Unreadable, digest: str = "") -> Contract:
    return Contract(folder_name(path), Location(path), (), (error.finding,), digest)
