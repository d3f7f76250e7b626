"""One boot: a machine is started, watched and cleaned away, and what its command said comes back."""
import contextlib
import ctypes
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import cache, machine
from .balloon import Balloon
from .errors import LabError
from .kernels import Kernel

TIMED_OUT = 124  # as timeout(1)
LAB_FAILED = 125
POLL_SECONDS = 0.1
TAIL_LINES = 25

_START = Path(__file__).parent.parent / "guest" / "start"
_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Order:
    """What one boot is to do."""
    command: list
    shape: machine.Shape = field(default_factory=machine.Shape)
    cgroup: str = "v2"
    timeout_seconds: float = 300
    folder: Path = Path("/")
    results: Path | None = None
    profile: str = ""  # what a shell without a command reads first


class _Ended(Exception):
    """A signal asked this process to end."""

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


class _Tail:
    """Passes on what a file of the guest's grew by."""

    def __init__(self, path: Path, sink):
        self._path, self._sink, self._at = path, sink, 0

    def pass_on(self) -> None:
        with contextlib.suppress(FileNotFoundError), open(self._path, "rb") as stream:
            stream.seek(self._at)
            while data := stream.read(1 << 16):
                self._at += len(data)
                self._sink.write(data)
            self._sink.flush()


def settings(kernel: Kernel, order: Order) -> str:
    values = {"LAB_MODULES": kernel.folder, "LAB_FOLDER": order.folder, "LAB_CGROUP": order.cgroup}
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items())


@contextlib.contextmanager
def run_folder():
    """A private folder for one boot. It holds a lock while it is used; folders of boots that were killed are swept."""
    home = cache.root() / "runs"
    home.mkdir(parents=True, exist_ok=True)
    with cache.locked(home / ".sweep"):
        for old in home.glob("run-*"):
            with contextlib.suppress(OSError), open(old / "lock", "wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=home))
        lock = open(folder / "lock", "wb")  # pylint: disable=consider-using-with
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        lock.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def signals_raise():
    """SIGINT, SIGTERM and SIGHUP become an exception, so that everything is undone on the way out."""
    def end(number, _frame):
        raise _Ended(number)

    before = [signal.signal(number, end) for number in _ENDING]
    try:
        yield
    finally:
        for number, handler in zip(_ENDING, before):
            signal.signal(number, handler)


def die_with_parent(number: int) -> None:
    """For a child before its exec: it gets this signal when the thread that started it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


@contextlib.contextmanager
def _started(command: list, shape: machine.Shape, log: Path, monitor: int):
    """The machine, killed at the end of the block if it still runs, and with this process if that is killed."""
    # None may come in between the start and the block that ends what was started.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    qemu = None

    def in_child() -> None:
        die_with_parent(signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        with open(log, "wb") as said:
            qemu = subprocess.Popen(command, stdin=None if shape.interactive else subprocess.DEVNULL,
                                    stdout=None if shape.interactive else said, stderr=said,
                                    start_new_session=not shape.interactive, preexec_fn=in_child, pass_fds=(monitor,))
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield qemu
    finally:
        if qemu is not None:
            if qemu.poll() is None:
                qemu.kill()
            qemu.wait()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch(qemu, followers, timeout_seconds: float) -> bool:
    """Until the machine ends; False when its time was over before. `followers` pass on what the guest leaves for them."""
    deadline = time.monotonic() + timeout_seconds
    in_time = True
    while in_time and qemu.poll() is None:
        for follower in followers:
            follower.pass_on()
        time.sleep(POLL_SECONDS)
        in_time = time.monotonic() <= deadline
    for follower in followers:
        follower.pass_on()
    return in_time or qemu.poll() is not None


def exit_code(control: Path) -> int | None:
    """What the guest said that its command gave; None when it never came to that."""
    try:
        return int((control / "exit").read_text())
    except (OSError, ValueError):
        return None


def why_ended(console: str, qemu_said: str) -> str:
    """In a few words, from the console's text, what ended a guest that gave no exit code."""
    for line in console.splitlines():
        if "Kernel panic" in line or line.startswith("lab: "):
            return line.strip()
    return qemu_said.strip() or "the guest ended before its command did"


def _keep(control: Path, order: Order, kernel: Kernel) -> Path:
    """The console's log of a boot that went wrong, where its results go or else in the cache."""
    folder = order.results or cache.root() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / ("console.log" if order.results else f"{kernel.name}-{time.strftime('%Y%m%d-%H%M%S')}.log")
    shutil.copyfile(control / "console", kept)
    return kept


def _report(reason: str, control: Path, order: Order, kernel: Kernel, say) -> None:
    say(reason)
    with contextlib.suppress(OSError):
        console = (control / "console").read_text(errors="backslashreplace")
        for line in console.splitlines()[-TAIL_LINES:]:
            say(f"| {line}")
        say(f"the whole console: {_keep(control, order, kernel)}")


def _hand_back(control: Path, results: Path) -> None:
    for name, kept in (("console", "console.log"), ("dmesg", "dmesg.txt"), ("stdout", "stdout.txt"),
                       ("stderr", "stderr.txt")):
        (results / kept).unlink(missing_ok=True)  # an earlier boot's
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(control / name, results / kept)


def _prepare(control: Path, kernel: Kernel, order: Order) -> None:
    shutil.copyfile(_START, control / "start")
    (control / "settings").write_text(settings(kernel, order))
    if order.profile:
        (control / "profile").write_text(order.profile)
    if order.command:
        (control / "command").write_text(f"exec {shlex.join(order.command)}\n")


def boot(kernel: Kernel, order: Order, say) -> int:
    """Runs the order on the kernel. Gives the command's exit code, or TIMED_OUT, LAB_FAILED, 128 + a signal's number."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(signals_raise())
            control = stack.enter_context(run_folder())
            results = order.results or control / "results"
            results.mkdir(parents=True, exist_ok=True)
            _prepare(control, kernel, order)
            balloon = stack.enter_context(Balloon(control, order.shape.memory_mib, say))
            monitor = balloon.theirs.fileno()
            command = machine.command_line(kernel, order.shape, control, results.resolve(), machine.kvm_works(), monitor)
            with _started(command, order.shape, control / "qemu", monitor) as qemu:
                tails = [] if order.shape.interactive else [_Tail(control / "stdout", sys.stdout.buffer),
                                                            _Tail(control / "stderr", sys.stderr.buffer)]
                in_time = _watch(qemu, [balloon, *tails], order.timeout_seconds)
            if order.results:
                _hand_back(control, order.results)
            code = exit_code(control)
            if code is not None:
                return code
            if not in_time:
                _report(f"no end after {order.timeout_seconds:g} s", control, order, kernel, say)
                return TIMED_OUT
            console = (control / "console").read_text(errors="replace") if (control / "console").exists() else ""
            _report(why_ended(console, (control / "qemu").read_text(errors="replace")), control, order, kernel, say)
            return LAB_FAILED
        except _Ended as ended:
            return 128 + ended.number
        except BrokenPipeError:
            # Whoever read our output has gone; what is left in the buffer is for nobody.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + signal.SIGPIPE
        except OSError as error:
            raise LabError(str(error)) from error
