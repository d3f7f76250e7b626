"""A unit: one scenario on one kernel, with a key over all that decides what is recorded."""
import json
import re
from dataclasses import dataclass
from pathlib import Path

from guests import cache, modules
from guests.kernels import Kernel

from .programs import Programs
from .scenario import Scenario

SCRIPT = Path(__file__).parent.parent / "guest" / "trials"
# Beyond warm-up and recording: the start of the recorder, the stop, the cleaning.
OVERHEAD_SECONDS = 12
# Commands run on so much longer than they are watched: a guest on a busy machine starts its recorder late.
LONGER_SECONDS = 300
_SHELL = re.compile(r"[;&|<>$`\n]|\b(for|while|if)\b")


def commands(scenario: Scenario, lines) -> list:
    """With {seconds} filled in; one that is a program alone takes the place of its shell."""
    seconds = scenario.warmup + scenario.record + LONGER_SECONDS
    filled = [line.replace("{seconds}", str(seconds)).replace("{record}", str(scenario.record)) for line in lines]
    return [line if _SHELL.search(line) else f"exec {line}" for line in filled]


@dataclass(frozen=True)
class Unit:
    scenario: Scenario
    kernel: Kernel

    @property
    def name(self) -> str:
        return f"{self.scenario.name}@{self.kernel.name}"

    @property
    def seconds(self) -> int:
        return self.scenario.warmup + self.scenario.record + OVERHEAD_SECONDS

    def programs(self, programs: Programs) -> dict:
        return programs.of([*self.scenario.setup, *self.scenario.start, *self.scenario.files])

    def key(self, programs: Programs) -> str:
        """Of the scenario's recipe, the programs, the modules, the kernel and the script: not of leakscope, nor of the truth."""
        hashes = {name: cache.file_hash(path) for name, path in self.programs(programs).items()}
        of_modules = modules.source_key(self.scenario.module_names) if self.scenario.module_names else ""
        return cache.key_of(json.dumps(self.scenario.recipe), json.dumps(hashes, sort_keys=True), of_modules,
                            self.kernel.folder.name, cache.file_hash(SCRIPT))


def write_plan(units, folder: Path) -> None:
    """The folder of one trial as guest/trials wants it; its members begin so that their warm-ups end together."""
    folder.mkdir(parents=True)
    warmup, record = (max(getattr(unit.scenario, field) for unit in units) for field in ("warmup", "record"))
    (folder / "settings").write_text(f"WARMUP={warmup} RECORD={record}\n")
    for unit in units:
        _write_member(unit.scenario, folder / unit.scenario.name)


def _write_member(scenario: Scenario, folder: Path) -> None:
    folder.mkdir()
    (folder / "warmup").write_text(f"{scenario.warmup}\n")
    if scenario.ends:
        (folder / "ends").touch()
    if scenario.setup:
        (folder / "setup").write_text("\n".join(scenario.setup) + "\n")
    if scenario.modules:
        (folder / "modules").write_text("\n".join(scenario.modules) + "\n")
    for number, command in enumerate(commands(scenario, scenario.start), 1):
        (folder / f"start.{number}").write_text(command + "\n")
