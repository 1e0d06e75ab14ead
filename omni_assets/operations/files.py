"""Files that are written as a whole, or stay as they were."""

from __future__ import annotations

import os
import stat
import tempfile


def write_whole(path: str, data: bytes) -> None:
    """Put ``data`` in place of the file at ``path``, through a link too, with its permissions. Raises ``OSError``."""
    target = os.path.realpath(path)
    name = _beside(target, data)
    try:
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def write_new(path: str, data: bytes) -> bool:
    """Put a file at ``path`` where nothing is, its folders with it: whether it was put there. What is there already
    stays as it is, a link that leads nowhere too. Raises ``OSError``."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    if os.path.lexists(path):
        return False
    name = _beside(os.path.abspath(path), data)
    try:
        os.link(name, path)
    except FileExistsError:
        return False  # somebody was faster
    finally:
        os.unlink(name)
    return True


def _beside(target: str, data: bytes) -> str:
    """A file with ``data`` in the folder of ``target`` under another name, on disk, with the permissions of it."""
    handle, name = tempfile.mkstemp(dir=os.path.dirname(target), prefix=f".{os.path.basename(target)}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _mode(target))
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(name)
        raise
    return name


def _mode(path: str) -> int:
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
