"""What each engine can do on this machine, what is missing, and the command that mends it."""

from typing import NamedTuple

from deepstep.engines.choice import missing_numba, missing_torch


class EngineDescription(NamedTuple):
    """An engine on this machine.

    Attributes
    ----------
    name : str
        What ``engine=`` takes.
    available : bool
    device : str
        Where it works, in words.
    precisions : tuple of str
        What it can do there: "float64", "float32", "bfloat16"; empty where it is not available.
    note : str
        Why it is not available, or what is slow; else empty.
    mend : str
        The command that mends it; else empty.

    Examples
    --------
    >>> describe_engines()[0]
    EngineDescription(name='reference', available=True, device='CPU', precisions=('float64', 'float32'), ...)
    """

    name: str
    available: bool
    device: str
    precisions: tuple[str, ...]
    note: str = ""
    mend: str = ""


def describe_engines() -> list[EngineDescription]:
    """The engines on this machine: which are there, on which devices, in which precisions.

    PyTorch is imported where it is installed, which takes a second or two.

    Returns
    -------
    list of EngineDescription
        One for each engine, of the torch engine one for each device.

    Examples
    --------
    >>> sorted({engine.name.partition(":")[0] for engine in describe_engines()})
    ['compiled', 'reference', 'torch']
    """
    plain = ("float64", "float32")
    found = [EngineDescription("reference", True, "CPU", plain, "the equations as they stand")]
    why = missing_numba()
    mend = "pip install numba" if why else ""
    found.append(EngineDescription("compiled", not why, "CPU", () if why else plain, why, mend))
    return [*found, *_of_torch()]


def _of_torch() -> list[EngineDescription]:
    missing = missing_torch("describe_engines")
    if missing is not None:
        mend = missing.mend.removeprefix("Run: ")
        return [EngineDescription("torch", False, "CPU, GPU", (), "PyTorch is not installed", mend)]
    try:
        from deepstep.engines.torch.devices import described

        return described()
    except Exception as error:  # a broken installation, or driver, raises what it likes
        note = f"PyTorch cannot be used ({type(error).__name__}: {error})"
        mend = "pip install --force-reinstall torch"
        return [EngineDescription("torch", False, "CPU, GPU", (), note, mend)]
