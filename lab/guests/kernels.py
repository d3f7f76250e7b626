"""The kernels that guests boot: what they are called, where they come from, and how one is made ready."""
import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import cache, debug_kernel, initramfs, unpack
from .apt_root import AptRoot, newest
from .errors import LabError

# Debian's stock kernels by the suites that have them.
STOCK = {
    "5.10": ("bullseye", "bullseye-security"),
    "6.1": ("bookworm", "bookworm-security"),
    "6.12": ("trixie", "trixie-security"),
    "newest": ("sid", "experimental"),
}
# Built here, of the source that has the code of the stock 6.12. A scenario runs on it only when it names it.
DEBUG = "debug"
NAMES = (*STOCK, DEBUG)


def suites(name: str) -> tuple:
    return debug_kernel.SUITES if name == DEBUG else STOCK[name]


@dataclass(frozen=True)
class Kernel:
    """A kernel that can be booted: a folder with vmlinuz, initramfs and lib/modules/RELEASE."""
    name: str
    release: str
    folder: Path
    version: str = ""  # of its package
    append: str = ""  # words of its command line that every boot gets

    @property
    def image(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initramfs(self) -> Path:
        return self.folder / "initramfs"


def kernel_packages(stanza: dict) -> list:
    """The packages a linux-image package needs that hold files of the kernel; newer ones are split."""
    depends = stanza.get("Depends", "")
    found = re.findall(r"\b(linux-(?:image|base|binary|modules)-[0-9][^ ,|]*) \(= ", depends)
    return found


def _complaining(complaint: str) -> str:
    return f" ({complaint})" if complaint else ""


def _resolve_source(apt: AptRoot, complaint: str) -> list:
    stanzas = apt.show(debug_kernel.PACKAGE)
    if not stanzas:
        suites = " or ".join(debug_kernel.SUITES)
        raise LabError(f"the mirror has no {debug_kernel.PACKAGE} in {suites}{_complaining(complaint)}")
    found = newest(stanzas)
    return [(debug_kernel.PACKAGE, found["Version"], found["SHA256"])]


def _resolve(apt: AptRoot, name: str) -> list:
    """[(package, version, hash)] of the newest kernel in the suites of `name`, the image first."""
    complaint = apt.update()
    if name == DEBUG:
        return _resolve_source(apt, complaint)
    meta = apt.show("linux-image-amd64")
    if not meta:
        raise LabError(f"the mirror has no kernel in {' or '.join(STOCK[name])}{_complaining(complaint)}")
    version = newest(meta)["Version"]
    pending = [(package, version) for package in kernel_packages(newest(meta))]
    found = []
    while pending:
        package, version = pending.pop(0)
        stanza = next((s for s in apt.show(f"{package}={version}") if s["Version"] == version), None)
        if stanza is None:
            raise LabError(f"the mirror lists {package} {version} but does not have it")
        found.append((package, version, stanza["SHA256"]))
        pending += [(inner, version) for inner in kernel_packages(stanza) if inner not in [f[0] for f in found]]
    return found


def _recipe() -> str:
    """What besides the packages decides how an entry looks: this code and the guest's first program."""
    here = Path(__file__).parent
    files = (here / "unpack.py", here / "initramfs.py", here.parent / "guest" / "init", initramfs.BUSYBOX)
    return hashlib.sha256("".join(cache.file_hash(f) for f in files).encode()).hexdigest()


def fetch(name: str, packages, folder: Path) -> list:
    """The .debs, kept by their hash; what is there and whole is not fetched again."""
    debs, apt = [], None
    for package, version, wanted in packages:
        deb = cache.root() / "debs" / f"{wanted}.deb"
        if not (deb.is_file() and cache.file_hash(deb) == wanted):
            apt = apt or AptRoot(cache.root() / "apt" / name, suites(name))
            deb.parent.mkdir(parents=True, exist_ok=True)
            apt.download(package, version, folder)
            fetched = next(folder.glob("*.deb"))
            if cache.file_hash(fetched) != wanted:
                raise LabError(f"{package} {version} is not what the signed list says")
            shutil.move(str(fetched), str(deb))
        debs.append(deb)
    return debs


def _built(packages: list, fetch, say) -> Path:
    """The debug kernel as it was built: an entry of its own, so that another initramfs is no reason to build it again."""
    source = packages[0][2]

    def make(folder: Path) -> None:
        debug_kernel.build(fetch(folder)[0], folder, say)

    return cache.entry("builds", f"debug-{cache.key_of(source, debug_kernel.recipe())}", make)


def kept_choice(file: Path) -> list:
    """[(package, version, hash)] that was chosen before; nothing when the file is missing or broken: choose again."""
    try:
        kept = [tuple(row) for row in json.loads(file.read_text())]
    except (OSError, ValueError, TypeError):
        return []
    return kept if all(len(row) == 3 for row in kept) else []


def choose(name: str, refresh: bool, say) -> list:
    """The packages of kernel `name`: chosen once and kept, so that a later boot needs no network."""
    choice = cache.root() / "kernels" / f"{name}.json"
    with cache.locked(choice.with_suffix(".lock")):
        if not refresh and (kept := kept_choice(choice)):
            return kept
        say(f"looking for kernel {name} in {', '.join(suites(name))}")
        packages = _resolve(AptRoot(cache.root() / "apt" / name, suites(name)), name)
        fresh = choice.with_suffix(".new")
        fresh.write_text(json.dumps(packages))
        fresh.rename(choice)
        return packages


def ready(name: str, refresh: bool, say) -> Kernel:
    """The kernel `name`, fetched and unpacked, or built, if it is not in the cache."""
    if name not in NAMES:
        raise LabError(f"no kernel '{name}'; there are: {', '.join(NAMES)}")
    packages = choose(name, refresh, say)

    def fetched(folder: Path) -> list:
        say(f"fetching {', '.join(f'{p} {v}' for p, v, _ in packages)}")
        return fetch(name, packages, folder)

    def make(folder: Path) -> None:
        if name == DEBUG:
            release = debug_kernel.install(_built(packages, fetched, say), folder)
        else:
            release = unpack.unpack(fetched(folder), folder)
        initramfs.build(folder, release)

    parts = [wanted for _, _, wanted in packages] + ([debug_kernel.recipe()] if name == DEBUG else [])
    key = cache.key_of(name, _recipe(), *parts)
    try:
        folder = cache.entry("kernels", f"{name}-{key}", make)
    except LabError as error:
        if refresh or isinstance(error, debug_kernel.BuildError):
            raise
        # The mirror may have moved on since the choice was made.
        say(f"{error}; choosing again")
        return ready(name, True, say)
    return Kernel(name, next((folder / "lib/modules").iterdir()).name, folder, packages[0][1],
                  debug_kernel.APPEND if name == DEBUG else "")
