"""What ``TestCompiled`` of ``test_fused_steps`` asks, of the kernels that a GPU would get: Triton's.

``TRITON_INTERPRET=1 python tests/engines/interpreted.py``, with ``pip install triton`` and no GPU. PyTorch's
compiler writes Triton for tensors on the CPU, and Triton's interpreter does it line by line in NumPy. It has
no GPU's library of functions, so NumPy's and SciPy's stand in.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch._inductor.config as inductor
import torch._inductor.runtime.triton_helpers as helpers
import triton.language as tl
from scipy import special
from triton.backends.compiler import GPUTarget
from triton.runtime.driver import driver
from triton.runtime.interpreter import TensorHandle

from deepstep.engines.torch import fused


class Driver:
    """Of a GPU that is not there: what the compiler wants to know while it writes."""

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: Any = None) -> int:
        return 0

    def get_active_torch_device(self) -> torch.device:
        return torch.device("cpu")


OTHER_NAMES: dict[str, Callable[..., Any]] = {
    "acos": np.arccos,
    "erf": special.erf,
    "erfc": special.erfc,
    "ilogb": lambda x: np.frexp(x)[1] - 1,
    "pow": np.power,
    "rsqrt": lambda x: 1 / np.sqrt(x),
}
"""Functions that have others in NumPy, or are SciPy's."""


class Library:
    """The functions of a GPU's library, by name, on the interpreter's tensors."""

    calls = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = OTHER_NAMES.get(name) or getattr(np, name)

        def call(*arguments: Any) -> Any:
            Library.calls += 1
            like = next(one for one in arguments if isinstance(one, tl.tensor))
            given = [one.handle.data if isinstance(one, tl.tensor) else one for one in arguments]
            with np.errstate(all="ignore"):
                found = np.asarray(function(*given))
            whole = not np.issubdtype(found.dtype, np.floating)
            kind = tl.int32 if whole else like.dtype.scalar
            found = found.astype(np.int32 if whole else like.handle.data.dtype)
            shape = tl.block_type(kind, list(like.shape)) if like.type.is_block() else kind
            return tl.tensor(TensorHandle(found, kind), shape)

        return call


def main() -> None:
    from test_fused_steps import TestCompiled

    driver.set_active(Driver())
    helpers.libdevice = Library()
    inductor.cpu_backend, inductor.force_pointwise_cat = "triton", True
    fused.what_fusing_lacks = lambda device: ("", "")
    for name in (name for name in vars(TestCompiled) if name.startswith("test_")):
        Library.calls = 0
        getattr(TestCompiled(), name)()
        if not Library.calls:
            raise RuntimeError(f"{name}: no kernel of Triton was run")
        sys.stdout.write(f"{name}: {Library.calls} calls\n")


if __name__ == "__main__":
    main()
