"""Apache Kafka's jars, from Maven by their coordinates, once a machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock

VERSION = "4.4.0"
_SLF4J = "1.7.36"  # the release of the slf4j-api that this Kafka depends on

_POM = f"""\
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>{_SLF4J}</version>
    </dependency>
  </dependencies>
</project>
"""
_SECONDS = 150


class NoKafka(Exception):
    """Kafka cannot be had on this machine; the message says why."""


def jars() -> Path:
    """The folder of Kafka's jars and all that they need. Raises ``NoKafka``.

    The first call on a machine downloads about 45 MB with Maven, as its own settings say; a folder is there whole or
    not at all, and two processes that ask at once wait for each other.
    """
    for tool in ("java", "keytool"):
        if shutil.which(tool) is None:
            raise NoKafka(f"`{tool}` is not installed: Kafka needs Java 17 or newer")
    folder = _cache() / f"kafka-{VERSION}"
    if folder.is_dir():
        return folder
    if shutil.which("mvn") is None:
        raise NoKafka("`mvn` is not installed: Kafka's jars come from Maven")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _download(folder)
    return folder


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "omni-assets-tests"


def _download(folder: Path) -> None:
    with TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as made:
        pom, copied = Path(made, "pom.xml"), Path(made, "jars")
        pom.write_text(_POM, encoding="utf-8")
        command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={copied}"]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise NoKafka(f"Maven did not bring Kafka {VERSION} within {_SECONDS} seconds") from None
        if ran.returncode:
            said = [line for line in ran.stdout.splitlines() if line.startswith("[ERROR]")]
            raise NoKafka(f"Maven could not bring Kafka {VERSION}: {said[0] if said else ran.stderr[-300:]}")
        copied.rename(folder)
