"""Asks the advisory database for known holes in the pinned packages: python requirements/audit.py PIP_AUDIT

Ends with 0 if every package was looked up and none has a hole, 1 if one has, and 3 if the database did not
answer for all: then nothing is known, and nothing is claimed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_LISTS = ("build.txt", "install.txt", "quantize.txt", "tools.txt")
_UNKNOWN = 3
_TIMEOUT_S = 300


def main(pip_audit: str) -> int:
    """Look every list up."""
    folder = Path(__file__).parent
    statuses = [_audit(pip_audit, folder / name) for name in _LISTS]
    return max(statuses)


def _audit(pip_audit: str, listed: Path) -> int:
    command = [pip_audit, "--requirement", str(listed), "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
        return report(listed.name, done.stdout, done.stderr)
    except subprocess.TimeoutExpired:
        return report(listed.name, "", f"no answer in {_TIMEOUT_S} s")


def report(name: str, answer: str, said: str) -> int:
    """Print what pip-audit answered of a list; 0, 1, or 3 where it did not look everything up."""
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    holes = [(one["name"], hole["id"]) for one in packages for hole in one.get("vulns", ())]
    skipped = [one["skip_reason"] for one in packages if "skip_reason" in one]
    for package, hole in holes:
        print(f"{name}: {package} has {hole}")
    if not packages or skipped:
        why = (skipped or said.strip().splitlines()[-1:] or ["it said nothing"])[0]
        print(
            f"{name}: NOT AUDITED: {len(skipped) or 'all'} packages could not be looked up in the database."
        )
        print(f"  why: {why}")
        print("  Run `make audit` where the advisory database can be reached: nothing is known of them here.")
        return _UNKNOWN
    print(f"{name}: {len(packages)} packages looked up, {len(holes)} known holes")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
