"""A made-up nvidia-smi on PATH, which answers as the real one does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DRIVER = "570.86.10"


@dataclass(frozen=True)
class Listed:
    """A card. `slices`: profile and uuid of each MIG slice, None where the card is not in MIG mode."""

    uuid: str
    memory_mb: int = 24_576
    name: str = "NVIDIA A10"
    slices: tuple[tuple[str, str], ...] | None = None


def install(folder: Path, *cards: Listed, knows_mig: bool = True, fails: bool = False) -> str:
    """Write the program; returns a PATH that has it first."""
    folder.mkdir(parents=True, exist_ok=True)
    query, listed = [], []
    for index, card in enumerate(cards):
        query.append(f"{index}, {card.uuid}, {card.memory_mb}")
        listed.append(f"GPU {index}: {card.name} (UUID: {card.uuid})")
        for number, (profile, uuid) in enumerate(card.slices or ()):
            listed.append(f"  MIG {profile:<12}  Device {number:>2}: (UUID: {uuid})")
    modes = ["Enabled" if card.slices is not None else "[N/A]" for card in cards]
    with_mode = [f"{line}, {mode}" for line, mode in zip(query, modes, strict=True)]
    (folder / "query").write_text("".join(f"{line}\n" for line in query))
    models = [f"{card.name}, {card.uuid}, {card.memory_mb}, {DRIVER}" for card in cards]
    (folder / "models").write_text("".join(f"{line}\n" for line in models))
    (folder / "with_mode").write_text("".join(f"{line}\n" for line in with_mode))
    (folder / "listed").write_text("".join(f"{line}\n" for line in listed))
    refuses_mig = 'echo "Field \\"mig.mode.current\\" is not a valid field to query."; exit 2'
    script = f"""#!/bin/sh
{"exit 9" if fails else ""}
case "$*" in
  *mig.mode*) {f"cat '{folder}/with_mode'" if knows_mig else refuses_mig};;
  --query-gpu=index,uuid,memory.total*) cat '{folder}/query';;
  --query-gpu=name,uuid,memory.total,driver_version*) cat '{folder}/models';;
  -L) cat '{folder}/listed';;
  *) exit 2;;
esac
"""
    program = folder / "nvidia-smi"
    program.write_text(script)
    program.chmod(0o755)
    return f"{folder}:/usr/bin:/bin"
