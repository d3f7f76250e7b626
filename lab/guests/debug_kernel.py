"""The debug kernel: Debian's source of 6.12 with the bugs of lab/bugs brought back, configured by debug.config, built here."""
import os
import re
import shutil
import subprocess
from pathlib import Path

from . import cache
from .errors import LabError

PACKAGE = "linux-source-6.12"
SUITES = ("trixie", "trixie-security")
CONFIG = Path(__file__).parent / "debug.config"
BUGS = Path(__file__).parent.parent / "bugs"
# What it can tell of its memory is off until the command line asks for it.
APPEND = "page_owner=on kmemleak=on sysctl.vm.mem_profiling=1"
# Of ./dev's debug_kernel_packages, those that are programs.
TOOLS = ("bc", "bison", "flex", "gcc", "make", "pahole", "patch", "rsync", "xz")

# The same wherever and whenever it is built.
_BUILT_BY = {"KBUILD_BUILD_USER": "lab", "KBUILD_BUILD_HOST": "lab", "KBUILD_BUILD_TIMESTAMP": "Thu Jan  1 00:00:00 UTC 1970",
             "KBUILD_BUILD_VERSION": "1"}
_OPTION = re.compile(r"(CONFIG_\w+)=(.+)|# (CONFIG_\w+) is not set")
_TAIL_LINES = 15


def patches() -> list:
    return sorted(BUGS.glob("*.patch"))


def recipe() -> str:
    """What besides the source decides how the kernel is."""
    return cache.key_of(*(cache.file_hash(path) for path in (Path(__file__), CONFIG, *patches())))


def options(config: str) -> dict:
    """CONFIG_X=VALUE of a configuration; what "is not set" is n."""
    matches = filter(None, (_OPTION.fullmatch(line.strip()) for line in config.splitlines()))
    return {match[1] or match[3]: match[2] or "n" for match in matches}


def lost(wanted: str, got: str) -> list:
    """The options that a configuration has otherwise than was wanted: renamed ones, or without what they depend on."""
    has = options(got)
    return [f"{name}={value}" for name, value in options(wanted).items() if has.get(name, "n") != value]


class BuildError(LabError):
    """It could not be built: no other package would help."""


class _Build:
    """One build in `place`; what it says is kept in `log`."""

    def __init__(self, place: Path, log: Path):
        self._place, self._log = place, log
        self._environment = {**os.environ, **_BUILT_BY, "LC_ALL": "C"}

    def run(self, what: str, *command) -> None:
        with open(self._log, "ab") as said:
            done = subprocess.run([str(word) for word in command], cwd=self._place, stdin=subprocess.DEVNULL, stdout=said,
                                  stderr=subprocess.STDOUT, env=self._environment, check=False)
        if done.returncode != 0:
            tail = self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
            raise BuildError("\n".join([f"the debug kernel: {what} failed; all of it: {self._log}", *tail]))

    def make(self, *words) -> None:
        compiler = "ccache gcc" if shutil.which("ccache") else "gcc"
        self.run(f"make {words[0]}", "make", f"-j{os.cpu_count()}", f"CC={compiler}", f"HOSTCC={compiler}", "ARCH=x86", *words)


def _unpack(deb: Path, place: Path, work: _Build) -> None:
    work.run("unpacking", "dpkg-deb", "-x", deb, place / "deb")
    source = next((place / "deb").glob("usr/src/linux-source-*.tar.xz"), None)
    if source is None:
        raise BuildError(f"no source in {deb.name}")
    work.run("unpacking", "tar", "-x", "-f", source, "--strip-components=1", "-C", place)
    shutil.rmtree(place / "deb")


def _configure(place: Path, work: _Build) -> None:
    work.make("allnoconfig")
    work.run("merging debug.config", "scripts/kconfig/merge_config.sh", "-m", ".config", CONFIG)
    work.make("olddefconfig")
    gone = lost(CONFIG.read_text(), (place / ".config").read_text())
    if gone:
        raise BuildError(f"the debug kernel cannot have {', '.join(gone)}")


def _build_in(place: Path, deb: Path, folder: Path, say) -> None:
    log = cache.root() / "logs" / "debug-build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    work = _Build(place, log)
    say("unpacking the source")
    _unpack(deb, place, work)
    for patch in patches():
        work.run(f"bringing back {patch.stem}", "patch", "-p1", "--forward", "--batch", "-i", patch)
    _configure(place, work)
    say(f"building the debug kernel, some minutes; what it says: {log}")
    work.make("bzImage", "modules")
    work.make("modules_install", f"INSTALL_MOD_PATH={folder}", "INSTALL_MOD_STRIP=1")
    # The tree that modules of others are built in, as Debian's linux-headers.
    work.make("run-command", f"KBUILD_RUN_COMMAND=$(srctree)/scripts/package/install-extmod-build {folder / 'headers'}")
    shutil.copyfile(place / "arch/x86/boot/bzImage", folder / "vmlinuz")
    shutil.copyfile(place / ".config", folder / "config")
    shutil.copyfile(place / "System.map", folder / "System.map")
    for link in folder.glob("lib/modules/*/build"):
        link.unlink()


def build(deb: Path, folder: Path, say) -> None:
    """Builds the source package `deb` and leaves in `folder` vmlinuz, config, System.map, lib/modules and headers."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise BuildError(f"the debug kernel cannot be built here without {', '.join(missing)}; ./dev lab installs them")
    # Always the same place: a compiler cache knows files by where they are.
    place = cache.root() / "builds" / "source"
    with cache.locked(place.with_name(".source.lock")):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        try:
            _build_in(place, deb, folder, say)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def install(built: Path, folder: Path) -> str:
    """What a guest needs of it into the entry `folder`, as links. Gives its release."""
    for name in ("vmlinuz", "config", "System.map"):
        os.link(built / name, folder / name)
    shutil.copytree(built / "lib", folder / "lib", copy_function=os.link)
    return next((folder / "lib/modules").iterdir()).name
