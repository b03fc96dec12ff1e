"""Compiled kernels on disk: a folder for the sources that they are made of, in it a file for each kernel.

Numba's own cache compares the file of the function that Python calls, but not the files of the functions
that this one calls. Numba chooses where the folder is, at the first place that can be written:
``NUMBA_CACHE_DIR``, ``__pycache__`` beside the module, the user's cache folder, and, as in a container of
another user, one among the temporary files. Packages that are installed at different places do not share
folders.
"""

import getpass
import inspect
import logging
import os
import pickle
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

FOLDER = "deepstep-kernels-"
"""How the names of folders begin; the digest of the sources follows."""

ELSEWHERE = ("engines/draws.py", "equations/activations.py")
"""Files of other folders of the package whose constants are compiled into kernels."""

VERSIONS = (numba.__version__, llvmlite.__version__, np.__version__)

POSIX = os.name == "posix"

UNUSED = 60 * 24 * 3600.0
"""Seconds after which a file that was not loaded is removed: that of another processor or version."""


@cache
def sources() -> str:
    """A digest of all files that kernels are made of; an OSError where only bytecode is installed."""
    package = files("deepstep")
    if getattr(sys, "frozen", False):  # one program: its sources are part of the executable file
        contents = {"": Path(sys.executable).read_bytes()}
    else:
        contents = {name: package.joinpath(name).read_bytes() for name in ELSEWHERE}
        for file in package.joinpath("engines/compiled").iterdir():
            if file.name.endswith(".py"):
                contents[file.name] = file.read_bytes()
    listed = [f"{name} {sha256(contents[name]).hexdigest()}\n" for name in sorted(contents)]
    return sha256("".join(listed).encode()).hexdigest()[:16]


def _with_our_folder(locator: Any) -> Any:
    """A class of Numba's that looks for a place, looking for one where our folder can be written."""

    class Located(locator):
        def get_cache_path(self) -> str:
            path = super().get_cache_path()
            if path.startswith("~"):  # Numba would create a folder of that name in the current one
                raise FileNotFoundError(f"{path}: the home folder is not known")
            return os.path.join(path, FOLDER + sources())

    return Located


_LOCATORS: list[Any] = CompileResultCacheImpl._locator_classes
_UserWide: Any = next(locator for locator in _LOCATORS if "UserWide" in locator.__name__)


class _Temporary(_UserWide):
    """A folder of the user's among the temporary files, for containers where no other can be written."""

    def __init__(self, py_func: Callable[..., Any], py_file: str) -> None:
        super().__init__(py_func, py_file)
        user = os.getuid() if POSIX else getpass.getuser()
        self._folder = os.path.join(tempfile.gettempdir(), f"deepstep-{user}")
        self._cache_path = os.path.join(self._folder, self.get_suitable_cache_subpath(py_file))

    def ensure_cache_path(self) -> None:
        """Make the folder; an OSError where others could put code into it, which would be run."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        status = os.lstat(self._folder)  # a link of another user is not followed
        shared = POSIX and (status.st_uid != os.getuid() or status.st_mode & 0o022)
        if shared or not stat.S_ISDIR(status.st_mode):
            raise PermissionError(f"{self._folder} is not a folder that this user alone can write")
        super().ensure_cache_path()


class _Located(CompileResultCacheImpl):
    _locator_classes: list[Any] = [  # noqa: RUF012  # as Numba declares it
        _with_our_folder(locator) for locator in (*_LOCATORS, _Temporary)
    ]


class KernelCache(FunctionCache):
    """The cache of compiled code that a dispatcher of Numba loads from and saves to."""

    _impl_class = _Located
    _cache_file: Any

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        folder = Path(self._cache_path)
        if not folder.name.startswith(FOLDER):  # NUMBA_CACHE_LOCATOR_CLASSES chose it
            folder /= FOLDER + sources()
        source = Path(inspect.getfile(function))
        if source.is_file():  # of older Numba the stamp is the time, which another installation changes
            stamp = sha256(source.read_bytes()).hexdigest()
        else:
            stamp = self._impl.locator.get_source_stamp()
        self.folder = folder
        self._cache_file = _Files(folder, self._impl.filename_base, stamp)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Without the closure, in which Numba numbers functions differently in each process."""
        return sig, codegen.magic_tuple()

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write compiled code; where that fails, the next process compiles it again."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            warn_without_cache(str(error))


class _Files:
    """The files of one kernel, one for each kind: types of arguments, processor, bytecode."""

    # Processes that compile different kinds at the same time do not write the same file.

    def __init__(self, folder: Path, name: str, stamp: Any) -> None:
        self._folder, self._name, self._stamp = folder, name, stamp

    def _path(self, key: Any) -> Path:
        digest = sha256(repr((key, self._stamp, VERSIONS)).encode()).hexdigest()[:32]
        return self._folder / f"{self._name}-{digest}.kernel"

    def load(self, key: Any) -> Any:
        """The saved bytes; None without a whole file, which may vanish at any time."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, data = content[:32], content[32:]
        if sha256(data).digest() != digest:
            return None
        with suppress(OSError):  # another user's file
            os.utime(path)
        saved_key, code = pickle.loads(data)
        return code if saved_key == key else None

    def save(self, key: Any, code: Any) -> None:
        """Write a file, and remove those that are old."""
        data, path = dumps((key, code)), self._path(key)
        temporary = path.with_suffix(f".{uuid4().hex[:6]}")  # as long: Windows has 260 characters for a path
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(sha256(data).digest() + data)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        self._remove_old()

    def flush(self) -> None:
        """Remove the files."""
        for path in self._folder.glob(f"{self._name}-*"):
            path.unlink(missing_ok=True)

    def _remove_old(self) -> None:
        """Remove kernels of other sources, those that Numba's own cache has left, and unused ones."""
        # Other processes may do so at the same time, and what belongs to another user stays.
        for path in self._folder.parent.glob(f"{FOLDER}*"):
            if path != self._folder:
                shutil.rmtree(path, ignore_errors=True)
        module = self._name.partition(".")[0]
        for path in self._folder.parent.glob(f"{module}.*.nb[ic]"):
            with suppress(OSError):
                path.unlink()
        for path in self._folder.iterdir():
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > UNUSED:
                    path.unlink()


@cache
def warn_without_cache(why: str) -> None:
    """Warn, once for each reason, that each process compiles its kernels."""
    logging.getLogger("deepstep").warning(
        "compiled kernels cannot be kept, and each process compiles them again: %s. "
        "Set NUMBA_CACHE_DIR to a folder that can be written.",
        why,
    )
