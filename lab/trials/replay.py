"""Replays: recordings of the lab, shrunk and packed, that are judged again on any machine, without a guest."""
import hashlib
import io
import json
import os
import re
import socket
import subprocess
import tarfile
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from guests.errors import LabError
from guests.kernels import NAMES, Kernel

from . import board, scenario
from .run import judged
from .store import META, RECORDING
from .unit import Unit
from .windows import Windows, diagnose

FOLDER = Path(__file__).parent.parent / "replays"
REPOSITORY = Path(__file__).parents[2]
INDEX, KNOWN = "index.json", "known.toml"


@dataclass(frozen=True)
class Replay:
    """One recording: the scenarios that are judged by it, of those that ran while it was made."""
    kernel: str
    scenarios: tuple
    company: tuple

    @property
    def file(self) -> str:
        return f"{self.scenarios[0]}.lsr"

    @property
    def units(self) -> tuple:
        return tuple(f"{name}@{self.kernel}" for name in self.scenarios)


def _pack_of(folder: Path, kernel: str) -> Path:
    return folder / f"{kernel}.tar.xz"


def read(folder: Path) -> list:
    """[(replay, bytes)] of all packs."""
    try:
        index = json.loads((folder / INDEX).read_text())
        replays = [Replay(kernel, tuple(one["scenarios"]), tuple(one["company"])) for kernel, ones in index.items() for one in ones]
        files = {}
        for kernel in index:
            with tarfile.open(_pack_of(folder, kernel)) as pack:
                files |= {(kernel, member.name): pack.extractfile(member).read() for member in pack}
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, tarfile.TarError) as error:
        raise LabError(f"{folder}: {error}") from error
    odd = sorted({(one.kernel, one.file) for one in replays} ^ set(files))
    if odd:
        raise LabError(f"{folder}: in one of {INDEX} and the packs only: {odd}")
    return [(one, files[one.kernel, one.file]) for one in replays]


def write(folder: Path, replays: list) -> None:
    """All of [(replay, bytes)], in an order of their own and without anything of this machine: the same give the same."""
    replays = sorted(replays, key=lambda pair: (NAMES.index(pair[0].kernel), pair[0].file))
    index = {}
    for one, _ in replays:
        index.setdefault(one.kernel, []).append({"scenarios": one.scenarios, "company": one.company})
    for kernel in index:
        with tarfile.open(_pack_of(folder, kernel), "w:xz", preset=9, format=tarfile.USTAR_FORMAT) as pack:
            for one, content in replays:
                if one.kernel == kernel:
                    member = tarfile.TarInfo(one.file)
                    member.size = len(content)
                    pack.addfile(member, io.BytesIO(content))
    lines = ",\n".join(f' "{kernel}": [\n' + ",\n".join(f"  {json.dumps(one)}" for one in ones) + "\n ]" for kernel, ones in index.items())
    (folder / INDEX).write_text("{\n" + lines + "\n}\n")


def recorded(store: Path, names, kernels) -> list:
    """[(replay, path)] of what a store has, each recording once."""
    together = {}
    for meta in sorted(store.glob(f"*@*/{META}")):
        name, kernel = meta.parent.name.split("@", 1)
        path = meta.with_name(RECORDING)
        facts = json.loads(meta.read_text())
        if facts["why"] is None and path.is_file() and kernel in kernels:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            together.setdefault((kernel, content), []).append((name, path, facts["company"]))
    found = [(Replay(kernel, tuple(name for name, _, _ in members), tuple(members[0][2])), members[0][1])
             for (kernel, _), members in together.items()]
    wanted = [pair for pair in found if not names or set(names) & set(pair[0].scenarios)]
    absent = sorted(set(names) - {name for one, _ in wanted for name in one.scenarios})
    if absent or not wanted:
        raise LabError(f"{store}: no recording of {', '.join(absent) or 'anything'}")
    return wanted


def essence(document: dict) -> list:
    """What two recordings that are judged alike have in common."""
    return [document["verdict"], sorted(json.dumps([finding.get(key) for key in (
        "id", "state", "subject", "domain", "pattern", "amount", "unit", "rate", "holders")], sort_keys=True)
        for finding in document["findings"])]


def shrunk(path: Path, shrink: Path, leakscope: Path) -> bytes:
    """The recording without what is at rest; it must be judged as the whole."""
    done = subprocess.run([str(shrink), str(path)], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        raise LabError(done.stderr.decode(errors="replace").strip())
    with tempfile.NamedTemporaryFile(suffix=".lsr") as excerpt:
        excerpt.write(done.stdout)
        excerpt.flush()
        whole, less = essence(diagnose(leakscope, path)), essence(diagnose(leakscope, Path(excerpt.name)))
    if whole != less:
        raise LabError(f"{path}: shrunk it is judged otherwise: {whole} became {less}")
    _refuse_what_is_private(path, done.stdout)
    return done.stdout


def _refuse_what_is_private(path: Path, content: bytes) -> None:
    """A guest sees files and mounts of the machine it runs on."""
    words = {socket.gethostname(), str(REPOSITORY), os.environ.get("LAB_FOLDER", os.getcwd()), str(Path.home())}
    # A name as short as "vm" is part of many a kernel's.
    named = {word for word in words - {"localhost", "guest", "/root"} if len(word) > 3}
    told = sorted(word for word in named if re.search(rb"(?<![\w-])" + re.escape(word.encode()) + rb"(?![\w-])", content))
    if told:
        raise LabError(f"{path}: not made public: it holds {', '.join(told)}")


def make(store: Path, names, kernels, shrink: Path, leakscope: Path, folder: Path, say) -> None:
    """Puts what the store has in the place of what the packs have of the same units."""
    fresh = [(one, shrunk(path, shrink, leakscope)) for one, path in recorded(store, names, kernels)]
    made = {unit for one, _ in fresh for unit in one.units}
    kept = []
    for one, content in read(folder):
        left = tuple(name for name in one.scenarios if f"{name}@{one.kernel}" not in made)
        if left:
            kept.append((Replay(one.kernel, left, one.company), content))
    write(folder, kept + fresh)
    for kernel in sorted({one.kernel for one, _ in fresh}):
        ones = [content for one, content in kept + fresh if one.kernel == kernel]
        say(f"{_pack_of(folder, kernel).name}: {len(ones)} recordings, {sum(map(len, ones)) / 1024:.0f} KiB, packed "
            f"{_pack_of(folder, kernel).stat().st_size / 1024:.0f} KiB")


def judge_all(leakscope: Path, folder: Path) -> list:
    """The rows of the scoreboard."""
    with tempfile.TemporaryDirectory(prefix="leakscope-replays-") as scratch, ThreadPoolExecutor(2) as pool:
        def one_of(number_and_pair) -> list:
            number, (replay, content) = number_and_pair
            path = Path(scratch) / f"{number}.lsr"
            path.write_bytes(content)
            return _rows(replay, leakscope, path)

        return [row for rows in pool.map(one_of, enumerate(read(folder))) for row in rows]


def _rows(replay: Replay, leakscope: Path, path: Path) -> list:
    units = [Unit(scenario.load(name), Kernel(replay.kernel, "", Path())) for name in replay.scenarios]
    windows = Windows(leakscope, path)
    return [judged(unit, windows, replay.company, unit is units[0]) for unit in units]


def known_misses(folder: Path) -> dict:
    """{unit: (outcome, why)} of what is known to be judged wrongly."""
    try:
        listed = tomllib.loads((folder / KNOWN).read_text())
        return {unit: (one["outcome"], one["why"]) for unit, one in listed.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LabError(f"{folder / KNOWN}: {error}") from error


def check(rows: list, known: dict) -> tuple:
    """(failures, known misses), each a line: the verdicts are the truth, but for the known misses, which are as listed."""
    failures, expected = [], []
    by_name = {row.unit.name: row for row in rows}
    for unit in sorted(set(known) - set(by_name)):
        failures.append(f"{unit}: stands in {KNOWN}, and there is no replay of it")
    for unit, row in by_name.items():
        wrong = board.faults(row)
        outcome = board.outcome_of(row)
        if unit not in known:
            failures += [f"{unit}: {fault}" for fault in wrong]
        elif not wrong:
            failures.append(f"{unit}: is right now: take it out of {KNOWN} ({known[unit][1]})")
        elif outcome != known[unit][0]:
            failures += [f"{unit}: is known as '{known[unit][0]}' and is '{outcome}' now: {fault}" for fault in wrong]
        else:
            expected.append(f"{unit}: {outcome}: {known[unit][1]}")
    if not rows:
        failures.append("there are no replays")
    return failures, expected
