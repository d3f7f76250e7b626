"""Boots one guest, runs a leak and a look-alike in it at the same time, and compares what leakscope says with the truth.

usage: trial.py LEAKSCOPE PROGRAMS

Exit code 77 where that cannot be done here; the last line says why. It never takes longer than LIMIT_SECONDS.
"""
import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from guests import initramfs, machine
from guests.apt_root import KEYRING
from guests.kernels import Kernel
from trials import board, scenario
from trials.score import judge
from trials.unit import Unit

LAB = Path(__file__).parent.parent / "lab.py"
KERNEL = "6.1"
NAMES = ("sysv-messages", "plateau")
LIMIT_SECONDS = 170
FETCH_SECONDS = 120
# Less of the machine's memory would be too little for a guest of 1 GiB beside the other tests.
MIN_AVAILABLE_KB = 1600 << 10
# Of the samples that were to be taken; a guest that misses more says nothing of leakscope.
MIN_SHARE_OF_SAMPLES = 0.8
DID_NOT_RUN = 77
# Built with ASan, the recorder keeps what it freed and grows: not like this. It is run from where it was built.
WRAPPER = """#!/bin/sh
export ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0:malloc_context_size=0:detect_leaks=0
exec {} "$@"
"""


class DidNotRun(Exception):
    pass


def available_kb() -> int:
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        return next(int(line.split()[1]) for line in meminfo if line.startswith("MemAvailable:"))


def need_programs() -> None:
    wanted = [machine.QEMU, "depmod", "zstd", "dpkg-deb", "apt-get", str(initramfs.BUSYBOX), KEYRING]
    missing = [name for name in wanted if not (Path(name).exists() if name.startswith("/") else shutil.which(name))]
    if missing:
        raise DidNotRun(f"no {', '.join(missing)}")
    if available_kb() < MIN_AVAILABLE_KB:
        raise DidNotRun(f"only {available_kb() >> 10} MiB of memory are available")


def lab(words, seconds: float, folder: Path = LAB.parent) -> tuple:
    """The guest sees `folder`. (exit code, what was said); no exit code when the time was over."""
    with tempfile.TemporaryFile("w+") as said, subprocess.Popen(
            [sys.executable, "-B", str(LAB), *words], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            start_new_session=True, env={**os.environ, "LAB_FOLDER": str(folder)}) as child:
        try:
            code = child.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
            # It ends its guest and cleans up; what does not is killed.
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(10)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        said.seek(0)
        return code, said.read()


def last_line(said: str) -> str:
    return (said.strip().splitlines() or ["nothing was said"])[-1]


def fetch() -> None:
    code, said = lab(["fetch", KERNEL], FETCH_SECONDS)
    if code is None:
        raise DidNotRun(f"kernel {KERNEL} was not fetched within {FETCH_SECONDS} s: {last_line(said)}")
    if code != 0:
        raise DidNotRun(f"kernel {KERNEL} cannot be had: {last_line(said)}")


def record(leakscope: str, programs: str, store: Path, deadline: float) -> None:
    wrapper = store.with_name("leakscope")
    wrapper.write_text(WRAPPER.format(shlex.quote(leakscope)))
    wrapper.chmod(0o755)
    seconds = deadline - time.monotonic()
    code, said = lab(["run", *NAMES, "--kernel", KERNEL, "--together", str(len(NAMES)), "--leakscope", str(wrapper),
                      "--zoo", programs, "--store", str(store)], seconds, Path(leakscope).parent)
    print(said)
    if code is None:
        raise DidNotRun(f"the guest was not done after {seconds:.0f} s")


def row_of(name: str, store: Path) -> board.Row:
    """DidNotRun when it is the machine's fault that there is nothing to judge."""
    unit = Unit(scenario.load(name), Kernel(KERNEL, "", Path()))
    kept = json.loads((store / unit.name / "unit.json").read_text())
    if why := kept["why"]:
        late = "ended with 0 before the recording" in why
        if "guest ended before" in why and "panic" not in why or "time was over" in why or late:
            raise DidNotRun(why)
        return board.Row(unit, None, why)
    document = json.loads((store / unit.name / "verdict.json").read_text())
    taken, wanted = document["window"]["samples"], unit.scenario.record + 1
    if taken < MIN_SHARE_OF_SAMPLES * wanted:
        raise DidNotRun(f"the guest is too slow: {taken} of {wanted} samples were taken")
    company = [scenario.load(other).truth for other in kept["company"] if other != name]
    return board.Row(unit, judge(unit.scenario.truth, document, company, kept["company"][0] == name))


def main(leakscope: str, programs: str) -> int:
    deadline = time.monotonic() + LIMIT_SECONDS
    try:
        need_programs()
        fetch()
        with tempfile.TemporaryDirectory(prefix="leakscope-trial-") as scratch:
            store = Path(scratch) / "store"
            store.mkdir()
            record(leakscope, programs, store, deadline)
            rows = [row_of(name, store) for name in NAMES]
    except DidNotRun as reason:
        print(f"did not run: {reason}")
        return DID_NOT_RUN
    faults = [f"FAILED {row.unit.name}: {fault}" for row in rows for fault in board.faults(row)]
    print("\n".join(faults) or "both are judged right")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
