"""A made-up libnvidia-ml.so.1 for processes of their own: compiled here, found through LD_LIBRARY_PATH."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_SOURCE = r"""
#include <string.h>
#include <unistd.h>
typedef unsigned long long u64;
struct card { const char *uuid; u64 total, used, own; };
static struct card cards[] = { CARDS };
#define COUNT ((unsigned)(sizeof cards / sizeof cards[0]))
#define CARD(handle) (&cards[(long)(handle) - 1])
int nvmlInit(void) { return 0; }
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *v) { *v = 12080; return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount(unsigned *n) { *n = COUNT; return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = COUNT; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **h) {
  if (i >= COUNT) return 6;
  *h = (void *)(long)(i + 1); return 0; }
int nvmlDeviceGetHandleByIndex(unsigned i, void **h) { return nvmlDeviceGetHandleByIndex_v2(i, h); }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **h) {
  for (unsigned i = 0; i < COUNT; i++)
    if (!strcmp(uuid, cards[i].uuid)) { *h = (void *)(long)(i + 1); return 0; }
  return 6; }
int nvmlDeviceGetUUID(void *h, char *to, unsigned n) { strncpy(to, CARD(h)->uuid, n); return 0; }
int nvmlDeviceGetName(void *h, char *to, unsigned n) { strncpy(to, "NVIDIA A10", n); return 0; }
int nvmlDeviceGetUtilizationRates(void *h, unsigned *u) { u[0] = 40; u[1] = 10; return 0; }
int nvmlDeviceGetMemoryInfo(void *h, u64 *m) {
  m[0] = CARD(h)->total; m[2] = CARD(h)->used; m[1] = m[0] - m[2]; return 0; }
struct process { unsigned pid; u64 used; unsigned a, b; };
int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *n, struct process *found) {
  if (*n < 2) { *n = 2; return 7; }
  found[0].pid = 4711; found[0].used = CARD(h)->used;
  found[1].pid = (unsigned)getpid(); found[1].used = CARD(h)->own;
  *n = 2; return 0; }
"""


@dataclass(frozen=True)
class Built:
    """A card in MiB: `used` by process 4711 on it, and `own` by whoever asks."""

    uuid: str
    total: int = 24_576
    used: int = 0
    own: int = 0


def build(folder: Path, *cards: Built) -> str:
    """Compile it; returns the LD_LIBRARY_PATH of a process that is to find it."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ", ".join(
        f'{{ "{one.uuid}", {one.total}ull << 20, {one.used}ull << 20, {one.own}ull << 20 }}' for one in cards
    )
    source = folder / "nvml.c"
    source.write_text(_SOURCE.replace("CARDS", rows, 1))
    library = folder / "libnvidia-ml.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", library, source], check=True)
    return str(folder)
