"""A made-up CUDA for processes of their own: libcuda.so.1 and, on top of it, libcudart.so.13, compiled here.

It keeps one law of the real one: what was initialised in a process is of no use in a fork of it, where every
call answers 3 (CUDA_ERROR_NOT_INITIALIZED, cudaErrorInitializationError). It notes what is page-locked,
asks for a current context there, and tells their number (`madeup_locked`).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

COMPILER = shutil.which("cc")

UUID = "GPU-00010203-0405-0607-0809-0a0b0c0d0e0f"
"""Of its only card."""

_DRIVER = r"""
#include <unistd.h>
static int owner;
int cuInit(unsigned flags) {
  if (owner && owner != getpid()) return 3;
  owner = getpid(); return 0; }
int cuCtxGetCurrent(void **context) { *context = 0; return owner == getpid() ? 0 : 3; }
int cuDeviceGet(int *device, int ordinal) { *device = 7; return owner == getpid() ? ordinal : 3; }
int cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = &owner; return owner != getpid() ? 3 : device != 7; }
static int pushed;
int cuDevicePrimaryCtxRelease_v2(int device) { return device != 7; }
int cuCtxPushCurrent_v2(void *context) { pushed++; return context != &owner; }
int cuCtxPopCurrent_v2(void **context) { *context = &owner; pushed--; return 0; }
static void *locked[64];
static int slot(void *address) { for (int i = 0; i < 64; i++) if (locked[i] == address) return i; return -1; }
int madeup_locked(void) { int n = 0; for (int i = 0; i < 64; i++) n += locked[i] != 0; return n; }
int cuMemHostRegister_v2(void *address, unsigned long size, unsigned flags) {
  if (!pushed) return 201;
  if ((unsigned long)address % 4096 || !size || flags != 1) return 1;
  if (slot(address) >= 0) return 712;
  locked[slot(0)] = address; return 0; }
int cuMemHostUnregister(void *address) {
  if (!pushed) return 201;
  if (slot(address) < 0) return 713;
  locked[slot(address)] = 0; return 0; }
int cuDeviceGetUuid_v2(unsigned char *to, int device) {
  for (int i = 0; i < 16; i++) to[i] = i;
  return device != 7; }
int cuGetErrorName(int code, const char **name) {
  *name = code == 0 ? "CUDA_SUCCESS" : code == 3 ? "CUDA_ERROR_NOT_INITIALIZED" : "CUDA_ERROR_UNKNOWN";
  return 0; }
"""

_RUNTIME = r"""
int cuInit(unsigned);
int cudaGetDeviceCount(int *count) { *count = 1; return cuInit(0); }
int cudaFree(void *memory) { return cuInit(0); }
const char *cudaGetErrorName(int code) {
  return code == 0 ? "cudaSuccess" : code == 3 ? "cudaErrorInitializationError" : "cudaErrorUnknown"; }
"""


def build(folder: Path, *, runtime: bool = True) -> Path:
    """Compile them into a folder, and return the runtime (without it, the driver)."""
    folder.mkdir(parents=True, exist_ok=True)
    driver = _compile(folder / "libcuda.so.1", _DRIVER)
    if not runtime:
        return driver
    return _compile(folder / "libcudart.so.13", _RUNTIME, str(driver), f"-Wl,-rpath,{folder}")


def _compile(library: Path, source: str, *more: str) -> Path:
    text = library.with_suffix(".c")
    text.write_text(source)
    name = f"-Wl,-soname,{library.name}"
    command = [COMPILER or "cc", "-shared", "-fPIC", "-w", name, "-o", str(library), str(text), *more]
    subprocess.run(command, check=True)
    return library
