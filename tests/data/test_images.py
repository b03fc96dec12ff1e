"""Pictures: upright, on white, of the size asked for; the cats' HDF5 files; one sentence for what is none."""

import io
import random
import sys
import zlib
from contextlib import suppress

import h5py
import numpy as np
import PIL.Image
import pytest

from deepstep.data import IMAGE_SUFFIXES, ParquetRows, read_cats, read_image, read_table
from deepstep.data.hdf5 import TEST_FILE, TRAIN_FILE
from deepstep.errors import ConfigurationError, DeepStepError, FileError

RAMP = np.arange(6 * 4 * 3, dtype=np.uint8).reshape(6, 4, 3) * 3


def save(path, array, **options):
    PIL.Image.fromarray(array).save(path, **options)
    return path


SIZE = {"height": 2, "width": 2, "channels": 3}


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((suffix, "1" if suffix == ".pbm" else "RGB") for suffix in IMAGE_SUFFIXES),
        *((".tiff", mode) for mode in ("CMYK", "L", "1", "LA", "P", "RGBA")),
    ],
)
def test_every_suffix_is_read_and_every_mode_becomes_colour(tmp_path, suffix, mode):
    PIL.Image.new("RGB", (4, 6), "white").convert(mode).save(tmp_path / f"t{suffix}")
    pixels = read_image(tmp_path / f"t{suffix}", height=6, width=4, channels=3)
    assert pixels.shape == (6, 4, 3)
    assert (pixels >= 254).all()


def test_resizing_is_pillow_s_lanczos_and_grey_has_one_channel(tmp_path):
    path = save(tmp_path / "t.png", RAMP)
    expected = np.asarray(PIL.Image.fromarray(RAMP).resize((3, 2), PIL.Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(read_image(path, height=2, width=3, channels=3), expected)
    path = save(path, np.full((5, 5, 3), (255, 0, 0), dtype=np.uint8))
    pixels = read_image(path, height=5, width=5, channels=1)
    np.testing.assert_array_equal(pixels, np.full((5, 5, 1), 76))  # ITU-R 601: 0.299 · 255


@pytest.mark.parametrize("channels", [1, 3])
def test_transparent_pixels_are_white(tmp_path, channels):
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[0, 0, 3] = 255
    path = save(tmp_path / "t.png", pixels)
    expected = np.array([[0, 255], [255, 255]])
    np.testing.assert_array_equal(read_image(path, height=2, width=2, channels=channels)[..., 0], expected)


def test_exif_orientation_is_respected_and_sixteen_bits_become_eight_without_clipping(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    path = save(tmp_path / "t.png", RAMP, exif=exif)
    np.testing.assert_array_equal(read_image(path, height=4, width=6, channels=3), np.rot90(RAMP, -1))
    path = save(path, np.array([[0, 256, 32768, 65535]], dtype=np.uint16))
    assert read_image(path, height=1, width=4, channels=1).ravel().tolist() == [0, 1, 128, 255]


def test_what_is_no_picture(tmp_path):
    """Of too large ones Pillow warns (here an error) or refuses them."""
    path, stream = tmp_path / "t.png", io.BytesIO()
    PIL.Image.new("1", (1, 1)).save(stream, "PNG")
    for content in (b"", b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        path.write_bytes(content)
        with pytest.raises(FileError, match="cannot be read as a picture"):
            read_image(path, **SIZE)
    for size in (10_000, 20_000):
        content = bytearray(stream.getvalue())
        content[16:24] = size.to_bytes(4, "big") * 2
        content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
        path.write_bytes(content)
        with pytest.raises(FileError, match="smaller"):
            read_image(path, **SIZE)
    for size in ({"height": 0}, {"width": -1}, {"channels": 2}):
        with pytest.raises(ConfigurationError, match="at least 1"):
            read_image(path, **(SIZE | size))


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # Pillow's, about what it skips
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".gif", ".tiff"])
def test_a_damaged_picture_never_fails_otherwise(tmp_path, suffix, fresh_seed):
    path = tmp_path / f"t{suffix}"
    noise = np.random.default_rng(fresh_seed).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    whole = save(path, noise).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match=r"damaged|none that can be read"):
        read_image(path, height=8, width=8, channels=3)
    draw = random.Random(fresh_seed)
    for _ in range(40):
        content = bytearray(whole)
        for _ in range(3):
            content[draw.randrange(min(len(whole), 200))] = draw.randrange(256)
        path.write_bytes(content)
        with suppress(DeepStepError):  # damage that the format does not notice is a picture
            assert read_image(path, height=8, width=8, channels=3).shape == (8, 8, 3)


@pytest.mark.parametrize("installed", [True, False])
def test_pictures_are_no_table(tmp_path, monkeypatch, installed):
    if not installed:
        monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    (tmp_path / "photos" / "cats").mkdir(parents=True)
    (tmp_path / "photos" / "cats" / "1.JPG").write_bytes(b"\xff\xd8\xff")
    hint = r".* per class .* deepstep train FOLDER"
    with pytest.raises(FileError, match=r"photos has pictures, such as 'cats.1.JPG', and is no table" + hint):
        ParquetRows(tmp_path / "photos")
    with pytest.raises(FileError, match=r"1.JPG is a picture, not a table" + hint):
        read_table(tmp_path / "photos" / "cats" / "1.JPG")


def write_part(folder, part, **changes):
    arrays = {
        f"{part}_set_x": np.arange(3 * 4 * 4 * 3, dtype=np.uint8).reshape(3, 4, 4, 3),
        f"{part}_set_y": np.array([0, 1, 1]),
        "list_classes": np.array([b"non-cat", b"cat"]),
    }
    path = folder / (TRAIN_FILE if part == "train" else TEST_FILE)
    with h5py.File(path, "w") as file:
        for name, array in (arrays | changes).items():
            if array is not None:
                file[name] = array
    return path


@pytest.fixture
def folder(tmp_path):
    write_part(tmp_path, "train")
    write_part(tmp_path, "test")
    return tmp_path


def test_the_published_cats(shared):
    cats = read_cats(shared / "data/cats")
    assert cats.X_train.shape == (209, 64, 64, 3)
    assert cats.X_test.shape == (50, 64, 64, 3)
    assert cats.X_train.dtype == cats.X_test.dtype == np.uint8
    assert (int(cats.y_train.sum()), int(cats.y_test.sum())) == (72, 33)
    assert cats.classes == ("non-cat", "cat")
    assert cats.X_train[0].ravel()[:5].tolist() == [17, 31, 56, 22, 33]


@pytest.mark.parametrize("name", [TRAIN_FILE, TEST_FILE])
def test_missing_cut_and_other_files_are_named(folder, name):
    whole = (folder / name).read_bytes()
    for content in (b"", b"no HDF5", whole[: len(whole) // 10], whole[:-9]):
        (folder / name).write_bytes(content)
        with pytest.raises(FileError, match=rf"{name}.*cannot be read"):
            read_cats(folder)
    (folder / name).unlink()
    with pytest.raises(FileError, match=name):
        read_cats(folder)
    for other, reason in (("none", "does not exist"), (TRAIN_FILE, "no folder")):
        (folder / TRAIN_FILE).touch()
        with pytest.raises(FileError, match=reason):
            read_cats(folder / other)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train_set_y": None}, "lacks train_set_y"),
        ({"train_set_x": np.zeros((3, 48), dtype=np.uint8)}, "images of uint8"),
        ({"train_set_x": np.zeros((3, 4, 4, 3))}, "images of uint8"),
        ({"train_set_y": np.array([[0, 1, 1]])}, "one integer label for each image"),
        ({"train_set_y": np.array([0, 1])}, "one integer label for each image"),
        ({"train_set_y": np.array([0, 1, 2])}, r"labels \[0, 1, 2\], not 0 to 1 alone"),
        ({"list_classes": np.array(3)}, "not a list of class names"),
        ({"list_classes": np.array([b"non-cat", b"caf\xe9"])}, "names of classes that are not UTF-8"),
        ({"train_set_x": np.zeros((3, 5, 5, 3), dtype=np.uint8)}, "but the training file has"),
        (
            {"list_classes": np.array([b"cat", b"non-cat"])},
            f"{TEST_FILE} has the classes 'non-cat', 'cat', but the training file has 'cat', 'non-cat'",
        ),
    ],
)
def test_wrong_arrays_are_told(folder, changes, sentence):
    write_part(folder, "train", **changes)
    with pytest.raises(FileError, match=sentence):
        read_cats(folder)


@pytest.mark.parametrize("link", [False, True])
def test_no_way_leads_to_another_file(folder, tmp_path, link):
    name, other = "list_classes", str(tmp_path / "other.h5")
    says = f"'{name}' is a link" if link else f"the values of '{name}' are in other files"
    with h5py.File(other, "w") as file:
        file["X"] = np.zeros((10, 2))
    layout = h5py.VirtualLayout((10, 2), "f8")
    layout[:] = h5py.VirtualSource(other, "X", (10, 2))
    with h5py.File(folder / TRAIN_FILE, "a") as file:
        del file[name]
        if link:
            file["g/away"] = h5py.ExternalLink(other, "/")
            file[name] = h5py.SoftLink("/g/away/X")
        else:
            file.create_virtual_dataset(name, layout)
    with pytest.raises(FileError, match=rf"{TRAIN_FILE}: .*{says}\. Copy"):
        read_cats(folder)
