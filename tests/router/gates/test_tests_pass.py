"""Tests run against an output in a cell, and outputs that would rather be believed than tested.

Each hostile output here is wrong: where one passed, the gate would be worth nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.gates.trial import court
from omni_assets.router.gates.trial.court import Limits, NoTrial, hold
from omni_assets.router.task import Task
from omni_assets.router.values import OutputFormat

TESTS = """\
import pytest

from answer import f


def test_one():
    assert f(1) == 2


@pytest.mark.parametrize("number", [2, 3])
def test_more(number):
    assert f(number) == number + 1


class TestWhole:
    def test_nothing(self):
        assert f(0) == 1
"""
RIGHT = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return 0\n"
LIMITS = Limits(seconds=60, cpu_seconds=30, memory_bytes=1 << 30, disk_bytes=1 << 24, processes=16)


def cell_or_reason() -> str:
    try:
        asyncio.run(hold(RIGHT, "def test_it():\n    import answer\n", LIMITS))
    except NoTrial as error:
        return str(error)
    return ""


REASON = cell_or_reason()
IN_A_CELL = pytest.mark.skipif(bool(REASON), reason=REASON or "there is one")


def tried(held: Any, answer: str, tests: str = TESTS, **allowance: Any) -> Check:
    task = Task(id="t", tests=tests)
    return held("tests-pass", answer, {"seconds": 60, **allowance}, task=task, output_format=OutputFormat.CODE)


@IN_A_CELL
def test_a_right_answer_passes(held: Any) -> None:
    check = tried(held, RIGHT)
    assert (check.verdict, check.evidence) == (Verdict.PASSED, "4 tests passed")


@IN_A_CELL
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (WRONG, "`test_one`: assert 0 == 2"),
        ("def f(x):\n    return 2\n", "`test_more[2]`: assert 2 == (2 + 1)"),
        ("def f(x):\n    return x + 1 if x else 0\n", "`TestWhole::test_nothing`: assert 0 == 1"),
        ("def g(x): ...\n", "the tests cannot be collected: "),
        ("raise ValueError('no')\n", "the answer cannot be imported: ValueError: no"),
        ("def f(x):\n    raise KeyError(x)\n", "`test_one`: KeyError: 1"),
        ("def f(x:\n", "the output is no Python: line 1: "),
    ],
)
def test_a_wrong_answer_fails_with_its_reason(answer: str, why: str, held: Any) -> None:
    check = tried(held, answer)
    assert check.verdict is Verdict.FAILED
    assert check.evidence.startswith(why)


PLUGIN = """\
import _pytest.assertion.util
import pytest


class Lenient:
    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self):
        return True


def f(x):
    _pytest.assertion.util._config.pluginmanager.register(Lenient())
    return 2
"""
PATCH = """\
def f(x):
    import _pytest.runner

    def nothing(*_, when, **__):
        return _pytest.runner.CallInfo(None, None, 0, 0, 0, when, _ispytest=True)

    _pytest.runner.CallInfo.from_call = nothing
    return 2
"""
OTHER_TESTS = """\
import sys, types
other = types.ModuleType("test_answer")
exec("def test_one(): pass\\ndef test_more(): pass\\nclass TestWhole:\\n    def test_nothing(self): pass", vars(other))
other.__file__ = "/trial/test_answer.py"
sys.modules["test_answer"] = other
"""
FORGED = """\
import json, os
body = {"counts": {"test_one": [1, 0, 0], "test_more": [2, 0, 0], "TestWhole::test_nothing": [1, 0, 0]}}
body = json.dumps({**body, "failure": "", "tampered": "", "exit_code": 0})
for descriptor in range(3, 64):
    try:
        os.write(descriptor, json.dumps({"body": body, "signature": "0" * 64}).encode())
    except OSError:
        pass
os._exit(0)
"""
FLOOD = """\
import os
while True:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"1 passed" * 8192)
        except OSError:
            pass
"""
REPLACED = "the code reached for what judges it: "
ENDED = "the process ended with status 0 before the tests were through"


@IN_A_CELL
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        pytest.param(f"print('4 passed in 0.01s')\n{WRONG}", "`test_one`: ", id="prints that it passed"),
        pytest.param("import os\nos._exit(0)\n", ENDED, id="ends when imported"),
        pytest.param("import os\ndef f(x):\n    os._exit(0)\n", ENDED, id="ends when tested"),
        pytest.param("import sys\nsys.exit(0)\n", "the answer cannot be imported: SystemExit: 0", id="exits"),
        pytest.param("import sys\ndef f(x):\n    sys.exit(0)\n", "`test_one`: SystemExit: 0", id="exits when tested"),
        pytest.param("import pytest\ndef f(x):\n    pytest.skip()\n", "was skipped", id="skips"),
        pytest.param("import pytest\ndef f(x):\n    pytest.xfail()\n", "was skipped", id="expects to fail"),
        pytest.param("import pytest\ndef f(x):\n    pytest.exit('', 0)\n", "did not run", id="ends pytest"),
        pytest.param(
            f"import _pytest.python as p\np.Function.runtest = print\n{WRONG}", REPLACED, id="replaces a method"
        ),
        pytest.param(
            f"import _pytest.python as p\np.Function.runtest.__code__ = (lambda self: None).__code__\n{WRONG}",
            REPLACED,
            id="replaces code",
        ),
        pytest.param(
            f"import _pytest.runner as r\nr.pytest_runtest_call = print\n{WRONG}", REPLACED, id="replaces a function"
        ),
        pytest.param(f"import pytest\npytest.raises = print\n{WRONG}", REPLACED, id="replaces what tests use"),
        pytest.param(f"import builtins\nbuiltins.AssertionError = KeyError\n{WRONG}", REPLACED, id="replaces errors"),
        pytest.param(f"import sys\nsys.modules['pytest'] = sys\n{WRONG}", REPLACED, id="replaces a module"),
        pytest.param(f"import sys\nsys.meta_path.insert(0, sys)\n{WRONG}", REPLACED, id="imports otherwise"),
        pytest.param(PATCH, REPLACED, id="replaces when tested"),
        pytest.param(PLUGIN, REPLACED, id="adds a plugin"),
        pytest.param(f"{OTHER_TESTS}{WRONG}", REPLACED, id="brings other tests"),
        pytest.param(f"import gc\ngc.get_objects()\n{WRONG}", REPLACED, id="looks through memory"),
        pytest.param(
            f"open('/trial/test_answer.py', 'w').write('def test_one(): ...')\n{WRONG}",
            "the answer cannot be imported: OSError: [Errno 30] Read-only file system",
            id="edits the tests",
        ),
        pytest.param(
            "import os\nos.chmod('/trial', 0o777)\n", "the answer cannot be imported: ", id="asks for leave to edit"
        ),
        pytest.param(
            f"import sys\nopen('/tmp/test_answer.py', 'w').write('x = 1')\nsys.path[:0] = ['/tmp']\n{WRONG}",
            "",
            id="puts other tests in front",
        ),
        pytest.param(FORGED, "something else than the runner wrote where the result is written", id="forges a result"),
        pytest.param(FLOOD, "the place for the result was flooded", id="floods the result"),
        pytest.param(f"import os\nos.fork()\n{WRONG}", "", id="copies the process"),
        pytest.param("import ctypes\nctypes.string_at(0)\n", "the process was ended by SIGSEGV", id="crashes"),
    ],
)
def test_what_would_rather_be_believed_fails(answer: str, why: str, held: Any) -> None:
    check = tried(held, answer)
    assert check.verdict is Verdict.FAILED
    assert why in check.evidence


@IN_A_CELL
@pytest.mark.parametrize(
    ("answer", "allowance", "why"),
    [
        pytest.param("while True: pass\n", {"seconds": 3}, "were not through after 3 s", id="loops"),
        pytest.param(
            "while True: pass\n",
            {"cpu_seconds": 1, "seconds": 60},
            "was ended by SIGKILL before",
            id="takes the processor",
        ),
        pytest.param("import time\ntime.sleep(999)\n", {"seconds": 3}, "were not through after 3 s", id="sleeps"),
        pytest.param("while True: print('x' * 99999)\n", {"seconds": 3}, "were not through after 3 s", id="prints"),
        pytest.param("x = bytearray(1 << 40)\n", {}, "MemoryError", id="takes memory"),
        pytest.param("open('/tmp/x', 'wb').write(bytes(1 << 28))\n", {}, "OSError: [Errno 27]", id="takes the disk"),
        pytest.param(
            "[open(f'/tmp/{n}', 'wb').write(bytes(1 << 23)) for n in range(99)]\n",
            {},
            "No space left",
            id="fills the disk",
        ),
        pytest.param(
            "import ctypes, os, time\nos.setsid()\nctypes.CDLL(None).prctl(1, 0, 0)\nos.fork()\ntime.sleep(999)\n",
            {"seconds": 3},
            "were not through after 3 s",
            id="leaves its group",
        ),
    ],
)
def test_what_takes_too_much_fails_and_is_dead(
    answer: str, allowance: dict[str, Any], why: str, held: Any, folder: str
) -> None:
    check = tried(held, answer + WRONG, **allowance)
    assert check.verdict is Verdict.FAILED
    assert why in check.evidence
    assert not cells(folder)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the cells of one test are mounted, by which their processes are known from those of other tests."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return str(tmp_path)


def cells(folder: str) -> list[str]:
    """The processes of cells that are mounted in ``folder``."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.endswith(b"/trial/cell.py") for word in words) and folder.encode() in words[-2]:
            found.append(process.name)
    return found


@IN_A_CELL
def test_no_more_processes_than_allowed(held: Any) -> None:
    answer = (
        "import os, time\n\ndef f(x):\n    started = 0\n    try:\n        while started < 99:\n"
        "            if os.fork() == 0:\n                time.sleep(99)\n            started += 1\n"
        "    except OSError:\n        pass\n    return started\n"
    )
    counting = "from answer import f\n\ndef test_few():\n    assert 1 <= f(1) < {}\n"
    assert tried(held, answer, counting.format(8), processes=8).verdict is Verdict.PASSED


@IN_A_CELL
def test_a_cell_has_no_network(held: Any) -> None:
    """Not even to this machine, where somebody listens; nor by a socket in the file system or without a name."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket(socket.AF_UNIX) as unnamed:
        unnamed.bind(f"\0omni-test-{os.getpid()}")
        unnamed.listen()
        address = listening.getsockname()
        with socket.create_connection(address, timeout=10):
            pass
        tests = (
            "import socket\n\nimport answer\nimport pytest\n\n"
            "def test_loopback():\n    with pytest.raises(OSError):\n"
            f"        socket.create_connection({address!r}, timeout=5)\n\n"
            "def test_no_device():\n    assert [name for _, name in socket.if_nameindex()] in (['lo'], [])\n\n"
            "def test_unnamed():\n    with socket.socket(socket.AF_UNIX) as other, pytest.raises(OSError):\n"
            f"        other.connect('\\0omni-test-{os.getpid()}')\n"
        )
        check = tried(held, "x = 1\n", tests)
    assert check.verdict is Verdict.PASSED, check.evidence


@IN_A_CELL
def test_a_cell_has_nothing_of_the_house(held: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither environment, nor open files, nor files, nor processes, nor privileges; and a place to write in."""
    monkeypatch.setenv("SOME_API_KEY", "a secret")
    (tmp_path / "secret").write_text("a secret")
    with open(tmp_path / "secret", encoding="utf-8") as secret:
        os.set_inheritable(secret.fileno(), True)
        tests = (
            "import os, stat\n\nimport answer\nimport pytest\n\n"
            "def test_environment():\n    assert 'a secret' not in os.environ.values()\n"
            "    assert {name for name in os.environ if not name.startswith('PYTEST_')} <= "
            "{'HOME', 'LANG', 'LC_CTYPE', 'PATH', 'TMPDIR'}\n\n"
            "def test_descriptors():\n    for each in range(256):\n        try:\n"
            "            mode = os.fstat(each).st_mode\n        except OSError:\n            continue\n"
            "        assert not stat.S_ISREG(mode) and not stat.S_ISSOCK(mode), each\n\n"
            f"def test_files():\n    assert not os.path.exists({str(tmp_path / 'secret')!r})\n"
            f"    assert not os.path.exists({__file__!r})\n"
            "    assert not any(map(os.path.exists, ('/proc/1', '/etc/passwd', '/run', '/var', '/home')))\n\n"
            "@pytest.mark.parametrize('call', [lambda: os.setuid(0), lambda: os.chroot('/tmp'), lambda: os.nice(-1),\n"
            "    lambda: os.rename('/trial', '/tmp/trial'), lambda: os.mkdir('/new')])\n"
            "def test_privileges(call):\n    with pytest.raises(OSError):\n        call()\n"
            "    assert os.geteuid() != 0\n\n"
            "def test_no_other_process():\n    assert os.getpid() < 10\n\n"
            "def test_a_place_to_write_in(tmp_path):\n    (tmp_path / 'x').write_text('x')\n"
            "    open('y', 'w').close()\n\n"
            "def test_python_and_its_packages():\n    import json, pydantic\n"
        )
        check = tried(held, "x = 1\n", tests)
    assert check.verdict is Verdict.PASSED, check.evidence


@IN_A_CELL
def test_an_installation_in_the_temporary_folder_is_seen_and_cannot_be_changed(
    held: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tries the project out often clones it there."""
    with tempfile.TemporaryDirectory(dir="/tmp") as installed:
        os.chmod(installed, 0o755)  # noqa: S103 - as installations are
        (Path(installed) / "there.py").write_text("x = 1\n")
        packages = [*court._packages(), installed]
        monkeypatch.setattr(court, "_packages", lambda: packages)
        tests = (
            "import answer\nimport pytest\n\n"
            f"def test_seen():\n    assert open('{installed}/there.py').read() == 'x = 1\\n'\n\n"
            f"def test_unchanged():\n    with pytest.raises(OSError):\n        open('{installed}/new', 'w')\n\n"
            "def test_a_place_to_write_in():\n    open('/tmp/new', 'w').close()\n"
        )
        check = tried(held, "x = 1\n", tests)
        assert not (Path(installed) / "new").exists()
    assert check.verdict is Verdict.PASSED, check.evidence


@IN_A_CELL
def test_who_stops_waiting_leaves_nothing_behind(folder: str) -> None:
    async def stopped() -> None:
        trial = asyncio.create_task(hold("import time\ntime.sleep(999)\n", TESTS, LIMITS))
        await asyncio.sleep(1)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial

    begun = time.monotonic()
    asyncio.run(stopped())
    assert not cells(folder)
    assert time.monotonic() - begun < LIMITS.seconds


@IN_A_CELL
def test_many_cells_at_once_do_not_meet(held: Any) -> None:
    answer = "open('/tmp/mine', 'x').close()\ndef f(x):\n    return x + 1\n"

    async def many() -> list[Any]:
        return await asyncio.gather(*(hold(answer, TESTS, LIMITS) for _ in range(4)))

    assert all(outcome.counts["test_one"] == (1, 0, 0) for outcome in asyncio.run(many()))


@pytest.mark.parametrize(
    ("tests", "why"),
    [
        (None, "the task has no `tests`"),
        ("x = 1\n", "the task's tests hold no test"),
        ("def test_(:\n", "the task's tests are no Python: line 1"),
    ],
)
def test_without_tests_nothing_is_known(tests: str | None, why: str, held: Any) -> None:
    check = held("tests-pass", RIGHT, task=Task(id="t", tests=tests), output_format=OutputFormat.CODE)
    assert check.verdict is Verdict.UNKNOWN
    assert check.evidence.startswith(why)


@IN_A_CELL
def test_a_test_that_the_author_skips_proves_nothing(held: Any) -> None:
    check = tried(held, RIGHT, "import answer, pytest\n\n@pytest.mark.skip\ndef test_one(): ...\n")
    assert (check.verdict, check.evidence) == (Verdict.FAILED, "`test_one` was skipped")


PROGRAM = """\
import asyncio
from omni_assets.router.gates.judging import judge
from omni_assets.router.gates.table import bind
from omni_assets.router.task import Task
from omni_assets.router.task_class import GateUse
from omni_assets.router.values import OutputFormat
from tests.support.outputs import evidence

CUT_OFF = "import socket\\nsocket.create_connection(('127.0.0.1', 9))"

for text in ("def f(x): return x + 1", "def f(x): return 0", CUT_OFF):
    given = evidence(text, task=Task(id="t", tests={tests!r}), output_format=OutputFormat.CODE)
    check, = asyncio.run(judge([bind(GateUse(gate="tests-pass"))], given))
    print(check.verdict, check.evidence)
"""


def as_somebody(*unshare: str, before: str = "") -> list[str]:
    """The gate's verdicts where this process is somebody else: in a user namespace of its own."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", *unshare, "true"], capture_output=True).returncode:
        pytest.skip("this machine gives no user namespaces by `unshare`")
    root = Path(__file__).resolve().parents[3]
    program = PROGRAM.format(tests="from answer import f\n\ndef test_one():\n    assert f(1) == 2\n")
    done = subprocess.run(
        ["unshare", *unshare, "sh", "-c", f'{before}exec "$@"', "sh", sys.executable, "-c", program],
        cwd=root, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@IN_A_CELL
@pytest.mark.parametrize("mapped", [("--user", "--map-user=1000", "--map-group=1000"), ("--user", "--map-root-user")])
def test_an_ordinary_user_has_cells_too(mapped: tuple[str, ...]) -> None:
    """As an ordinary user, and as the root of a container that may become nobody else."""
    passed, failed, cut_off = as_somebody(*mapped)
    assert passed == "passed 1 test passed"
    assert failed.startswith("failed `test_one`: assert 0 == 2")
    assert "Network is unreachable" in cut_off


def test_where_the_network_cannot_be_taken_away_nothing_is_known() -> None:
    verdicts = as_somebody("--user", "--map-root-user", before="echo 0 > /proc/sys/user/max_net_namespaces && ")
    assert verdicts == ["unknown the cell cannot be had here (unshare: no space left on device)"] * 3
