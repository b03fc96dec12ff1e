"""The deterministic mode: the same bits on any number of cores."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext


def blas_threads(deterministic: bool) -> AbstractContextManager[object]:
    """One BLAS thread where the same bits are asked for, else as many as there are.

    A BLAS that shares a product among threads adds its parts up in another order than one thread does: the
    last bits differ. OpenBLAS repeats its bits where the number of threads is the same; with one they are the
    same on any number of cores. Other processors have other kernels, and so other last bits; Apple's
    Accelerate cannot be told how many threads to use.
    """
    if not deterministic:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    limits = ExitStack()
    limits.enter_context(threadpool_limits(limits=1, user_api="blas"))
    if "torch" in sys.modules:  # it has threads of its own, and a BLAS that is built in
        limits.enter_context(_one_thread_of_torch())
    return limits


@contextmanager
def _one_thread_of_torch() -> Iterator[None]:
    torch = sys.modules["torch"]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
