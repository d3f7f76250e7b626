"""Kernel modules of lab/modules, built for the kernel of a guest and kept by the content of their sources."""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cache, headers
from .errors import LabError
from .kernels import Kernel

SOURCES = Path(__file__).parent.parent / "modules"
_SHARED = ("Kbuild", "pace.h")
_LAST_LINES = 15


def names() -> list:
    return sorted(path.stem for path in SOURCES.glob("*.c"))


def source_key(wanted) -> str:
    """Of all that these modules are made from besides the kernel."""
    files = [*_SHARED, *(f"{name}.c" for name in sorted(wanted))]
    return cache.key_of(*(cache.file_hash(SOURCES / file) for file in files))


def _make_words(built_with: headers.Headers, folder: Path) -> list:
    # Type data for BPF needs a pahole as new as the kernel, and nothing here reads it.
    settings = {"LAB_HEADERS": built_with.folder, "M": folder, "CC": headers.COMPILER, "HOSTCC": headers.COMPILER,
                "CONFIG_DEBUG_INFO_BTF_MODULES": ""}
    return ["make", "-s", "-j", str(os.cpu_count() or 1), "-C", str(built_with.tree),
            *(f"{name}={value}" for name, value in settings.items()), "modules"]


def _build(kernel: Kernel, into: Path, say) -> None:
    built_with = headers.ready(kernel, say)
    say(f"building modules for {kernel.release}")
    with tempfile.TemporaryDirectory(prefix="leakscope-modules-") as scratch:
        folder = Path(scratch)
        for path in SOURCES.iterdir():
            if path.suffix in (".c", ".h") or path.name == "Kbuild":
                shutil.copyfile(path, folder / path.name)
        done = subprocess.run(_make_words(built_with, folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        if done.returncode != 0:
            last = "\n".join(done.stdout.splitlines()[-_LAST_LINES:])
            raise LabError(f"the modules cannot be built for {kernel.release}: {last}")
        for path in folder.glob("*.ko"):
            shutil.copyfile(path, into / path.name)


def ready(kernel: Kernel, say) -> Path:
    """A folder with NAME.ko for each module that the kernel can have."""
    key = cache.key_of(kernel.folder.name, headers.compiler_version(), cache.file_hash(Path(headers.__file__)), source_key(names()))
    return cache.entry("modules", f"{kernel.name}-{key}", lambda folder: _build(kernel, folder, say))
