"""The deterministic mode: the same bits on any number of cores."""

from contextlib import AbstractContextManager, nullcontext


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

    return threadpool_limits(limits=1, user_api="blas")
