"""Errors are sentences, with a way out, and survive the border between processes."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from omni_assets import errors
from omni_assets.errors import OmniError

CLASSES = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, OmniError)]
SAMPLES = {
    errors.PathNotFound: ("contracts",),
    errors.NoContracts: (["contracts", "services"],),
    errors.BaselineUnusable: ("baseline.json", "there is no such file"),
    errors.ManifestIncomplete: ("the registry is", 2),
    errors.UnknownName: ("ruoter", ["router"]),
    errors.CatalogUnusable: ("models.yaml", ["models.yaml:3:5 `prise` is not a field"]),
    errors.TaskClassUnusable: ("contracts/task_classes", ["planning.yaml:3:5 there is no gate `emty`"]),
    errors.UnknownTaskClass: ("sumarization", ["summarization"]),
    errors.ClassUnclear: ("a task", "no task class takes its inputs"),
    errors.TaskLacks: ("a task", "code-generation", {"tests": "tests-pass"}),
    errors.PromptError: ("a task", "summarization", ["text"]),
    errors.DeadLettersHeld: ("a-node", 20),
    errors.ExtraMissing: ("local", "a local model"),
    errors.NotARepository: ("contracts", "it is not in a Git repository"),
    errors.RevisionUnknown: ("main", "git does not know it"),
    errors.PlanUnusable: ("plan.json", "it was edited"),
    errors.PlanStale: ("a topic has changed",),
    errors.PlanOfAnotherCluster: ("a", "b"),
    errors.WebhookFailed: ("it answered 404",),
    errors.ExportFailed: ("db:5432", "connection refused", "Mend that."),
    errors.DocumentUnusable: ("a.yaml:3:5", "it is AsyncAPI 2.6.0", "Convert it."),
    errors.ReadOnly: ("creating a topic",),
    errors.StateFolderUnusable: (".omni", "permission denied"),
    errors.ProjectionBusy: ("omni.duckdb", 10.0, "pid 7"),
    errors.UnnamedBroker: ("127.0.0.1:9092",),
    errors.ProjectionDamaged: ("omni.duckdb", "it is a text file"),
    errors.ProjectionVersion: ("omni.duckdb", 9, 1),
    errors.JournalDamaged: ("drift.jsonl", 7, "it is not JSON"),
    errors.JournalVersion: ("drift.jsonl", 2, 1),
    errors.ReceiptUnreadable: ("29acbb29", "`version` is not 1"),
    errors.LedgerReplaced: ("a topic", 0, "it ends at 7 now"),
    errors.BudgetUnusable: (".omni/budget.sqlite", "file is not a database"),
    errors.BrokerUnreachable: ("127.0.0.1:9092", "connection refused", 5.0),
    errors.BrokerTimeout: ("describe_configs", 15.0),
    errors.RescueRefused: ("a topic", "it is declared", "Name another."),
    errors.MigrationRefused: ("a stream", "no contract declares it", "Declare it."),
    errors.ReplayRefused: ("a topic", "it is not there", "Name another."),
    errors.RetirementRefused: ("a topic", "it is not there", "Name another."),
    errors.TransferInterrupted: ("a topic", "another process went on with it"),
    errors.WorkerReplaced: ("a-node", 1),
    errors.HandlerUnusable: ("module:function", "`module` cannot be imported"),
    errors.BrokerRefused: ("create_topics", "not authorised"),
    errors.RedisUnreachable: ("127.0.0.1:6379/0", "connection refused"),
    errors.RedisRefused: ("127.0.0.1:6379/0", "no permission"),
    errors.PortInUse: ("127.0.0.1", 9092, "the broker", "Name another with --port."),
}


def sample(kind: type[OmniError]) -> OmniError:
    return kind(*SAMPLES.get(kind, ("the thing failed.", "Try again.")))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_a_sentence_with_a_way_out(kind: type[OmniError]) -> None:
    error = sample(kind)
    assert error.message.endswith(".")
    assert error.remedy.endswith(".")
    assert str(error) == f"{error.message} {error.remedy}"
    assert error.args == (error.message,)
    assert error.exit_code == 2


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_crosses_processes(kind: type[OmniError]) -> None:
    error = sample(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is kind
    assert (copy.message, copy.remedy, copy.args, copy.transient) == (
        error.message,
        error.remedy,
        error.args,
        error.transient,
    )


def test_every_class_that_takes_facts_has_a_sample() -> None:
    own = {kind for kind in CLASSES if "__init__" in vars(kind)} - {OmniError}
    assert own == set(SAMPLES)


def test_the_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    lines = re.findall(r"^    ([│├└─ ]*)([A-Z]\w+)(.*)$", errors.__doc__ or "", re.MULTILINE)
    parents: list[str] = []
    drawn = {}
    for indent, name, rest in lines:
        depth = len(indent) // 4
        parents[depth:] = [name]
        drawn[name] = (parents[depth - 1] if depth else None, "(transient)" in rest)
    actual = {
        kind.__name__: (kind.__base__.__name__ if kind is not OmniError else None, kind.transient) for kind in CLASSES
    }
    assert drawn == actual


def test_without_a_remedy_the_message_stands_alone() -> None:
    assert str(OmniError("it failed.")) == "it failed."


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (PermissionError(13, "Permission denied", "/x"), "permission denied"),
        (OSError("Something else"), "something else"),
    ],
)
def test_the_system_s_reason_is_a_clause(error: OSError, clause: str) -> None:
    assert errors.reason(error) == clause


def test_what_can_be_tried_again() -> None:
    assert {kind.__name__ for kind in CLASSES if kind.transient} == {
        "BrokerTimeout",
        "BrokerUnreachable",
        "ProjectionBusy",
        "RedisUnreachable",
    }


def test_each_flaw_of_a_file_has_a_line() -> None:
    error = errors.CatalogUnusable("models.yaml", ["models.yaml:1:1 this is wrong", "models.yaml:2:1 and this"])
    assert error.message.split("\n") == [
        "the catalog models.yaml cannot be used:",
        "models.yaml:1:1 this is wrong.",
        "models.yaml:2:1 and this.",
    ]


def test_facts_are_in_the_message() -> None:
    assert str(errors.NoContracts(["a", "b"])).startswith("no contract.yaml under a, b.")
    assert "pid 7" in str(sample(errors.ProjectionBusy))
    assert "locked for" in str(errors.ProjectionBusy("omni.duckdb", 10.0))
    assert "connection refused, tried for 5 s" in str(sample(errors.BrokerUnreachable))
