"""Files that are no contract: each a finding with a place, in bounded time and memory, never a traceback."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from omni_assets.contracts import Contract, ContractTopicExtractor
from omni_assets.contracts.document import MAX_BYTES, MAX_DEPTH, MAX_TAG_DIRECTIVES

Read = Callable[..., Contract]


@pytest.mark.parametrize(
    ("content", "code", "line", "column", "message"),
    [
        (b"", "OM003", 1, 1, "this file is empty, so it declares nothing."),
        (b"# nothing\n\n# but comments\n", "OM003", 1, 1, "is empty"),
        (b"---\n...\n", "OM003", 1, 1, "is empty"),
        (b"~\n", "OM003", 1, 1, "is empty"),
        (b"\n\n- a\n", "OM004", 3, 1, "this file is a list where a mapping is expected, so nothing of it is read."),
        (b"just text\n", "OM004", 1, 1, "is a single value"),
        (b"a: 1\nb: \xff\n", "OM001", 2, 4, "this file is not UTF-8: byte 0xff at offset 8."),
        ("ä: 1\nö: ".encode() + b"\xff", "OM001", 2, 4, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), "OM001", 1, 1, "not UTF-8: byte 0xff at offset 0."),
        (b"a: 1\nb: \x00\n", "OM002", 2, 4, "the character U+0000 is not allowed"),
        ("ä: 1\nö: \x01\n".encode(), "OM002", 2, 4, "the character U+0001 is not allowed"),
        (b"a: 1\nb: \x7f\n", "OM002", 2, 4, "the character U+007F is not allowed"),
        (b"a:\n\tb: 1\n", "OM002", 2, 1, "a tab stands where YAML takes spaces only"),
        (b"a: [1\r\nb: 2\r\n", "OM002", 2, 2, "not valid YAML"),
        (b"a: b: c\n", "OM002", 1, 5, "mapping values are not allowed in this context"),
        (b"a: 1\n---\nb: 2\n", "OM002", 2, 1, "expected a single document in the stream"),
        (b"a: *nowhere\n", "OM002", 1, 4, "found undefined alias"),
        (b"a: &x 1\nb: &x 2\n", "OM002", 2, 4, "found duplicate anchor"),
        (b'a: "\\ud800"\n', "OM002", 1, 7, "invalid Unicode character escape code"),
        (b"a: 'open\n", "OM002", 2, 1, "not valid YAML"),
        (b"a: !<tag:x\n", "OM002", 1, 11, "not valid YAML"),
    ],
)
def test_what_is_no_contract(content: bytes, code: str, line: int, column: int, message: str, read: Read) -> None:
    contract = read(content)
    (finding,) = contract.findings
    assert contract.declarations == ()
    assert contract.node == "router"
    assert len(contract.digest) == 64
    assert (finding.rule.code, finding.severity) == (code, "error")
    assert message in finding.message
    assert finding.message.endswith(".")
    assert finding.fix
    assert (finding.location.line, finding.location.column) == (line, column)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfevent_bus:\n  publish_topics: [onex.evt.a.b.v1]\n",
        b"event_bus:\r\n  publish_topics: [onex.evt.a.b.v1]\r\n",
        b"event_bus:\r  publish_topics: [onex.evt.a.b.v1]\r",
        b"%YAML 1.1\n---\nevent_bus:\n  publish_topics: [onex.evt.a.b.v1]\n...\n",
        b"event_bus:\n  publish_topics: [onex.evt.a.b.v1]",
        b'"event_bus": {"publish_topics": ["onex.evt.a.b.v1"]}',
        b"!!map {event_bus: !mine {publish_topics: !!seq [!!str onex.evt.a.b.v1]}}",
    ],
)
def test_unusual_text_that_is_a_contract(content: bytes, read: Read) -> None:
    contract = read(content)
    assert contract.findings == ()
    assert [each.topic for each in contract.declarations] == ["onex.evt.a.b.v1"]


def test_byte_order_mark_and_line_ends_leave_places_right(read: Read) -> None:
    contract = read("\ufeffname: ä\r\nevent_bus:\r\n  publish_topics: ['ö', onex.evt.a.b.v1]\r\n")
    (declaration,) = contract.declarations
    assert (declaration.location.line, declaration.location.column) == (3, 25)


def _nested(depth: int) -> dict[str, str]:
    width = min(depth, 1400)
    return {
        "flow lists": "[" * depth,
        "closed flow lists": "a: " + "[" * depth + "]" * depth,
        "flow mappings": "{a: " * depth,
        "lists on a line": "- " * depth + "x",
        "complex keys": "? " * depth + "x",
        "mixed": "a: " + "[{b: " * (depth // 2),
        "indented mappings": "".join(" " * level + "a:\n" for level in range(width)),
        "indented lists": "".join(" " * level + "-\n" for level in range(width)),
    }


@pytest.mark.parametrize("shape", _nested(1))
def test_deep_nesting_is_a_finding(shape: str, read: Read) -> None:
    (finding,) = read(_nested(100_000)[shape]).findings
    assert finding.rule.name == "invalid-yaml"
    assert finding.message == f"this file nests deeper than {MAX_DEPTH} levels, so it is not read."
    assert finding.location.column > 1 or finding.location.line > 1


def test_nesting_below_the_limit_is_read_in_a_thread_too(read: Read) -> None:
    depth = MAX_DEPTH - 2
    results: list[Contract] = []
    text = f"a: {'[' * depth}onex.evt.a.b.v1{']' * depth}"
    thread = threading.Thread(target=lambda: results.append(read(text)))
    thread.start()
    thread.join()
    (finding,) = results[0].findings
    assert (finding.rule.name, finding.topic) == ("unread-declaration", "onex.evt.a.b.v1")
    assert "at `…" in finding.message


def test_many_shallow_lists_are_no_deep_nesting(read: Read) -> None:
    contract = read("a:\n" + "- [x]\n" * (MAX_DEPTH * 2) + "event_bus: {publish_topics: [onex.evt.a.b.v1]}\n")
    assert (len(contract.declarations), contract.findings) == (1, ())


def test_the_loader_without_libyaml_reports_deep_nesting_too(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    monkeypatch.setattr("omni_assets.contracts.document._Loader", yaml.SafeLoader)
    (finding,) = read(f"a: {'[' * 900}{']' * 900}").findings
    assert finding.rule.name == "invalid-yaml"
    (finding,) = read("ä: 1\nö: \x01\n").findings
    assert (finding.location.line, finding.location.column) == (2, 4)


def test_many_tag_directives_are_refused(read: Read) -> None:
    tags = "".join(f"%TAG !t{number}! tag:x\n" for number in range(MAX_TAG_DIRECTIVES + 1))
    (finding,) = read(f"{tags}---\na: 1\n").findings
    assert finding.message == "this file has more than 100 %TAG directives, so it is not read."


def test_a_large_file_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    with path.open("wb") as file:
        file.write(b"a: 1\n")
        file.truncate(50 * 1024 * 1024)
    tracemalloc.start()
    try:
        contract = ContractTopicExtractor().read(str(path))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    (finding,) = contract.findings
    assert (finding.rule.name, contract.digest) == ("unreadable-contract", "")
    assert finding.message == "this file is larger than 1 MiB, so it is not read."
    assert peak < MAX_BYTES


def test_the_largest_file_is_read(read: Read) -> None:
    head = b"event_bus: {publish_topics: [onex.evt.a.b.v1]}\n"
    contract = read(head + b"#" * (MAX_BYTES - len(head)))
    assert len(contract.declarations) == 1
    (finding,) = read(head + b"#" * (MAX_BYTES - len(head) + 1)).findings
    assert finding.rule.name == "unreadable-contract"


def _folder(path: Path) -> None:
    path.mkdir()


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _broken(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_folder, "it is a folder"),
        (os.mkfifo, "it is a named pipe"),
        (_device, "it is a device"),
        (_loop, "too many levels of symbolic links"),
        (_broken, "no such file or directory"),
    ],
)
def test_what_is_no_file(make: Callable[[Path], None], why: str, tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    make(path)
    contract = ContractTopicExtractor().read(str(path))
    (finding,) = contract.findings
    assert (finding.rule.name, contract.digest) == ("unreadable-contract", "")
    assert finding.message == f"this file cannot be read: {why}."
    assert str(finding.location) == f"{path}:1:1"


def test_reading_closes_what_it_opens(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").mkdir()
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for _ in range(5):
        ContractTopicExtractor().read(str(tmp_path / "contract.yaml"))
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before


def test_a_file_that_may_not_be_read(tmp_path: Path, powerless: Callable[[], AbstractContextManager[None]]) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text("a: 1\n")
    path.chmod(0)
    with powerless():
        (finding,) = ContractTopicExtractor().read("contract.yaml").findings
    assert finding.message == "this file cannot be read: permission denied."
