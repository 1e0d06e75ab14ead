"""Rights that the limited user of a secured cluster has for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_secured import LIMITED

_SECONDS = 20
_OPERATIONS = {each.name.replace("_", "").lower(): each for each in AclOperation}
_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
    "cluster": ResourceType.BROKER,
}
_ALL_OF_THEIRS = AclBindingFilter(
    ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{LIMITED}", None, AclOperation.ANY, AclPermissionType.ANY
)


class Right(NamedTuple):
    """One operation on one resource; a name that ends in ``*`` stands for all that begin so."""

    operation: AclOperation
    resource: ResourceType
    name: str

    @property
    def binding(self) -> AclBinding:
        prefixed = self.name.endswith("*") and self.name != "*"
        return AclBinding(
            self.resource,
            self.name.removesuffix("*") if prefixed else self.name,
            ResourcePatternType.PREFIXED if prefixed else ResourcePatternType.LITERAL,
            f"User:{LIMITED}",
            "*",
            self.operation,
            AclPermissionType.ALLOW,
        )


def listed_in(page: Path, names: Mapping[str, str], column: str = "", under: str = "") -> Iterator[Right]:
    """The rights in the tables of a page of the docs: rows of operation, resource, what it is on, and further columns.

    ``names`` has the topic for each way of speaking of one. With ``column``, the operation that stands there instead of
    the first, and only rows that have one. With ``under``, only the tables below that heading.
    """
    header: list[str] = []
    text = page.read_text(encoding="utf-8")
    section = text.partition(f"# {under}\n")[2].partition("\n#")[0] if under else text
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[:3] == ["right", "on", "named"]:
            header = cells
        elif header and not cells:
            header = []
        elif header and not cells[0].startswith("---"):
            operation = cells[header.index(column)] if column else cells[0]
            if operation:
                yield Right(
                    _OPERATIONS[operation.lower()], _RESOURCES[cells[1]], names.get(cells[2], cells[2].strip("`"))
                )


@contextmanager
def given(cluster: KafkaCluster, rights: Iterable[Right]) -> Iterator[None]:
    """The limited user has these rights and no other."""
    _revoke(cluster)
    bindings = [right.binding for right in rights]
    for created in (cluster.client.create_acls(bindings) if bindings else {}).values():
        created.result(_SECONDS)
    wait_until(lambda: _known(cluster) == len(bindings), _SECONDS, "the rights to be known")
    try:
        yield
    finally:
        _revoke(cluster)


def _revoke(cluster: KafkaCluster) -> None:
    for deleted in cluster.client.delete_acls([_ALL_OF_THEIRS]).values():
        deleted.result(_SECONDS)
    wait_until(lambda: not _known(cluster), _SECONDS, "the rights to be gone")


def _known(cluster: KafkaCluster) -> int:
    return len(cluster.client.describe_acls(_ALL_OF_THEIRS).result(_SECONDS))
