"""Export: a model as one file that predicts without DeepStep, with a certificate of parity.

A model becomes a `deepstep.export.program.Program`: a list of plain operations (`OPERATIONS`) from raw
columns to outputs in terms of the target. A format writes a program.

To add a format, write a file ``deepstep/export/NAME_format.py`` with a table *operation → how it is written*
and a record ``FORMAT`` (`deepstep.export.formats.Format`): suffix of the file, writer, and runner for the
certificate. Then name the module in `deepstep.export.formats.FORMATS`. Command, method, certificate and tests
follow.

``model.export`` and ``deepstep export`` call `export`.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from deepstep.data import atomic_write
from deepstep.data.files import check_writable
from deepstep.errors import ConfigurationError, FileError
from deepstep.export.certificate import Certificate, ParityError, certify
from deepstep.export.formats import FORMATS, Format, get_format, refuse_too_many_numbers, worded
from deepstep.export.models import exported

NOT_YET = "[not run yet]"
"""Stands for the certificate in a file that is tested."""

__all__ = ["FORMATS", "Certificate", "Format", "ParityError", "export"]


def export(
    model: Any, path: str | Path, *, to: str = "", overwrite: bool = False, where: str = "export"
) -> Certificate:
    """Write a model as a file that predicts without DeepStep, whole or not at all.

    Parameters
    ----------
    model : estimator, Network or Run
        The fitted model; an estimator may be a pipeline of a `TableEncoder` and one network.
    path : str or Path
        The file to write.
    to : str, optional
        The format, a name in ``FORMATS``; by default by the suffix of the file.
    overwrite : bool, optional
        Replace files that exist.
    where : str, optional
        Who calls: a command of the command line, such as ``"deepstep export"``, gets the names of its
        options in the hints of errors.

    Returns
    -------
    Certificate
        The certificate, which the file holds, too.

    Raises
    ------
    ConfigurationError
        If the model cannot be exported; the message names the reason.
    ParityError
        If the file predicts other values than the model; nothing is written.
    FileError
        If the file exists and may not be replaced, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from deepstep import Network
    >>> folder = Path(tempfile.mkdtemp())
    >>> certificate = export(Network([2, 3, 1], seed=1), folder / "small.py", to="numpy")
    >>> certificate.difference < 1e-6, sorted(path.name for path in folder.iterdir())
    (True, ['small.npz', 'small.py'])
    """
    path = Path(path)
    to = to or _by_suffix(path, where)
    kind = get_format(to)
    _check_suffix(path, kind, where)
    _check_targets([path], where, overwrite=overwrite)
    source = exported(model)
    refuse_too_many_numbers(to, kind, source.program, where)
    with tempfile.TemporaryDirectory(prefix="deepstep-") as folder:
        draft = Path(folder) / path.name
        drafts = kind.write(source.program, draft, NOT_YET)
        targets = [path.parent / file.name for file in drafts]
        _check_targets(targets, where, overwrite=overwrite)
        certificate = certify(source, partial(kind.run, draft, source.program))
        content = draft.read_bytes()
        if b"\0" in content:  # a binary file holds the length of its texts: write it again, and test that
            kind.write(source.program, draft, str(certificate))
            certificate = certify(source, partial(kind.run, draft, source.program))
        else:
            draft.write_bytes(content.replace(NOT_YET.encode(), str(certificate).encode()))
        # the stack closes in reverse: files beside the model get their names first, the model itself last
        with ExitStack() as stack:
            opened = [stack.enter_context(atomic_write(target)) for target in targets]
            for file, written in zip(opened, drafts, strict=True):
                file.write(written.read_bytes())
    return replace(certificate, files=tuple(targets))


def _check_suffix(path: Path, kind: Format, where: str) -> None:
    """Refuse a file with the suffix of another format."""
    if path.suffix != kind.suffix:
        hint = f"Pass {path.with_suffix(kind.suffix).name!r}."
        requirement = f"a file with the suffix {kind.suffix}"
        raise ConfigurationError.must_be(worded(where, "path", "--out"), requirement, repr(path.name), hint)


def _check_targets(paths: list[Path], where: str, *, overwrite: bool) -> None:
    for path in paths:
        if path.is_dir():
            raise FileError(f"{path} is a folder", "Pass the name of a file.")
        if path.exists() and not overwrite:
            hint = f"Pass {worded(where, 'overwrite=True', '--overwrite')} to replace it."
            raise FileError(f"{path} exists already", hint)
        check_writable(path)


def _by_suffix(path: Path, where: str) -> str:
    suffixes = {get_format(name).suffix: name for name in FORMATS}
    if path.suffix not in suffixes:
        requirement = f"a file with one of the suffixes {', '.join(suffixes)}"
        raise ConfigurationError.must_be(worded(where, "path", "--out"), requirement, repr(path.name))
    return suffixes[path.suffix]
