"""Which units share a boot, and one such boot."""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from guests.boot import LAB_FAILED, TIMED_OUT, die_with_parent
from guests.errors import LabError

from . import company
from .programs import Programs
from .store import Store
from .unit import SCRIPT, write_plan

LAB = Path(__file__).parent.parent / "lab.py"
_PYTHON = ("-B",)
# A panic loses what its boot had not finished; a boot costs some 10 s.
MOST_SECONDS = 900
BOOT_SECONDS = 180


@dataclass
class Boot:
    """Companies that want the same machine: they run one after the other, each cleaned away before the next."""
    companies: list

    @property
    def units(self) -> list:
        return [unit for together in self.companies for unit in together]

    @property
    def kernel(self):
        return self.units[0].kernel

    @property
    def seconds(self) -> int:
        return sum(company.seconds(together) for together in self.companies)

    @property
    def timeout(self) -> int:
        # A guest on a busy machine may take twice as long for all but the sleeping.
        return BOOT_SECONDS + 2 * self.seconds


def _machine(unit) -> tuple:
    scenario = unit.scenario
    return unit.kernel.name, scenario.memory, scenario.cpus, scenario.append, scenario.cgroup


def group(units, jobs: int, together: int = 1) -> list:
    """Boots, longest first; as many as there are jobs where one would keep the other waiting."""
    by_machine = {}
    for unit in units:
        by_machine.setdefault(_machine(unit), []).append(unit)
    formed = [company.form(same, together) for same in by_machine.values()]
    total = sum(company.seconds(one) for companies in formed for one in companies)
    most = min(MOST_SECONDS, max(1, total // jobs + 1))
    boots = [boot for companies in formed for boot in _divide(companies, most)]
    return sorted(boots, key=lambda boot: -boot.seconds)


def _spoils(together) -> bool:
    """What a module has lost is gone until its guest ends."""
    return any(unit.scenario.module_names and unit.scenario.truth.leak for unit in together)


def _divide(companies, most: int) -> list:
    """Boots of one machine, of about `most` seconds; a company that spoils its guest is the last there."""
    spoilers = [one for one in companies if _spoils(one)]
    others = [one for one in companies if one not in spoilers]
    parts = max(len(spoilers), min(len(companies), -(-sum(company.seconds(one) for one in companies) // most)))
    # Those without a spoiler get the odd ones.
    return [Boot(others[part::parts] + spoilers[parts - 1 - part:parts - part]) for part in range(parts)]


class Guests:
    """The boots that run now; end() ends them, and none is started after that."""

    def __init__(self):
        self._lock, self._running, self._over = threading.Lock(), set(), False

    @contextlib.contextmanager
    def start(self, command: list):
        with self._lock:
            if self._over:
                raise LabError("ended before its turn")
            # Whatever ends this process ends the boot, which then ends its guest and cleans up.
            guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                     text=True, errors="replace", cwd=os.environ.get("LAB_FOLDER", os.getcwd()),
                                     preexec_fn=lambda: die_with_parent(signal.SIGTERM))
            self._running.add(guest)
        try:
            with guest:
                yield guest
        finally:
            with self._lock:
                self._running.discard(guest)

    def end(self) -> None:
        with self._lock:
            self._over = True
            for guest in self._running:
                guest.terminate()


def _command(boot: Boot, results: Path) -> list:
    scenario, kernel = boot.units[0].scenario, boot.kernel
    return [sys.executable, *_PYTHON, str(LAB), "boot", kernel.name, "--memory", str(scenario.memory),
            "--cpus", str(scenario.cpus), "--append", scenario.append, "--cgroup", scenario.cgroup,
            "--timeout", str(boot.timeout), "--results", str(results), "--", "sh", str(SCRIPT)]


def _prepare(boot: Boot, programs: Programs, modules: Path | None, leakscope: Path, results: Path) -> None:
    (results / "bin").mkdir()
    wanted = {name: path for unit in boot.units for name, path in unit.programs(programs).items()}
    for name, path in {**wanted, "leakscope": leakscope}.items():
        shutil.copy(path, results / "bin" / name)
    (results / "modules").mkdir()
    for name in {name for unit in boot.units for name in unit.scenario.module_names}:
        shutil.copy(modules / f"{name}.ko", results / "modules")
    for number, together in enumerate(boot.companies):
        write_plan(together, _trial(results, number))


def _trial(results: Path, number: int) -> Path:
    return results / "plan" / f"{number:03}"


def _hand_in(together, trial: Path, programs: Programs, store: Store, otherwise: str) -> None:
    """Each member's folder, with the recording of all, into the store."""
    outcomes = {}
    for unit in together:
        outcome = trial / unit.scenario.name / "outcome"
        outcomes[unit.scenario.name] = outcome.read_text().strip() if outcome.is_file() else otherwise
        # A guest may die between the word and the deed.
        if outcomes[unit.scenario.name] == "recorded" and not (trial / "recording.lsr").is_file():
            outcomes[unit.scenario.name] = otherwise
    # The first of a company answers for claims about none of them: one that was recorded.
    names = sorted(outcomes, key=lambda name: (outcomes[name] != "recorded", name))
    for unit in together:
        member, why = trial / unit.scenario.name, outcomes[unit.scenario.name]
        if why == "recorded":
            shutil.copy(trial / "recording.lsr", member / "recording.lsr")
        store.keep(unit, unit.key(programs), member, None if why == "recorded" else why, names)


def _why(code: int, said: str) -> str:
    if code == TIMED_OUT:
        return "the boot's time was over before"
    first = next((line for line in said.splitlines() if line.startswith("lab: ")), "")
    return f"the guest ended before: {first}" if code == LAB_FAILED else f"the boot ended with {code}: {first}"


def run(boot: Boot, programs: Programs, modules: Path | None, leakscope: Path, store: Store, guests: Guests, say) -> None:
    """Boots, and keeps for each unit what came back or why nothing did. `modules`: where they were built, if it has any."""
    with tempfile.TemporaryDirectory(prefix="boot-", dir=store.folder) as scratch:
        results = Path(scratch)
        _prepare(boot, programs, modules, leakscope, results)
        said = []
        with guests.start(_command(boot, results)) as guest:
            for line in guest.stderr:
                said.append(line)
                say(f"{boot.kernel.name}: {line.rstrip()}")
        otherwise = _why(guest.returncode, "".join(said))
        for number, together in enumerate(boot.companies):
            _hand_in(together, _trial(results, number), programs, store, otherwise)
