"""Records of processes, as files in the state folder: they outlive the command that wrote them."""

from __future__ import annotations

import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from omni_assets.errors import StateFolderUnusable, reason

R = TypeVar("R")


class RecordDamaged(Exception):
    """The record is there and cannot be read. Nothing is lost by writing it anew."""


class RecordFile(Generic[R]):
    """Where records of one kind are: values of ``kind`` in a file ``name``. ``what`` says whose record it is."""

    def __init__(self, kind: type[R], name: str, what: str) -> None:
        self.name = name
        self._kind = kind
        self._what = what

    def read(self, state_folder: Path) -> R | None:
        """The record, or ``None`` where there never was one. Raises ``RecordDamaged``."""
        file = state_folder / self.name
        try:
            return self._adapter.validate_json(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise RecordDamaged(f"{file} cannot be read: {reason(error)}") from None
        except ValidationError:
            raise RecordDamaged(f"{file} is not the record of {self._what}") from None

    def write(self, state_folder: Path, record: R) -> None:
        """Put the record in place as a whole. Raises ``StateFolderUnusable``."""
        try:
            stem, dot, ending = self.name.partition(".")
            handle, name = tempfile.mkstemp(dir=state_folder, prefix=f".{stem}-", suffix=f"{dot}{ending}")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(self._adapter.dump_json(record, indent=2) + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, state_folder / self.name)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StateFolderUnusable(str(state_folder), reason(error)) from None

    def restore(self, state_folder: Path, record: R | None) -> None:
        """Put the record back to what it was before a start that failed: ``None`` where there was none."""
        if record is None:
            (state_folder / self.name).unlink(missing_ok=True)
        else:
            self.write(state_folder, record)

    @cached_property
    def _adapter(self) -> TypeAdapter[R]:
        return TypeAdapter(self._kind)
