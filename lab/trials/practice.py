"""./dev lab shell: a guest in which a scenario runs, and a shell to find it from."""
import shlex
import shutil
import tempfile
from pathlib import Path

from guests import boot, kernels, machine, modules
from guests.errors import LabError

from . import scenario
from .programs import Programs
from .unit import commands

USUAL = "6.1"
_LONG_SECONDS = 80000
# Whether there is one is for the person to find out.
_GREETING = "Something runs here. Does it leak? leakscope diagnose --for 60s; ./dev lab run --list has the truth."


def profile(one: scenario.Scenario, folder: Path) -> str:
    """What the guest's shell reads first: it starts the scenario once and says what it did."""
    lines = ["unset ENV", "cp -r /run/lab/results/bin /tmp/zoo", "export PATH=/tmp/zoo:$PATH", "mkdir -p /tmp/work",
             "export MODULES=/run/lab/results/modules"]
    lines += [f"(cd /tmp/work; {line}) >/tmp/work/setup 2>&1" for line in one.setup]
    lines += [f"insmod $MODULES/{name}.ko {parameters}" for name, _, parameters in (line.partition(" ") for line in one.modules)]
    for number, command in enumerate(commands(one, [c.replace("{seconds}", str(_LONG_SECONDS)) for c in one.start]), 1):
        lines.append(f"(cd /tmp/work; setsid sh -c {shlex.quote(command)}) </dev/null >/tmp/work/out.{number} 2>&1 &")
    lines += [f"cd {shlex.quote(str(folder))} 2>/dev/null || cd /",
              f"echo {shlex.quote(_GREETING)}"]
    return "\n".join(lines) + "\n"


def kernel_of(one: scenario.Scenario, kernel_name: str | None) -> str:
    """The one that was asked for, or the usual one if the scenario applies to it."""
    chosen = kernel_name or (USUAL if USUAL in one.kernels else one.kernels[0])
    if chosen not in one.kernels:
        raise LabError(f"{one.name} applies to {', '.join(one.kernels)}")
    return chosen


def shell(name: str, kernel_name: str | None, leakscope: Path, folders, here: Path, say) -> int:
    one = scenario.load(name)
    chosen = kernel_of(one, kernel_name)
    programs = Programs(folders)
    missing = programs.missing([*one.setup, *one.start], one.needs)
    if missing:
        raise LabError(f"{name} needs {', '.join(missing)}")
    kernel = kernels.ready(chosen, False, say)
    with tempfile.TemporaryDirectory(prefix="leakscope-lab-") as scratch:
        (Path(scratch) / "bin").mkdir()
        for program, path in {**programs.of([*one.setup, *one.start, *one.files]), "leakscope": leakscope}.items():
            shutil.copy(path, Path(scratch) / "bin" / program)
        if one.module_names:
            shutil.copytree(modules.ready(kernel, say), Path(scratch) / "modules")
        shape = machine.Shape(one.memory, max(one.cpus, 2), 1, one.append, interactive=True)
        return boot.boot(kernel, boot.Order([], shape, one.cgroup, float("inf"), here, Path(scratch), profile(one, here)), say)
