"""Debian packages of other suites, through an apt of our own.

Lists, downloads and sources live in a folder of ours (`-o Dir::State=...`), so that nothing of the host's apt changes.
The mirror is the one that the host is configured for, suites are checked against Debian's archive keys, and whatever
else is configured for apt (a proxy, say) holds here too.
"""
import functools
import subprocess
from pathlib import Path

from .errors import LabError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def parse_mirrors(targets: str) -> dict:
    """`apt-get indextargets` as "LABEL|URI" lines, to the first URI of each label."""
    mirrors = {}
    for line in targets.splitlines():
        label, _, uri = line.partition("|")
        if uri:
            mirrors.setdefault(label, uri)
    return mirrors


def host_mirrors() -> dict:
    targets = _run(["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)", "Created-By: Packages"])
    mirrors = parse_mirrors(targets)
    if "Debian" not in mirrors:
        raise LabError("apt knows no Debian mirror; run apt-get update once")
    return mirrors


def sources_list(mirrors: dict, suites) -> str:
    """The sources of `suites`; those ending in -security come from the security archive, if the host has one."""
    lines = []
    for suite in suites:
        uri = mirrors.get("Debian-Security" if suite.endswith("-security") else "Debian")
        if uri:
            lines.append(f"deb [signed-by={KEYRING}] {uri} {suite} main")
    return "\n".join(lines) + "\n"


def parse_stanzas(text: str) -> list:
    """What `apt-cache show` prints, one dictionary for each package; continued lines are left out."""
    stanzas = []
    for block in text.split("\n\n"):
        fields = (line.partition(":") for line in block.splitlines() if not line.startswith((" ", "\t")))
        stanza = {name: value.strip() for name, colon, value in fields if colon}
        if stanza:
            stanzas.append(stanza)
    return stanzas


def newer(a: str, b: str) -> bool:
    return subprocess.run(["dpkg", "--compare-versions", a, "gt", b], check=False).returncode == 0


def newest(stanzas: list) -> dict:
    """The stanza with the highest version, whatever priority its suite has."""
    order = functools.cmp_to_key(lambda a, b: 1 if newer(a["Version"], b["Version"]) else -1)
    return max(stanzas, key=order)


def _run(command, cwd=None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


class AptRoot:
    """An apt that knows `suites` and nothing else."""

    def __init__(self, home: Path, suites):
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        sources = home / "sources.list"
        sources.write_text(sources_list(host_mirrors(), suites))
        options = {
            "Dir::Etc::SourceList": sources, "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null", "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": home / "state", "Dir::State::status": "/dev/null", "Dir::Cache": home / "cache",
            # As _apt it could not write to a folder of ours.
            "APT::Sandbox::User": "root",
            "APT::Architecture": "amd64", "Acquire::Languages": "none",
        }
        self._options = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]

    def update(self) -> str:
        """Fetches the lists. A suite that the mirror does not have is no failure; what is wanted from it will be. Gives
        apt's first complaint, or nothing."""
        done = subprocess.run(["apt-get", *self._options, "-q", "update"], capture_output=True, text=True, check=False)
        return next((line for line in done.stderr.splitlines() if line.startswith(("E:", "W:"))), "")

    def show(self, package: str) -> list:
        done = subprocess.run(["apt-cache", *self._options, "show", package], capture_output=True, text=True,
                              check=False)
        return parse_stanzas(done.stdout)

    def download(self, package: str, version: str, folder: Path) -> None:
        """The .deb, into `folder`; apt has checked it against the signed list."""
        _run(["apt-get", *self._options, "-q", "download", f"{package}={version}"], cwd=folder)
