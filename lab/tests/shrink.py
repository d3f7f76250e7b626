"""Shrinks a recording of this machine: shrink.py LEAKSCOPE LAB_SHRINK. What is left is as it was, and what is not was at rest."""
import csv
import io
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path


def readings(leakscope: str, recording: Path) -> dict:
    """{(kind, name, pid, start): {metric: [(time, value)]}}"""
    text = subprocess.run([leakscope, "show", str(recording), "--format", "csv"], check=True, capture_output=True, text=True).stdout
    found = defaultdict(lambda: defaultdict(list))
    for row in csv.DictReader(io.StringIO(text)):
        found[row["subject_kind"], row["subject"], row["pid"], row["start"]][row["metric"]].append((row["time"], row["value"]))
    return found


def main(leakscope: str, shrink: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        whole, less, twice = (Path(scratch) / f"{name}.lsr" for name in ("whole", "less", "twice"))
        subprocess.run([leakscope, "record", "-q", "--no-bpf", "-o", str(whole), "--interval", "200ms", "--for", "3s"], check=True)
        for source, target in ((whole, less), (less, twice)):
            target.write_bytes(subprocess.run([shrink, str(source)], check=True, capture_output=True).stdout)
        before, after, again = (readings(leakscope, path) for path in (whole, less, twice))
    assert 0 < len(after) < len(before), (len(after), len(before))
    assert any(kind == "machine" for kind, *_ in after)
    for subject, series in before.items():
        if subject in after:
            assert after[subject] == series, f"{subject} is not as it was"
        else:
            for metric, points in series.items():
                assert len({value for _, value in points}) == 1, f"{subject} {metric} moved: {points}"
    assert set(after) <= set(before)
    assert again == after, "what was shrunk once has nothing at rest"
    done = subprocess.run([shrink, "/dev/null"], capture_output=True, check=False)
    assert done.returncode == 2 and not done.stdout and b"/dev/null" in done.stderr, done
    print(f"{len(before)} subjects, {len(after)} of them left")


if __name__ == "__main__":
    main(*sys.argv[1:])
