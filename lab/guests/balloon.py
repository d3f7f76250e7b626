"""A machine that is asked to give memory back: the guest says when, as nobody outside knows what time it is there."""
import contextlib
import json
import socket
from pathlib import Path

FILE = "balloon"  # of the control share: the MiB that the guest is to do without
MIB = 1 << 20


class Balloon:
    """What the guest writes to FILE becomes a command of QEMU's monitor, whose other end is `theirs`."""

    def __init__(self, control: Path, memory_mib: int, say):
        self._file, self._memory, self._say = control / FILE, memory_mib, say
        self._ours, self.theirs = socket.socketpair()
        self._taken, self._unread, self._greeted = 0, b"", False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ours.close()
        self.theirs.close()

    def pass_on(self) -> None:
        self._listen()
        with contextlib.suppress(OSError):
            self._follow(self._file.read_text())

    def _follow(self, wish: str) -> None:
        # A file that was just made may be empty still.
        if not wish.endswith("\n"):
            return
        mib = int(wish) if wish.strip().isdecimal() else -1
        if mib == self._taken:
            return
        if not 0 <= mib < self._memory:
            self._say(f"the guest is to do without {wish.strip()!r} MiB: want a number below {self._memory}")
            self._file.unlink()
            return
        if not self._greeted:
            self._send({"execute": "qmp_capabilities"})
            self._greeted = True
        self._send({"execute": "balloon", "arguments": {"value": (self._memory - mib) * MIB}})
        self._taken = mib

    def _send(self, command: dict) -> None:
        self._ours.sendall(json.dumps(command).encode() + b"\n")

    def _listen(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := self._ours.recv(1 << 16, socket.MSG_DONTWAIT):
                self._unread += data
        *lines, self._unread = self._unread.split(b"\n")
        for line in lines:
            error = json.loads(line).get("error") if line.strip() else None
            if error:
                self._say(f"QEMU's monitor: {error.get('desc')}")
