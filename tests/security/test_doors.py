"""Every way out of the package is known: clients of a broker are made in one place, and few modules open connections.

Read off the syntax trees of all modules, so that a new way is met here first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import omni_assets

PACKAGE = Path(omni_assets.__file__).parent
CLIENTS = frozenset({"AdminClient", "Consumer", "Producer", "DeserializingConsumer", "SerializingProducer"})
OUTSIDER = "operations/demo/outsider.py"  # plays somebody else's code
OPENERS = frozenset(
    {"create_connection", "create_server", "HTTPConnection", "HTTPSConnection", "OpenerDirector", "build_opener"}
    | {"urlopen", "ThreadingHTTPServer", "HTTPServer", "open_connection", "start_server", "AsyncClient", "AsyncOpenAI"}
    | {"from_url"}
)
# Who opens connections or listens, besides clients of a broker, and to what.
WAYS = {
    "broker/local/probe.py": "the broker that is started here",
    "broker/local/watch.py": "the broker that is started here, for its clients",
    "operations/alerts/webhook.py": "the webhook of alerts",
    "operations/doctor/broker.py": "the addresses that a broker has its clients come to",
    "operations/doctor/clock.py": "the clocks of the model endpoints",
    "operations/redis_streams/reading.py": "the Redis whose streams are read",
    "operations/report/serving.py": "browsers on this machine",
    "operations/up.py": "the services that are started here",
    "processes/ports.py": "nobody: which ports are free",
    "router/calling/client.py": "the model endpoints",
    "router/local/lifecycle.py": "the local model",
}
SHELLS = frozenset({"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"})


@cache
def trees() -> dict[str, ast.Module]:
    found = sorted(PACKAGE.rglob("*.py"))
    assert len(found) > 400
    return {str(each.relative_to(PACKAGE)): ast.parse(each.read_text(encoding="utf-8")) for each in found}


def calls(module: str) -> Iterator[ast.Call]:
    return (node for node in ast.walk(trees()[module]) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last name of what is called: ``Consumer`` of ``confluent_kafka.Consumer(…)``."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_a_client_of_a_broker_is_made_in_one_place() -> None:
    made = {module for module in trees() for call in calls(module) if called(call) in CLIENTS}
    assert made == {OUTSIDER}
    factories = [
        (module, ast.unparse(call.args[0]))
        for module in trees()
        for call in calls(module)
        if called(call) == "open_client" and call.args
    ]
    assert {factory for _, factory in factories} <= CLIENTS
    assert {module.split("/")[0] for module, _ in factories} == {"broker"}
    assert len(factories) >= 9


def test_nor_is_a_client_given_to_anything_else() -> None:
    for module, tree in trees().items():
        if module == OUTSIDER:
            continue
        doors = {id(call.args[0]) for call in calls(module) if called(call) == "open_client" and call.args}
        annotations = {
            id(each)
            for node in ast.walk(tree)
            if isinstance(node, ast.AnnAssign | ast.arg | ast.FunctionDef)
            for note in [node.returns if isinstance(node, ast.FunctionDef) else node.annotation]
            if note is not None
            for each in ast.walk(note)
        }
        loose = [
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id in CLIENTS and id(node) not in doors | annotations
        ]
        assert loose == [], module


def test_every_module_that_opens_a_connection_is_known() -> None:
    opening = {
        module
        for module, tree in trees().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in OPENERS)
        or (isinstance(node, ast.Attribute) and node.attr in OPENERS)
    }
    assert opening == WAYS.keys() & trees().keys()


def test_no_shell_is_ever_asked_and_nothing_untrusted_is_run() -> None:
    for module in trees():
        for call in calls(module):
            assert not (called(call) in SHELLS and isinstance(call.func, ast.Attribute)), (module, call.lineno)
            assert not any(word.arg == "shell" for word in call.keywords), (module, call.lineno)
            if isinstance(call.func, ast.Name):
                assert call.func.id not in {"eval", "exec"}, (module, call.lineno)
        imported = {
            alias.name for node in ast.walk(trees()[module]) if isinstance(node, ast.Import) for alias in node.names
        }
        assert not imported & {"pickle", "marshal", "shelve", "dill"}, module


def test_yaml_makes_nothing_but_plain_values() -> None:
    loaders = {
        ast.unparse(each)
        for module in trees()
        for call in calls(module)
        if called(call) in {"load", "load_all", "compose", "compose_all", "parse"}
        and isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "yaml"
        for each in [*call.args[1:], *(word.value for word in call.keywords)]
    }
    assert all("Safe" in each or each.startswith("_") for each in loaders), loaders
