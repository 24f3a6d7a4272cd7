"""Memory of this process for the inputs of models; page-locked where a card fetches them, which is faster."""

from __future__ import annotations

import ctypes
import logging
import mmap
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from actors.runtimes.contracts import Floats, Shape

_LOG = logging.getLogger("rayocr.device")

_DRIVER = "libcuda.so.1"

_PORTABLE = 1
"""CU_MEMHOSTREGISTER_PORTABLE (cuda.h): page-locked for whoever copies, ONNX Runtime's contexts too."""


class Inputs(Protocol):
    """Where inputs are written before they go to a model. Used by one thread."""

    def take(self, shape: Shape) -> Floats:
        """Memory for a batch (float32), with anything in it. Raises MemoryError."""
        ...

    def give_back(self, batch: Floats) -> None:
        """The model has seen this batch; its memory may be taken again."""
        ...

    def release(self) -> None:
        """Keep no memory that is not taken."""
        ...


class Plain:
    """See Inputs: numpy's memory, new for each batch."""

    def take(self, shape: Shape) -> Floats:
        """See Inputs."""
        import numpy as np

        return np.empty(shape, np.float32)

    def give_back(self, batch: Floats) -> None:
        """See Inputs."""

    def release(self) -> None:
        """See Inputs."""


class Locker(Protocol):
    """What locks pages in memory."""

    def lock(self, address: int, size: int) -> int:
        """0, or the code of an error."""
        ...

    def unlock(self, address: int) -> None:
        """Undo it."""
        ...


class PageLocked:
    """See Inputs. At most `keep` blocks are kept, each as large as the largest batch when it was made; that
    of a batch which is never given back is freed when the batch is forgotten.

    Memory that could not be locked is as good, only slower; the first time is logged (debug).
    """

    def __init__(self, locker: Locker, keep: int) -> None:
        self._locker = locker
        self._keep = keep
        self._largest = 0
        self._free: list[Floats] = []
        self._ours: weakref.WeakValueDictionary[int, Floats] = weakref.WeakValueDictionary()
        self._told = False

    def take(self, shape: Shape) -> Floats:
        """See Inputs."""
        count = shape[0] * shape[1] * shape[2] * shape[3]
        self._largest = max(self._largest, count)
        fitting = [block for block in self._free if block.size >= count]
        if fitting:
            block = fitting[0]
            self._free = [one for one in self._free if one is not block]
        else:
            self._free = self._free[: self._keep - 1]
            block = self._made(self._largest)
        return block[:count].reshape(shape)

    def give_back(self, batch: Floats) -> None:
        """See Inputs. Memory of others is left alone."""
        ours = self._ours.get(batch.ctypes.data)
        if ours is None or id(batch.base) != id(ours):  # another view of it
            return
        if not any(one is ours for one in self._free):
            self._free = sorted([*self._free, ours], key=lambda one: -one.size)[: self._keep]

    def release(self) -> None:
        """See Inputs."""
        self._free.clear()
        self._largest = 0

    def _made(self, count: int) -> Floats:
        """Pages of their own: a page is locked as a whole, and only once."""
        import numpy as np

        try:
            pages = mmap.mmap(-1, max(1, count) * 4, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            raise MemoryError(str(error)) from error
        block: Floats = np.frombuffer(pages, np.float32)
        code = self._locker.lock(block.ctypes.data, block.nbytes)
        if code == 0:
            weakref.finalize(block, self._locker.unlock, block.ctypes.data).atexit = False
        elif not self._told:
            self._told = True
            _LOG.debug("inputs cannot be page-locked (CUDA says %d): copies to the card are slower", code)
        self._ours[block.ctypes.data] = block
        return block


class CudaLocker:
    """Locks pages with the CUDA driver, in the context that the runtimes of this process use on their first
    card."""

    def __init__(self, library: Any) -> None:
        self._driver = library

    @classmethod
    def open(cls) -> CudaLocker | None:
        """None where the driver is not there."""
        try:
            return cls(ctypes.CDLL(_DRIVER))
        except OSError:
            return None

    def lock(self, address: int, size: int) -> int:
        """See Locker."""
        register = self._driver.cuMemHostRegister_v2
        return self._in_context(
            lambda: int(register(ctypes.c_void_p(address), ctypes.c_size_t(size), ctypes.c_uint(_PORTABLE)))
        )

    def unlock(self, address: int) -> None:
        """See Locker."""
        self._in_context(lambda: int(self._driver.cuMemHostUnregister(ctypes.c_void_p(address))))

    def _in_context(self, act: Callable[[], int]) -> int:
        driver, device, context = self._driver, ctypes.c_int(), ctypes.c_void_p()
        code = int(driver.cuDeviceGet(ctypes.byref(device), 0))
        if code == 0:
            code = int(driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
        if code:
            return code
        try:
            code = int(driver.cuCtxPushCurrent_v2(context))
            if code:
                return code
            code = act()
            driver.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
            return code
        finally:
            driver.cuDevicePrimaryCtxRelease_v2(device)


def inputs_for(device: str, runtime: str, keep: int) -> Inputs:
    """Page-locked memory where ONNX Runtime computes on a card, else numpy's. `keep`: batches whose inputs
    are in memory at once."""
    locker = CudaLocker.open() if device == "gpu" and runtime == "onnxruntime" else None
    return PageLocked(locker, keep) if locker is not None else Plain()
