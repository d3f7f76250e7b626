"""./dev lab run: units are recorded in guests, judged here, and compared with the truth."""
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from guests import kernels, modules
from guests.errors import LabError

from . import board, boots, scenario
from .programs import Programs
from .score import judge
from .store import Kept, Store
from .unit import Unit
from .windows import Windows


@dataclass(frozen=True)
class Order:
    names: tuple
    kernel_names: tuple
    jobs: int
    leakscope: Path
    program_folders: tuple
    store: Path
    resume: bool = False
    judge_only: bool = False
    together: int = 1


def wanted_kernels(names, kernel_names) -> list:
    """Of `kernel_names`, those that any of the scenarios applies to."""
    chosen = [scenario.load(name) for name in names or scenario.names()]
    return [name for name in kernel_names if any(name in one.kernels for one in chosen)]


def units_of(order: Order, ready) -> list:
    """All scenarios asked for on all kernels asked for where they apply. ready(name) gives the kernel."""
    chosen = [scenario.load(name) for name in order.names or scenario.names()]
    wanted = wanted_kernels(order.names, order.kernel_names)
    made = {name: ready(name) for name in wanted}
    return [Unit(one, made[name]) for one in chosen for name in wanted if name in one.kernels]


def judged(unit: Unit, windows: Windows, company, first: bool) -> board.Row:
    """The row of a unit that was recorded together with scenarios of the names `company`."""
    others = [scenario.load(name).truth for name in company if name != unit.scenario.name]
    truth = unit.scenario.truth
    try:
        score = judge(truth, windows.document(), others, first)
        if score.outcome == "right" and not truth.apart:
            score.seconds_to_right = windows.first_right(unit.scenario.record, lambda said: judge(truth, said, others, first))
        return board.Row(unit, score)
    except LabError as error:
        return board.Row(unit, None, str(error))


def score(unit: Unit, kept: Kept | None, leakscope: Path) -> board.Row:
    if kept is None:
        return board.Row(unit, None, "never recorded")
    if kept.recording is None:
        return board.Row(unit, None, kept.why)
    windows = Windows(leakscope, kept.recording)
    row = judged(unit, windows, kept.company, not kept.company or kept.company[0] == unit.scenario.name)
    if row.score:
        kept.recording.with_name("verdict.json").write_text(json.dumps(windows.document(), indent=1) + "\n")
    return row


def _to_record(order: Order, units, programs: Programs, store: Store, obstacles: dict) -> list:
    if order.judge_only:
        return []
    pending = [unit for unit in units if unit.name not in obstacles]
    if order.resume:
        found = {unit.name: store.get(unit, unit.key(programs)) for unit in pending}
        pending = [unit for unit in pending if found[unit.name] is None or found[unit.name].recording is None]
    return pending


def _obstacles(units, programs: Programs) -> dict:
    """Why a unit cannot run on this machine, by the unit's name."""
    found = {}
    for unit in units:
        missing = programs.missing([*unit.scenario.setup, *unit.scenario.start], unit.scenario.needs)
        if missing:
            found[unit.name] = f"this machine has no {', '.join(missing)}"
    return found


def _build_modules(pending: list, obstacles: dict, say) -> dict:
    """Where the modules for each kernel are, by its name; units whose modules cannot be built get that as an obstacle."""
    built, failed = {}, {}
    for unit in pending:
        name = unit.kernel.name
        if not unit.scenario.module_names or name in built:
            continue
        try:
            if name not in failed:
                built[name] = modules.ready(unit.kernel, say)
        except LabError as error:
            say(str(error))
            failed[name] = str(error).splitlines()[0]
        if name in failed:
            obstacles[unit.name] = failed[name]
    return built


def _record(planned: list, built: dict, order: Order, programs: Programs, store: Store, say) -> None:
    guests = boots.Guests()
    with ThreadPoolExecutor(order.jobs) as pool:
        started = [pool.submit(boots.run, boot, programs, built.get(boot.kernel.name), order.leakscope, store, guests, say)
                   for boot in planned]
        try:
            for done in started:
                done.result()
        finally:
            # Nothing is left of them unless one failed, or somebody pressed Ctrl-C.
            guests.end()


def run(order: Order, say) -> list:
    """The rows of the scoreboard."""
    units = units_of(order, lambda name: kernels.ready(name, False, say))
    programs, store = Programs(order.program_folders), Store(order.store)
    obstacles = _obstacles(units, programs)
    pending = _to_record(order, units, programs, store, obstacles)
    built = _build_modules(pending, obstacles, say)
    planned = boots.group([unit for unit in pending if unit.name not in obstacles], order.jobs, order.together)
    if planned:
        say(f"{sum(len(boot.units) for boot in planned)} units in {len(planned)} boots, at least "
            f"{sum(boot.seconds for boot in planned) / order.jobs / 60:.0f} minutes")
    _record(planned, built, order, programs, store, say)
    rows = []
    for unit in units:
        if unit.name in obstacles:
            rows.append(board.Row(unit, None, obstacles[unit.name]))
        else:
            rows.append(score(unit, store.get(unit, unit.key(programs)), order.leakscope))
    return rows
