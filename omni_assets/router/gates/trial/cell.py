"""A process of its own for code that nobody trusts: no network, next to no files, and limits on everything else.

Run as a script, in the standard library alone: ``python -I cell.py FD FOLDER``, with a request as JSON on standard
input. What came of it is written to the file descriptor FD once, signed with the request's token. FOLDER is an empty
folder, over which the file system of the cell is mounted, for the cell alone.

Linux only. Root needs nothing else; an ordinary user needs leave to make user namespaces, as most systems give it.
The cell's own root has Python, its packages and the system's libraries, read-only; the files that are tried, read-only;
and an empty ``/tmp``. Its namespaces have no network device that is up, and no process but its own. Before any of the
code runs, all privileges are gone for good, and so are open files, other than FD.
"""

from __future__ import annotations

import base64
import ctypes
import hmac
import json
import os
import resource
import signal
import sys
from typing import Any, NoReturn

_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
_CLONE_NEWUSER, _CLONE_NEWPID, _CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID = 1, 2
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITIES = 0x20080522
_FIRST_GUEST, _LAST_GUEST, _NOBODY = 2_000_000_000, 2_100_000_000, 65_534
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/urandom")


class NotIsolated(Exception):
    """Some part of the isolation cannot be had here; ``str()`` says which and why."""


def main() -> None:
    """Read a request, and have it done in two processes of their own: the one without rights, and within
    that the code.
    """
    out, folder = int(sys.argv[1]), sys.argv[2]
    request = json.loads(sys.stdin.buffer.read())
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    token = bytes.fromhex(request.pop("token"))
    try:
        _leave_the_house()
        guest = _fork()
    except (NotIsolated, OSError) as error:
        report(out, token, {"isolation": str(error)})
        return
    if guest:
        os.close(out)
        _watch(guest)
    try:
        _furnish(folder, request)
        _move_in(folder, out, request["limits"])
        guest = os.fork()
    except (NotIsolated, OSError, ValueError) as error:
        report(out, token, {"isolation": str(error)})
        os._exit(0)
    if guest:
        os.close(out)
        _watch(guest)
    itself = os.getpid()
    document = _tried()
    if os.getpid() == itself:  # the code may have made copies of this process
        report(out, token, document)
    os._exit(0)


def report(out: int, token: bytes, document: dict[str, Any]) -> None:
    """Write what came of it, with a signature that only those who know the token can make."""
    body = json.dumps(document)
    signed = json.dumps({"body": body, "signature": hmac.new(token, body.encode(), "sha256").hexdigest()}).encode()
    while signed:
        signed = signed[os.write(out, signed) :]


def _leave_the_house() -> None:
    """Namespaces of one's own. Raises ``NotIsolated``."""
    spaces = _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWPID | _CLONE_NEWNET
    user, group = os.geteuid(), os.getegid()
    if _owns_the_house():
        _call("unshare", spaces)
    else:
        _call("unshare", spaces | _CLONE_NEWUSER)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{_NOBODY} {user} 1"),
            ("gid_map", f"{_NOBODY} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)


def _owns_the_house() -> bool:
    """Whether this is root, and may become any user."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/uid_map", encoding="ascii") as file:
        ranges = [[int(each) for each in line.split()] for line in file]
    return any(first <= _FIRST_GUEST and first + length > _LAST_GUEST for first, _, length in ranges)


def _fork() -> int:
    """The first process of the new process namespace; with it, all others of it end. Its id, and 0 in itself.

    Whoever ends this process by SIGTERM ends that one. It runs none of the code itself: Linux spares the first process
    of a namespace the signals by which limits are kept.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    guest = os.fork()
    if guest:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(guest, signal.SIGKILL))
        _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    else:
        _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    return guest


def _watch(guest: int) -> NoReturn:
    """Wait for a process, whichever others end before it, and end as it ended."""
    while True:
        ended, status = os.wait()
        if ended == guest:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _furnish(folder: str, request: dict[str, Any]) -> None:
    """The file system of the cell, mounted over ``folder``. Raises ``NotIsolated`` and ``OSError``."""
    size = f"size={request['limits']['disk_bytes']}"
    temporary = f"{folder}/tmp"  # noqa: S108 - the cell's own
    _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, f"{size},mode=755")
    # Before the packages: those of an installation in the temporary folder would be hidden beneath it.
    os.mkdir(temporary)
    _mount("tmpfs", temporary, "tmpfs", _MS_NOSUID | _MS_NODEV, f"{size},mode=1777")
    for path in (*_SYSTEM, *request["packages"]):
        inside = folder + path
        if os.path.isdir(path):
            os.makedirs(inside, exist_ok=True)
        elif os.path.exists(path):
            os.makedirs(os.path.dirname(inside), exist_ok=True)
            open(inside, "ab").close()
        else:
            continue
        _mount(path, inside, None, _MS_BIND | _MS_REC)
    for path, content in request["files"].items():
        os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
        with open(f"{folder}/{path}", "wb") as file:
            file.write(base64.b64decode(content))
    _set_attributes(folder, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID, 0)
    _set_attributes(temporary, 0, 0, _MOUNT_ATTR_RDONLY)


def _move_in(folder: str, out: int, limits: dict[str, int]) -> None:
    """Into the cell, and the key thrown away. Raises ``NotIsolated``, ``OSError`` and ``ValueError``."""
    os.chroot(folder)
    os.chdir("/tmp")  # noqa: S108 - the cell's own
    os.closerange(3, out)
    os.closerange(out + 1, 65_536)
    for limit, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_FSIZE, limits["disk_bytes"]),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    if os.geteuid() != _NOBODY:
        guest = _FIRST_GUEST + limits["guest"]
        os.setgroups([])
        os.setresgid(guest, guest, guest)
        os.setresuid(guest, guest, guest)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    _call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def _tried() -> dict[str, Any]:
    sys.path[:0] = ["/court", "/trial"]
    try:
        from trial import tried  # type: ignore[import-not-found]
    except Exception as error:  # noqa: BLE001 - whatever is wrong with this installation is no fault of what is tried
        return {"isolation": f"pytest cannot be loaded in it: {error!r}"}
    finally:
        sys.path.remove("/court")
    document: dict[str, Any] = tried("/trial")
    return document


def _set_attributes(folder: str, flags: int, given: int, taken: int) -> None:
    """Give a mount attributes, and take some; by ``_AT_RECURSIVE`` those beneath it too. Raises ``NotIsolated``."""
    attributes = (ctypes.c_uint64 * 4)(given, taken, 0, 0)
    _call("syscall", _MOUNT_SETATTR, _AT_FDCWD, folder.encode(), flags, ctypes.byref(attributes), 32)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    names = [each.encode() if each is not None else None for each in (source, target, kind, options)]
    _call("mount", *names[:3], ctypes.c_ulong(flags), names[3], what=f"mount {target}")


def _call(name: str, *arguments: Any, what: str = "") -> None:
    """A call of the C library. Raises ``NotIsolated`` where it fails."""
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) != 0:
        raise NotIsolated(f"{what or name}: {os.strerror(ctypes.get_errno()).lower()}")


if __name__ == "__main__":
    main()
