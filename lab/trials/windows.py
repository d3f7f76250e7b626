"""The beginning of a recording, judged alone: how long it takes to the first right verdict."""
import json
import subprocess
from pathlib import Path

from guests.errors import LabError

JUDGED = (0, 1, 3)  # exit codes of `diagnose` that come with a document
STEP_SECONDS = 10
MOST_STEPS = 60


def diagnose(leakscope: Path, recording: Path, seconds: int | None = None) -> dict:
    """What is said of the recording, or of its first seconds."""
    until = [] if seconds is None else ["--until", f"{seconds}s"]
    done = subprocess.run([str(leakscope), "diagnose", "--json", *until, "--from", str(recording)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode not in JUDGED:
        raise LabError(f"diagnose gave {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Windows:
    """Of one recording; those who share it share what was said of each window."""

    def __init__(self, leakscope: Path, recording: Path):
        self._leakscope, self._recording, self._said = leakscope, recording, {}

    def document(self, seconds: int | None = None) -> dict:
        """Of the first seconds, or of the whole."""
        if seconds not in self._said:
            self._said[seconds] = diagnose(self._leakscope, self._recording, seconds)
        return self._said[seconds]

    def first_right(self, length: int, judge) -> int:
        """Of a recording of `length` seconds whose verdict is right: the seconds after which it first was. judge(document)
        gives the score."""
        step = max(STEP_SECONDS, -(-length // MOST_STEPS))
        return next((seconds for seconds in range(step, length, step) if judge(self.document(seconds)).outcome == "right"), length)
