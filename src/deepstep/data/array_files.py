"""Arrays by name with a header of texts: safetensors files, read so that every failure is one error."""

from pathlib import Path

from deepstep.data.files import kind_at
from deepstep.errors import FileError
from deepstep.types import AnyArray


def read_arrays(
    path: Path | str, what: str, *, instead_of_a_folder: str = "", mend: str = "Restore it, or train again."
) -> tuple[dict[str, str], dict[str, AnyArray]]:
    """The header and the arrays of a safetensors file; nothing in it is executed.

    Parameters
    ----------
    path : Path or str
    what : str
        What kind of file it is, for error messages: "a model file".
    instead_of_a_folder, mend : str
        What to do if it is a folder, and if it is damaged.

    Raises
    ------
    FileError
        If there is none, or it is damaged or of another kind.

    Examples
    --------
    >>> read_arrays("no/such/file", "a model file")
    Traceback (most recent call last):
    deepstep.errors.FileError: no/such/file: a model file; there is none.
    """
    from safetensors import SafetensorError, safe_open

    kind = kind_at(path)
    if kind == "folder":
        raise FileError(str(path), what, "this is a folder", instead_of_a_folder)
    if kind == "something else":  # reading from a pipe may never end
        raise FileError(str(path), what, "this is a device or a pipe")
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise FileError(str(path), what, "there is none") from None
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise FileError(
            str(path), "a safetensors file", f"it cannot be read ({error!s:.300})", mend
        ) from None
