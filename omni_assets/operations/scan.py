"""Which topics source code names, and whether contracts declare them.

A file is read as bytes and looked through for the grammar's prefix; only one that holds it is parsed. Memory is bound
by the largest file that is read whole, and by the modules that others import from, of which few are kept.
"""

from __future__ import annotations

import io
import os
import re
import time
import tokenize
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from omni_assets.contracts.discovery import FILE_NAMES
from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.model import Finding, Location, Manifest, Severity
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.registry import MARK, build
from omni_assets.contracts.rules import UNREAD_SOURCE
from omni_assets.contracts.source.declared import Declared, Standing
from omni_assets.contracts.source.languages import PYTHON, Reading, language_of
from omni_assets.contracts.source.literals import Literal
from omni_assets.contracts.source.python import Import, PythonModule, Resolve, Unparsed, Value
from omni_assets.contracts.source.quoted import quoted_literals
from omni_assets.contracts.text import count
from omni_assets.errors import reason
from omni_assets.operations.context import Context
from omni_assets.operations.judging import judge_of, nodes_of, today
from omni_assets.operations.registry import configured
from omni_assets.operations.source_tree import Unlisted, files

LARGEST = 8 * 2**20
"""Bytes of a file that is still read whole. What is larger is looked through for topics, and reported if it has any."""

LARGEST_MODULE = 2**20
"""Bytes of a Python module that is still parsed; of a larger one the string literals are read."""

_CHUNK = 2**20
_BINARY_START = 8_192
_MODULES_KEPT = 256
_FOLLOWED_ROUNDS = 4
_TELL_EVERY = 256

Told = Callable[[int], None]
"""Told now and then how many files have been looked at."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What source code names, as the project's settings judge it.

    ``literals`` counts them by standing; ``declared_files`` are the files with a declared one, where members of the
    registry could stand instead. ``binaries`` were left out. ``exempted`` findings do not count, by an exemption.
    """

    findings: tuple[Finding, ...]
    exempted: int
    literals: Counter[Standing]
    files: int
    lines: int
    binaries: int
    declared_files: int
    seconds: float

    def fails(self, strict: bool) -> bool:
        """Whether the scan fails: errors do that, warnings where it is ``strict``, notes never."""
        failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return any(each.severity in failing for each in self.findings)


def scan(context: Context, manifest: Manifest, sources: Sequence[str], told: Told = lambda _files: None) -> Scan:
    """Look through ``sources``. Raises ``InputError`` where one cannot be, and ``SettingsError``."""
    started = time.monotonic()
    grammar = context.grammar()
    place = configured(context.settings)
    members = build(manifest, grammar, place.layout).members if place is not None else {}
    scanner = _Scanner(Declared(manifest, grammar, members), grammar, _contract_files(manifest), told)
    scanner.look_through(sources)
    judgement = judge_of(context).judge(in_order(scanner.findings), nodes_of(manifest), today())
    return Scan(
        in_order([*judgement.findings]),
        len(judgement.exempted),
        scanner.literals,
        scanner.files,
        scanner.lines,
        scanner.binaries,
        len(scanner.declared_files),
        time.monotonic() - started,
    )


class _Scanner:
    """One scan: files once as they are found, then the Python modules, whose constants may come from each other."""

    def __init__(self, declared: Declared, grammar: Grammar, contracts: frozenset[str], told: Told) -> None:
        self.findings: list[Finding] = []
        self.literals: Counter[Standing] = Counter()
        self.files = self.lines = self.binaries = 0
        self.declared_files: set[str] = set()
        self._declared = declared
        self._contracts = contracts
        self._told = told
        stems, pattern = _stems(grammar)
        self._stems = tuple(stem.encode() for stem in stems)
        self._stem_bytes = re.compile(pattern.encode())
        self._stem_text = re.compile(pattern, re.IGNORECASE | re.ASCII)
        self._modules = _Modules()
        self._candidates: list[str] = []
        self._others: list[str] = []

    def look_through(self, sources: Iterable[str]) -> None:
        for found in files(sources):
            if isinstance(found, Unlisted):
                self._unread(found.path, f"this folder cannot be listed: {found.why}.")
                continue
            path = found if isinstance(found, str) else found.path
            if os.path.basename(path) in FILE_NAMES or path in self._contracts:
                continue
            self.files += 1
            if self.files % _TELL_EVERY == 0:
                self._told(self.files)
            self._file(path)
        self._python()

    def _file(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                data = file.read(LARGEST + 1)
                if len(data) > LARGEST:
                    self._large(path, data, file)
                    return
        except (OSError, ValueError) as error:
            self._unread(path, f"this file cannot be read: {reason(error)}.")
            return
        if b"\0" in data[:_BINARY_START]:
            self.binaries += 1
            return
        self.lines += data.count(b"\n")
        named = self._may_name_topics(data)
        if path.endswith((".py", ".pyi")):
            self._modules.add(path)
            (self._candidates if named else self._others).append(path)
        elif named and not data.startswith(MARK.encode()):
            language = language_of(path, data[:200])
            if language.reading is Reading.PYTHON:
                self._candidates.append(path)
            elif language.reading is not Reading.PROSE:
                text = data.decode("utf-8-sig", "replace")
                self._judge(path, quoted_literals(text, language, self._stem_text, self._declared.looks))

    def _large(self, path: str, start: bytes, rest: io.BufferedReader) -> None:
        if b"\0" in start[:_BINARY_START]:
            self.binaries += 1
            return
        longest = max(map(len, self._stems))
        chunk, tail = start, b""
        while chunk:
            self.lines += chunk.count(b"\n")
            if self._may_name_topics(tail + chunk):
                size = count(os.fstat(rest.fileno()).st_size // 2**20, "MiB").removesuffix("s")
                self._unread(path, f"this file has {size}, too many to be read, and it may name topics.")
                return
            tail = chunk[-longest:]
            chunk = rest.read(_CHUNK)

    def _may_name_topics(self, data: bytes) -> bool:
        folded = data.lower()  # a plain look for each stem is much quicker than a pattern, and nearly always enough
        return any(stem in folded for stem in self._stems) and self._stem_bytes.search(folded) is not None

    def _python(self) -> None:
        """The modules that may name topics, then those that use a part of a name that these or others define."""
        seen: set[str] = set()
        waiting, others = self._candidates, self._others
        for _ in range(_FOLLOWED_ROUNDS):
            parts: set[str] = set()
            for path in waiting:
                parts |= self._module(path)
            parts -= seen
            if not parts:
                return
            seen |= parts
            uses = re.compile(rb"\b(?:" + b"|".join(re.escape(each.encode()) for each in sorted(parts)) + rb")\b")
            using = {path for path in others if _uses(path, uses)}
            waiting = [path for path in others if path in using]
            others = [path for path in others if path not in using]

    def _module(self, path: str) -> set[str]:
        """Judge a module's literals. The names of its constants that may be a part of a topic in other modules."""
        data = _read(path)
        if data is None or data.startswith(MARK.encode()):
            return set()
        try:
            module = _parsed(data, lambda imported: self._modules.resolve(path, imported))
            literals = module.literals(self._declared.looks)
        except Unparsed:
            self._judge(path, quoted_literals(_decoded(data), PYTHON, self._stem_text, self._declared.looks))
            return set()
        self._judge(path, literals)
        return {
            name
            for name, value in module.constants()
            if isinstance(value, str) and self._stem_text.match(value) and not self._declared.whole(value)
        }

    def _judge(self, path: str, literals: Iterable[Literal]) -> None:
        for judged in (each for literal in literals for each in self._declared.judge(literal, path)):
            self.literals[judged.standing] += 1
            if judged.standing is Standing.DECLARED:
                self.declared_files.add(path)
            if judged.finding is not None:
                self.findings.append(judged.finding)

    def _unread(self, path: str, why: str) -> None:
        self.findings.append(finding(UNREAD_SOURCE, why, Location(path)))


class _Modules:
    """The Python modules of the scanned trees, and the constants that they give to each other."""

    def __init__(self) -> None:
        self._by_last: defaultdict[str, list[str]] = defaultdict(list)
        self._parsed: OrderedDict[str, PythonModule | None] = OrderedDict()
        self._asked: set[tuple[str, str]] = set()

    def add(self, path: str) -> None:
        folder, name = os.path.split(path)
        last = os.path.splitext(name)[0]
        self._by_last[os.path.basename(folder) if last == "__init__" else last].append(path)

    def resolve(self, importer: str, imported: Import) -> Value | None:
        """The value of what ``importer`` imports, where one module of the trees alone can be meant."""
        path = self._path(importer, imported)
        if path is None or not imported.name or (path, imported.name) in self._asked:
            return None
        module = self._module(path)
        if module is None:
            return None
        self._asked.add((path, imported.name))  # modules may import each other
        try:
            return module.constant(imported.name)
        finally:
            self._asked.discard((path, imported.name))

    def _path(self, importer: str, imported: Import) -> str | None:
        *packages, last = imported.module.split(".") if imported.module else [""]
        if imported.level:
            folder = os.path.dirname(importer)
            for _ in range(imported.level - 1):
                folder = os.path.dirname(folder)
            stem = os.path.join(folder, *packages, last) if last else folder
            names = (f"{stem}.py", os.path.join(stem, "__init__.py"))
            known = self._by_last.get(last or os.path.basename(folder), ())
            found = [path for path in known if path in names]
        else:
            ends = (os.path.join(*packages, f"{last}.py"), os.path.join(*packages, last, "__init__.py"))
            found = [path for path in self._by_last.get(last, ()) if _ends_with(path, ends)]
        return found[0] if len(found) == 1 else None

    def _module(self, path: str) -> PythonModule | None:
        if path in self._parsed:
            self._parsed.move_to_end(path)
            return self._parsed[path]
        data = _read(path)
        try:
            module = None if data is None else _parsed(data, lambda imported: self.resolve(path, imported))
        except Unparsed:
            module = None
        self._parsed[path] = module
        if len(self._parsed) > _MODULES_KEPT:
            self._parsed.popitem(last=False)
        return module


def _parsed(data: bytes, resolve: Resolve) -> PythonModule:
    if len(data) > LARGEST_MODULE:
        raise Unparsed("it is larger than a module that is parsed")
    return PythonModule(_decoded(data), resolve)


def _stems(grammar: Grammar) -> tuple[tuple[str, ...], str]:
    """What every text that names a topic holds, in small letters, and a pattern of it as a word of its own.

    It is the first word of the grammar's prefix, else one of its kinds. Constants may hold it without what follows.
    """
    word = re.search(r"[A-Za-z0-9]+", grammar.prefix)
    if word is None:
        stems = tuple(sorted({kind.lower() for kind in grammar.kinds}))
        return stems, "|".join(map(re.escape, stems))
    ends = r"(?![A-Za-z0-9])" if word.end() < len(grammar.prefix) else ""
    return (word[0].lower(),), rf"(?<![A-Za-z0-9]){re.escape(word[0].lower())}{ends}"


def _contract_files(manifest: Manifest) -> frozenset[str]:
    return frozenset(contract.location.path for contract in manifest.contracts)


def _ends_with(path: str, ends: Iterable[str]) -> bool:
    return any(path == end or path.endswith(os.sep + end) for end in ends)


def _uses(path: str, names: re.Pattern[bytes]) -> bool:
    data = _read(path)
    return data is not None and b"import" in data and names.search(data) is not None


def _read(path: str) -> bytes | None:
    """The bytes of a file that could be read before; ``None`` where it has gone since."""
    try:
        with open(path, "rb") as file:
            return file.read(LARGEST)
    except (OSError, ValueError):
        return None


def _decoded(data: bytes) -> str:
    """A module's text in the encoding that it states."""
    try:
        encoding, _ = tokenize.detect_encoding(_lines(data).__next__)
        return data.decode(encoding, "replace")
    except (SyntaxError, LookupError):
        return data.decode("utf-8-sig", "replace")


def _lines(data: bytes) -> Iterator[bytes]:
    yield from data[:_BINARY_START].splitlines(keepends=True)[:2]
    while True:
        yield b""
