"""Pictures from files, as arrays of the size that a network was made for."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepstep.data.files import check_file, reading
from deepstep.errors import ConfigurationError, FileError, missing_package

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_FORMATS = {
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "PPM": (".ppm", ".pgm", ".pbm"),
    "TGA": (".tga",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
# Pillow knows more, among them EPS, which starts another program on the file: reading must execute nothing.

IMAGE_SUFFIXES = tuple(suffix for suffixes in _FORMATS.values() for suffix in suffixes)
"""The usual suffixes of the pictures that `read_image` reads; the content decides, not the suffix."""


def no_table(where: str, picture: Path) -> FileError:
    """The error for a picture where rows are expected."""
    problem = f"{where} is a picture, not a table"
    if str(picture) != where:
        problem = f"{where} has pictures, such as {str(picture)!r}, and is no table"
    return FileError(
        problem,
        "A folder with one folder of pictures per class is learned by: deepstep train FOLDER. Its run takes "
        "pictures: deepstep predict RUN PICTURE.",
    )


def picture_files(folder: Path) -> list[Path]:
    """The pictures in a folder and in its folders, by their suffixes, in the order of their names.

    What begins with a point is left out, and so are links to folders.
    """
    files = [
        Path(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(IMAGE_SUFFIXES)
    ]
    return sorted(
        file for file in files if not any(part[0] == "." for part in file.relative_to(folder).parts)
    )


def read_pictures_by_class(
    folder: Path, *, height: int, width: int, channels: int, tell: Callable[[str], None]
) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
    """Read the pictures of a folder that has one folder per class, as `read_image` does.

    Pictures in deeper folders belong to the class, too. Gives pictures (m, height, width, channels) and the
    names of their classes (m,), in the order of the classes, then of the files; ``tell`` takes a sentence for
    each picture that cannot be read, which is left out. At least two classes must have pictures.
    """
    files = picture_files(folder)
    for file in files:
        if file.parent == folder:
            hint = "Move each picture into a folder with the name of its class."
            raise FileError(f"{folder}: the picture {file.name!r} lies in no folder of a class", hint)
    readable = read_readable(files, height=height, width=width, channels=channels, tell=tell)
    labels = [file.relative_to(folder).parts[0] for file in readable]
    if len(set(labels)) < 2:
        names = ", ".join(map(repr, set(labels)))
        raise FileError(
            f"{folder} has readable pictures of {f'one class alone, {names}' if names else 'no class'}",
            "Make a folder with pictures for each of at least two classes.",
        )
    return np.stack(list(readable.values())), np.array(labels)


def read_readable(
    files: Sequence[Path], *, height: int, width: int, channels: int, tell: Callable[[str], None]
) -> dict[Path, NDArray[np.uint8]]:
    """The pictures that `read_image` reads; ``tell`` takes a sentence for each of the others."""
    pictures = {}
    for file in files:
        try:
            pictures[file] = read_image(file, height=height, width=width, channels=channels)
        except FileError as error:
            tell(f"Left out: {error}")
    return pictures


def read_image(path: Path | str, *, height: int, width: int, channels: int) -> NDArray[np.uint8]:
    r"""Read a picture and bring it to the given size.

    The picture is turned upright (EXIF orientation), laid on white where it is transparent, and resized to
    height × width with the Lanczos filter; proportions are not kept. The first frame of an animation counts.

    Parameters
    ----------
    path : Path or str
        BMP, GIF, JPEG, PNG, PPM, TGA, TIFF or WebP.
    height, width : int
        Pixels, at least 1.
    channels : 1 or 3
        1: grey; 3: red, green, blue.

    Returns
    -------
    array of shape (height, width, channels), uint8

    Raises
    ------
    FileError
        When the file is missing, no picture, damaged, or of more than 89 million pixels (Pillow's guard
        against small files that unpack to fill the memory).
    ConfigurationError
        When the size is not possible.
    MissingPackageError
        When Pillow is not installed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "dot.ppm"
    >>> _ = path.write_bytes(b"P6 1 1 255\n" + bytes([255, 128, 0]))
    >>> read_image(path, height=1, width=2, channels=3).tolist()
    [[[255, 128, 0], [255, 128, 0]]]
    """
    try:
        import PIL.Image
        import PIL.ImageOps
    except ImportError as error:
        raise missing_package("read_image", "pillow", extra="images") from error
    if channels not in (1, 3) or height < 1 or width < 1:
        raise ConfigurationError.must_be(
            "height, width and channels",
            "at least 1, at least 1, and 1 or 3",
            f"{height}, {width}, {channels}",
        )
    path = Path(path)
    check_file(path, "a picture")
    errors = (*_DECODER_ERRORS, PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning)
    with (
        reading(path, "a picture", *errors, hint="Get it again, or save it smaller, as PNG or JPEG."),
        PIL.Image.open(path, formats=tuple(_FORMATS)) as picture,
    ):
        limit = PIL.Image.MAX_IMAGE_PIXELS
        if limit is not None and picture.width * picture.height > limit:
            size = f"{picture.width} × {picture.height} pixels"
            raise FileError(f"{path} has {size}, more than {limit}", "Make it smaller.")
        upright = PIL.ImageOps.exif_transpose(picture)
        plain = _opaque(upright).convert("L" if channels == 1 else "RGB")
        small = plain.resize((width, height), PIL.Image.Resampling.LANCZOS)
    return np.asarray(small, dtype=np.uint8).reshape(height, width, channels)


# What Pillow's decoders raise on damaged files, by its own tests and by ours.
_DECODER_ERRORS = (SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)


def _opaque(picture: "Picture") -> "Picture":
    """Lay a transparent picture on white; bring 16-bit grey to 8 bits, where Pillow would clip."""
    import PIL.Image

    if picture.mode.startswith("I;16"):
        return PIL.Image.fromarray((np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise ValueError("its pixels are 32-bit numbers without a known range")
    if not picture.has_transparency_data:
        return picture
    coloured = picture.convert("RGBA")
    white = PIL.Image.new("RGBA", coloured.size, "white")
    return PIL.Image.alpha_composite(white, coloured)
