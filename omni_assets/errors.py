"""Everything that can go wrong, as sentences for the person who reads them.

Each error says what failed, where and why (``message``) and what to do about it (``remedy``). ``transient`` decides
whether trying again can help. All of them end a command with exit code 2, "could not run"; findings and drift are
results, not errors.

::

    OmniError
    ├── InputError                 what was asked for cannot be used as it stands
    │   ├── UnnamedBroker          a broker that answers, and that nobody named
    │   ├── SettingsError          omni.toml, [tool.omni] or an OMNI_ variable
    │   │   ├── CatalogUnusable    models.yaml: endpoints and models
    │   │   └── TaskClassUnusable  a class of tasks: its prompt, gates and limits
    │   ├── PathNotFound           a path that does not exist or cannot be listed
    │   ├── NoContracts            a path without a single contract
    │   ├── BaselineUnusable       a baseline of findings that cannot be read or written
    │   ├── ManifestIncomplete     a contract that cannot be read, where nothing may be missed
    │   ├── UnknownName            neither a node nor a topic of the contracts
    │   ├── NotARepository         a folder whose history Git does not have
    │   ├── RevisionUnknown        a revision that Git does not know, or does not have here
    │   ├── TaskUnusable           a task that cannot be read, or not be done as it stands
    │   │   ├── UnknownTaskClass   it names a class that there is none of
    │   │   ├── ClassUnclear       it states no class, and none is likely enough
    │   │   ├── TaskLacks          it lacks what the gates of its class look at
    │   │   └── PromptError        its inputs are not those of its class's prompt
    │   ├── DocumentUnusable       a document of others that is none of the kind that is read
    │   ├── HandlerUnusable        what works on a node's events cannot be found or asked
    │   ├── RescueRefused          records that cannot, or must not, be brought to a topic
    │   ├── MigrationRefused       a stream that cannot, or must not, be brought to a topic
    │   ├── ReplayRefused          records that cannot, or must not, be worked on again so
    │   └── RetirementRefused      a topic that cannot, or must not, be ended so
    ├── PlanRefused                a plan that is not carried out as it stands
    │   ├── PlanUnusable           a file that is no plan, or was edited since
    │   ├── PlanStale              what it was made from has changed
    │   ├── PlanOfAnotherCluster   it was made for another cluster
    │   └── PlanHeldBack           a brake: it looks like a mistake
    ├── DeadLettersHeld            a worker stopped before it floods the topic of dead letters
    ├── ExtraMissing               a part of omni that is installed only where it is asked for
    ├── WebhookFailed              the webhook of alerts did not take one
    ├── ExportFailed               a database did not take the tables that were exported
    ├── ReadOnly                   a write was asked for under OMNI_READONLY=1
    ├── StateError                 the state folder (.omni), or a file in it, cannot be used
    │   ├── StateFolderUnusable    it cannot be made, read or written
    │   ├── ProjectionBusy         another process holds the projection        (transient)
    │   ├── ProjectionDamaged      the DuckDB file cannot be read
    │   ├── ProjectionVersion      the DuckDB file belongs to a newer omni
    │   ├── JournalDamaged         a journal line cannot be read
    │   ├── JournalVersion         a journal line belongs to a newer omni
    │   ├── ReceiptUnreadable      a receipt of another version
    │   ├── LedgerReplaced         a ledger is not the one that was projected
    │   └── BudgetUnusable         the file of what was spent cannot be used
    ├── QueryError                 SQL that DuckDB does not accept
    ├── BrokerError                a broker said no, or said nothing
    │   ├── BrokerUnreachable      nothing answers at the address              (transient)
    │   ├── BrokerTimeout          it answered before, and not in time now     (transient)
    │   ├── BrokerRefused          not authorised, or the request was rejected
    │   ├── TransferInterrupted    records are copied half-way, each exactly once
    │   └── WorkerReplaced         another worker took over its slot, and ends what it began
    ├── RedisError                 a Redis server that streams are read from
    │   ├── RedisUnreachable       nothing answers at its address, or not in time (transient)
    │   └── RedisRefused           it said no, or not what was asked
    └── ProcessError               a process that omni starts itself
        ├── EngineUnavailable      the broker engine is not installed here
        ├── EngineFailed           it was started and did not come up
        ├── PortInUse              somebody else listens there
        ├── ServiceFailed          webserver, daemon or a run ended on its own
        └── GitFailed              git is not installed, or did not do what was asked
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class OmniError(Exception):
    """Base of all errors that a command reports without a traceback.

    ``message`` is one sentence with the thing, the place and the cause; ``remedy`` is the way out, or empty.
    """

    exit_code: ClassVar[int] = 2
    transient: ClassVar[bool] = False

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.message, self.remedy))


def reason(error: Exception) -> str:
    """Why the system refused something, as a clause in its own words: ``permission denied``."""
    return str(getattr(error, "strerror", None) or error).lower()


def _quoted(names: Sequence[str], between: str = ", ") -> str:
    return between.join(f"`{each}`" for each in names)


def _perhaps(near: Sequence[str], otherwise: str) -> str:
    return f"Perhaps {_quoted(near, ' or ')} is meant." if near else otherwise


def _listed(what: str, flaws: Sequence[str]) -> str:
    return f"{what}:" + "".join(f"\n{flaw}." for flaw in flaws)


def _restore(kind: type[OmniError], message: str, remedy: str) -> OmniError:
    error = kind.__new__(kind)
    OmniError.__init__(error, message, remedy)
    return error


class InputError(OmniError):
    """What was asked for cannot be used as it stands."""


class SettingsError(InputError):
    """The settings file, or an ``OMNI_`` variable, holds something that cannot be used."""


class CatalogUnusable(SettingsError):
    """The catalog of endpoints and models. ``flaws`` are clauses with their places, a line of the message each."""

    def __init__(self, path: str, flaws: Sequence[str]) -> None:
        super().__init__(_listed(f"the catalog {path} cannot be used", flaws), "docs/routing.md lists every field.")


class TaskClassUnusable(SettingsError):
    """One or more classes of tasks. ``flaws`` are clauses with their places, a line of the message each."""

    def __init__(self, path: str, flaws: Sequence[str]) -> None:
        super().__init__(
            _listed(f"the task classes in {path} cannot be used", flaws), "docs/routing.md lists every field."
        )


class PathNotFound(InputError):
    """A path that does not exist, or a folder that cannot be listed."""

    def __init__(self, path: str, why: str = "no such file or folder") -> None:
        super().__init__(
            f"cannot read {path}: {why}.",
            "Name a contract file or a folder that holds some, or set OMNI_CONTRACTS.",
        )


class NoContracts(InputError):
    """None of the paths holds a contract: an empty manifest is never taken for an answer."""

    def __init__(self, paths: list[str]) -> None:
        super().__init__(
            f"no contract.yaml under {', '.join(paths)}.",
            "Name the folder that holds your contracts, or set OMNI_CONTRACTS.",
        )


class BaselineUnusable(InputError):
    """A baseline of findings that is not there, is damaged, or cannot be written."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"the baseline {path} cannot be used: {why}.",
            "Restore it, or write it anew with `omni check --write-baseline`.",
        )


class NotARepository(InputError):
    """A folder that is compared with its past, and that Git keeps no history of, or will not read."""

    def __init__(self, folder: str, why: str, remedy: str = "") -> None:
        super().__init__(
            f"{folder} cannot be compared with another revision: {why}.",
            remedy or "Run it in the work tree of the repository that holds the contracts.",
        )


class RevisionUnknown(InputError):
    """A revision that Git does not know, or whose history this clone does not have."""

    def __init__(self, revision: str, why: str, remedy: str = "") -> None:
        super().__init__(
            f"there is no revision `{revision}` to compare with: {why}.",
            remedy or "Name a branch, a tag or a commit that `git log` shows, or fetch it first.",
        )


class ManifestIncomplete(InputError):
    """Contracts cannot be read, and what was asked for would lose their topics. ``what`` ends in "is" or "are".

    ``unread`` is how many contracts cannot be read.
    """

    def __init__(self, what: str, unread: int) -> None:
        contracts, whose = ("1 contract", "its") if unread == 1 else (f"{unread} contracts", "their")
        super().__init__(
            f"{what} left as it was: {contracts} cannot be read, and {whose} topics would be lost.",
            "Mend what `omni check` names, and try again.",
        )


class RescueRefused(InputError):
    """Records that cannot, or must not, be brought to the topic that was named."""

    def __init__(self, source: str, why: str, remedy: str) -> None:
        super().__init__(f"the records of `{source}` are not rescued: {why}.", remedy)


class MigrationRefused(InputError):
    """A stream whose entries cannot, or must not, be brought to the topic that was named."""

    def __init__(self, stream: str, why: str, remedy: str) -> None:
        super().__init__(f"the stream `{stream}` is not migrated: {why}.", remedy)


class ReplayRefused(InputError):
    """Records that cannot, or must not, be worked on again as it was asked for."""

    def __init__(self, topic: str, why: str, remedy: str) -> None:
        super().__init__(f"`{topic}` is not replayed: {why}.", remedy)


class RetirementRefused(InputError):
    """A topic that cannot, or must not, be renamed or ended as it was asked for."""

    def __init__(self, topic: str, why: str, remedy: str) -> None:
        super().__init__(f"`{topic}` is not retired so: {why}.", remedy)


class UnknownName(InputError):
    """What was asked about is neither a node nor a topic of the contracts."""

    def __init__(self, name: str, near: list[str]) -> None:
        super().__init__(
            f"no contract names a node or a topic `{name}`.",
            _perhaps(near, "`omni topics` lists them all."),
        )


class TaskUnusable(InputError):
    """A task that cannot be read, or cannot be done as it stands."""


class UnknownTaskClass(TaskUnusable):
    """A task names a class that there is none of."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        super().__init__(f"there is no task class `{name}`.", _perhaps(near, "Name a file of the task classes."))


class ClassUnclear(TaskUnusable):
    """A task states no class, and which one it belongs to is not clear."""

    def __init__(self, task_id: str, why: str) -> None:
        super().__init__(f"the class of the task `{task_id}` is not clear: {why}.", "State it as its `task_class`.")


class TaskLacks(TaskUnusable):
    """A task lacks what gates of its class look at: no answer to it could count. ``lacks`` gives the gate by field."""

    def __init__(self, task_id: str, task_class: str, lacks: Mapping[str, str]) -> None:
        fields = ", ".join(f"`{field}` for the gate `{gate}`" for field, gate in lacks.items())
        super().__init__(
            f"the task `{task_id}` of the class `{task_class}` lacks {fields}, so no answer to it could count.",
            "Add it to the task, or make the gate a warning.",
        )


class PromptError(TaskUnusable):
    """A task whose inputs are not those of its class's prompt: some are missing, or some have no place in it."""

    def __init__(self, task_id: str, task_class: str, missing: Sequence[str], unused: Sequence[str] = ()) -> None:
        lacks = f" lacks {_quoted(missing)}, which the prompt of `{task_class}` asks for" if missing else ""
        has = f" has {_quoted(unused)}, for which the prompt of `{task_class}` has no place" if unused else ""
        super().__init__(
            f"the task `{task_id}`{lacks}{' and' if lacks and has else ''}{has}.",
            "Give it the inputs that the prompt names.",
        )


class DocumentUnusable(InputError):
    """A file that is read as a document of a certain kind, and cannot be. ``place`` names the file, and the line where
    that is known."""

    def __init__(self, place: str, why: str, remedy: str) -> None:
        super().__init__(f"{place} is not read: {why}.", remedy)


class HandlerUnusable(InputError):
    """The handler of a node is not there, or cannot do its work as it stands."""

    def __init__(self, handler: str, why: str) -> None:
        super().__init__(f"the handler `{handler}` cannot be used: {why}.", "Mend it, or its contract.")


class UnnamedBroker(InputError):
    """A broker answers where one is expected by convention, and nobody said that it is the one that is meant."""

    def __init__(self, bootstrap_servers: str) -> None:
        super().__init__(
            f"a broker answers at {bootstrap_servers}, but nobody named it and it was not started here, so it is left "
            "alone.",
            f"Name it with --bootstrap-servers {bootstrap_servers}, or start one of your own with `omni broker start`.",
        )


class PlanRefused(OmniError):
    """A plan is not carried out as it stands; nothing was changed."""


class PlanUnusable(PlanRefused):
    """A file holds no plan, or not the one that was written."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} is not carried out: {why}.", "Make a plan anew with `omni plan -o FILE`.")


class PlanStale(PlanRefused):
    """The contracts, the broker or the settings are not what the plan was made from."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the plan is stale: {what}.", "Make it anew with `omni plan -o FILE`, and read it again.")


class PlanOfAnotherCluster(PlanRefused):
    """The plan was made for another cluster than the one that answers."""

    def __init__(self, planned: str, found: str) -> None:
        super().__init__(
            f"the plan was made for the cluster {planned}, and {found} answers.",
            "Name the broker that it was made for, or make a plan for this one.",
        )


class PlanHeldBack(PlanRefused):
    """A brake: the plan looks like the result of a mistake."""


class DeadLettersHeld(OmniError):
    """Nearly every task of a node ended as a dead letter, so its worker stopped; what else would have, is not written.

    ``letters`` is how many this worker wrote.
    """

    def __init__(self, node: str, letters: int) -> None:
        wrote = "1 dead letter" if letters == 1 else f"{letters:,} dead letters"
        super().__init__(
            f"the worker of `{node}` stopped behind {wrote}: nearly every task ended so, and the others are left where "
            "they stand.",
            "`omni task dlq list` says why. Mend it and start the worker again; `agents.breaker` in the settings says "
            "when it stops.",
        )


class ExtraMissing(OmniError):
    """A part of omni whose packages are installed only where they are asked for. ``what`` is what needs them."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed here.",
            f"Install them: `pip install 'omni-assets[{extra}]'`.",
        )


class WebhookFailed(OmniError):
    """The webhook of alerts did not take one. Its address is a secret, and never part of this."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the webhook of OMNI_ALERT_WEBHOOK did not take an alert: {why}.",
            "It is tried again as long as what is wrong lasts; set the address anew where it has changed.",
        )


class ExportFailed(OmniError):
    """A database did not take the tables that were exported to it, and is as it was. ``where`` tells no secret."""

    def __init__(self, where: str, why: str, remedy: str) -> None:
        super().__init__(f"the tables were not exported to {where}: {why}.", remedy)


class ReadOnly(OmniError):
    """A write was asked for while ``OMNI_READONLY=1`` forbids all of them."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is a write, and OMNI_READONLY=1 forbids every write.", "Unset it to allow writes.")


class StateError(OmniError):
    """The state folder, or a file in it, cannot be used."""


class StateFolderUnusable(StateError):
    """The state folder, or a folder in it, cannot be made, read or written."""

    def __init__(self, folder: str, why: str) -> None:
        super().__init__(
            f"the state folder {folder} cannot be used: {why}.",
            "Make it a folder that can be written, or name another with OMNI_HOME.",
        )


class ProjectionBusy(StateError):
    """Another process has held the projection's lock for longer than we wait."""

    transient = True

    def __init__(self, path: str, seconds: float, holder: str = "") -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(
            f"{path} has been locked{by} for {seconds:g} s.",
            "Wait for the other omni or Dagster process to end, or end it, and try again.",
        )


class ProjectionDamaged(StateError):
    """The DuckDB file is not one, or cannot be read; nothing was changed."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"{path} cannot be read as a DuckDB database: {why}.",
            "It is a projection: move the file aside and run `omni drift` to make it anew; "
            "the journal beside it keeps the history.",
        )


class ProjectionVersion(StateError):
    """The DuckDB file was written by a newer omni. ``found`` and ``known`` are versions of the schema,
    which count from 1.
    """

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema version {found}, and this omni knows versions up to {known}.",
            "Use the newer omni, or move the file aside and run `omni drift` to make it anew.",
        )


class JournalDamaged(StateError):
    """A journal line is not what was appended."""

    def __init__(self, path: str, line: int, why: str) -> None:
        super().__init__(f"{path}:{line} cannot be read: {why}.", "Restore the line from a backup, or remove it.")


class JournalVersion(StateError):
    """A journal, or a line of it, was written by a newer omni."""

    def __init__(self, path: str, found: object, known: int) -> None:
        super().__init__(
            f"{path} has lines of format {found}, and this omni knows {known}.",
            "Use the newer omni; nothing was changed.",
        )


class ReceiptUnreadable(StateError):
    """A remembered receipt is of another version, or not what was written."""

    def __init__(self, receipt: str, why: str) -> None:
        super().__init__(
            f"the receipt {receipt} cannot be read: {why}.",
            "Read it with the omni that wrote it; `omni sql` shows it as it stands, in `document` of `receipts`.",
        )


class LedgerReplaced(StateError):
    """The log of a ledger's partition is not the one that was projected: it was made anew, or cut."""

    def __init__(self, topic: str, partition: int, why: str) -> None:
        super().__init__(
            f"partition {partition} of the ledger {topic} is not the one that was projected: {why}.",
            "Nothing was changed. `omni rebuild` projects the ledger that is there.",
        )


class BudgetUnusable(StateError):
    """The file that holds what the router has spent cannot be made, read or written."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            f"the budget {path} cannot be used: {why}.",
            "Make its folder one that can be written, or move the file aside: today's budget then begins anew.",
        )


class QueryError(OmniError):
    """A question in SQL that DuckDB does not accept."""


class BrokerError(OmniError):
    """A broker said no, or said nothing."""


class BrokerUnreachable(BrokerError):
    """Nothing answers at the bootstrap address."""

    transient = True

    def __init__(self, bootstrap_servers: str, why: str, seconds: float) -> None:
        super().__init__(
            f"no broker answers at {bootstrap_servers} ({why}, tried for {seconds:g} s).",
            "Start one with `omni broker start`, or name yours with --bootstrap-servers.",
        )


class BrokerTimeout(BrokerError):
    """The broker answered before, and does not answer this call in time."""

    transient = True

    def __init__(self, call: str, seconds: float) -> None:
        super().__init__(
            f"the broker did not answer {call} within {seconds:g} s.",
            "Try again, or give it longer with OMNI_BROKER_TIMEOUT.",
        )


class BrokerRefused(BrokerError):
    """The broker rejected a request as a whole."""

    def __init__(self, call: str, why: str) -> None:
        super().__init__(
            f"the broker refused {call}: {why}.",
            "Check the credentials (OMNI_KAFKA_… variables) and the ACLs of this principal.",
        )


class TransferInterrupted(BrokerError):
    """Copying records ended before its end; what was committed stays, and is not copied again."""

    def __init__(
        self,
        target: str,
        why: str,
        remedy: str = "Run it again when the other has ended: it goes on where the last transaction ended.",
    ) -> None:
        super().__init__(f"copying records to `{target}` stopped: {why}.", remedy)


class WorkerReplaced(BrokerError):
    """Another worker has the same node and slot; what was committed stays, and what was not is begun anew there.

    A broker says the same of a worker whose transaction it gave up, because it was open for too long.
    """

    def __init__(self, node: str, slot: int) -> None:
        super().__init__(
            f"the worker {slot} of `{node}` stopped: another one with this number took over, or the broker gave up a "
            "transaction that took too long.",
            "Give each worker of a node a number of its own, and start it again; nothing is lost or done twice.",
        )


class RedisError(OmniError):
    """A Redis server said no, or said nothing."""


class RedisUnreachable(RedisError):
    """Nothing answers at the address, or no longer, or not in time."""

    transient = True

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"no Redis answers at {address}: {why}.", "Start it, or name yours in the variable OMNI_REDIS_URL."
        )


class RedisRefused(RedisError):
    """The server rejected a request, or whoever asked."""

    def __init__(self, address: str, why: str) -> None:
        super().__init__(
            f"Redis at {address} refused a request: {why}.",
            "Check user and password in OMNI_REDIS_URL, and what this user may do: SCAN, XINFO, XRANGE and XPENDING.",
        )


class ProcessError(OmniError):
    """A process that omni starts itself could not be started, or ended."""


class EngineUnavailable(ProcessError):
    """The local broker engine that was asked for is not installed."""


class EngineFailed(ProcessError):
    """A local broker, or the local model, was started and did not come up."""


class PortInUse(ProcessError):
    """Somebody else listens on the port that was asked for."""

    def __init__(self, host: str, port: int, what: str, remedy: str) -> None:
        super().__init__(f"port {port} on {host} is in use, so {what} cannot listen there.", remedy)


class ServiceFailed(ProcessError):
    """A service that omni started ended on its own."""


class GitFailed(ProcessError):
    """The ``git`` executable is not there, took too long, or said no."""
