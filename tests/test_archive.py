"""The archive of a model: what is read equals what was written; what was altered is one `FileError`."""

import json
import os
import shutil
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import reduce
from math import isnan
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import deepstep
from archive_examples import EXAMPLES, TABLE, TARGETS, altered, put, reseal, trained_network
from damage import survey
from deepstep import Network, archive
from deepstep.archive import MODEL, TYPES, read, write
from deepstep.errors import ConfigurationError, DeepStepError, FileError
from deepstep.preparation import TablePreparation
from deepstep.preparation.numbers import NumberColumn
from deepstep.targets import Targets
from hostile_texts import HOSTILE

FILES = MODEL[:3]


def same(one, other):
    """Whether two values are equal in all they hold, with their types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.dtype.kind == "O":
            return other.dtype == one.dtype and same(one.tolist(), other.tolist())
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one):
        return all(same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    if hasattr(one, "to_archive"):
        return same(one.to_archive(), other.to_archive())
    return one == other or (isinstance(one, float) and isnan(one) and isnan(other))


def there_and_back(value, tmp_path_factory):
    folder = tmp_path_factory.mktemp("archives") / "archive"
    write(folder, {"value": value})
    return read(folder)["value"]


NAMES = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = [np.float64, np.float32, np.float16, np.int64, np.int8, np.uint8, np.bool_]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | NAMES
    | st.binary()
    | st.builds(Path, st.sampled_from(["a", "a/b.csv", "/etc/passwd"]))
    | st.sampled_from(NUMBERS).flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0)))
    | st.lists(NAMES | st.integers(0, 9) | st.booleans()).map(lambda labels: np.array([*labels, ""], object))
    | st.lists(NAMES, min_size=1).map(lambda labels: np.array(labels, "U"))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(NAMES | st.sampled_from(["type", "a.b", "a"]), inner, max_size=4)
        | st.dictionaries(st.integers() | st.tuples(NAMES, st.booleans()), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=40)
@given(value=VALUES)
def test_values_there_and_back(value, tmp_path_factory):
    assert same(there_and_back(value, tmp_path_factory), value)


@pytest.mark.parametrize("name", TYPES)
def test_every_class_of_the_table(name, tmp_path_factory):
    value = EXAMPLES[name]()
    assert type(value).__name__ == name
    assert same(there_and_back(value, tmp_path_factory), value)


@pytest.mark.parametrize("kind", TARGETS)
def test_targets_of_every_kind(kind, tmp_path_factory):
    targets = TARGETS[kind]()
    again = there_and_back(targets, tmp_path_factory)
    assert same(again, targets)
    A = np.random.default_rng(1).dirichlet(np.ones(targets.n_outputs + 1), 20)[:, 1:]
    assert same(again.decode(A), targets.decode(A))


def test_the_same_record_is_the_same_files(tmp_path):
    """Also where places have dots, and keep their own arrays."""
    network, arrays = trained_network(), {"a.b": np.zeros(2), "a": {"b": np.ones(3)}}
    for name in "ab":
        write(tmp_path / name, {"network": network, "again": network, "arrays": arrays})
    assert same(read(tmp_path / "a")["arrays"], arrays)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (print, "value must be a value that a file can hold, got builtin_function_or_method."),
        ({"a": [object()]}, "value.a.0 must be a value that a file can hold, got object."),
        (reduce(lambda value, _: (value,), range(5_000), ()), "is not read again"),
        (np.array([1j]), "got an array of complex128"),
        ("\ud800", "is not read again"),
        (NumberColumn("x", 0.0, 0.0, False), "NumberColumn that does not meet the condition: the mean is"),
        (NumberColumn("x", "0", 1.0, False), "mean of NumberColumn is <class 'float'>, got '0'"),
        (type("Own", (NumberColumn,), {})("x", 0.0, 1.0, False), "got Own"),
    ],
)
def test_what_no_file_can_hold_is_not_written(tmp_path, value, message):
    with pytest.raises(ConfigurationError) as refused:
        write(tmp_path / "archive", {"value": value})
    assert message in str(refused.value)
    assert [*tmp_path.iterdir()] == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A network, and a record of each class beside it."""
    folder = tmp_path_factory.mktemp("archives") / "archive"
    write(folder, {**{name: make() for name, make in EXAMPLES.items()}, "path": Path("a"), "plain": (1, 2)})
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    copy = tmp_path / "archive"
    copy.mkdir()
    for name in FILES:
        (copy / name).write_bytes((whole / name).read_bytes())
    return copy


def refusal(folder):
    """The error for an archive: always the same words, whatever is wrong."""
    with pytest.raises(FileError) as refused:
        read(folder)
    text = str(refused.value)
    assert text.startswith(f"{folder} was altered or damaged (")
    assert text.endswith("). Restore it, or save again.")
    assert len(text) < 800
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_altered_cut_or_grew(folder, name):
    content = (folder / name).read_bytes()
    for place in range(0, len(content), 1 + len(content) // 40):
        (folder / name).write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        refusal(folder)
    for data in (b"", content[:-9], content + b"more"):
        (folder / name).write_bytes(data)
        refusal(folder)
    (folder / name).write_bytes(content)
    read(folder)


DAMAGES = [
    ("Network type", "os.system", "'os.system' is no class of a model"),
    ("Network type", "Targets", "Targets has no 'architecture'"),
    ("Network more", 1, "Network has no 'more'"),
    ("Network seed", True, "seed of Network is <class 'int'>, got True"),
    ("Network architecture normalization", ["layer"], "mean1 must have shape none, got (4, 1)"),
    ("Network architecture output_settings", {"where": 1}, "got 'where'"),
    ("Network history records count", -1, "has other lines"),
    ("Settings optimizer", "exec", "optimizer"),
    ("Targets head", "exec", "a head of DeepStep's, or of your own that is registered"),
    ("Targets classes 0 values", ["no", "no"], "different classes"),
    ("Targets classes 0 values", ["no", 1], "labels are of another type"),
    ("Targets classes 0 dtype", "U999999999", "labels are"),
    ("Encoding factor 0", -1.0, "factors of at least 0"),
    ("Encoding factor 0", 2**80, "factor of Encoding is tuple[float, ...], got"),
    ("Encoding center", lambda numbers: numbers[1:], "center, factor and edges of each feature"),
    ("Encoding edges 0", lambda numbers: numbers[::-1], "edges that increase"),
    ("Encoding marks 0", lambda numbers: numbers[::-1], "marks that increase"),
    ("TablePreparation columns", lambda columns: columns * 2, "every column has its own name"),
    ("TablePreparation columns 0 std", 0, "std is above 0"),
    ("TablePreparation columns 0 written", "hex", "written is one of"),
    ("TablePreparation columns 1 parts", ["year"], "parts are of"),
    ("TablePreparation columns 4 categories", ["a", "a"], "every category stands once"),
    ("ImagePreparation height", 0, "height, width and channels are at least 1"),
    ("Calibration temperature", 0, "a finite temperature above 0"),
    ("WidthModel", lambda one: {**one, "knots": one["center"], "center": one["knots"]}, "of each term"),
    ("plain", {"type": "mapping", "items": [[{"type": "list", "values": []}, 1]]}, "unhashable"),
    ("format", "deepstep-run", "model.json is of another format than 'deepstep'"),
    ("files", lambda sums: {**sums, "../../etc/passwd": "0"}, "names other files than"),
    ("files arrays.safetensors", 0, "arrays.safetensors has another checksum"),
]
"""A place in ``model.json``, what is put there (a function is of what was there), a part of the reason."""


@pytest.mark.parametrize(("place", "to", "reason"), DAMAGES)
def test_a_forged_value_with_the_right_checksums(folder, place, to, reason):
    reseal(folder, put(place, to))
    assert reason in refusal(folder)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_text_that_is_hard_to_read(folder, kind):
    reseal(folder, as_text=lambda values: json.dumps(values).replace("{", f'{{"more": {HOSTILE[kind]}, ', 1))
    assert "checksum" not in refusal(folder)


@pytest.mark.parametrize("name", ["model.json", "history.jsonl"])
def test_a_text_of_terabytes(folder, name):
    """Most of it are holes, which take no room on the disk."""
    os.truncate(folder / name, 2**41)
    assert "bytes, more than 1,073,741,824" in refusal(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "\udc80"])
def test_a_text_that_is_no_record(folder, text):
    (folder / "model.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    refusal(folder)


def test_lines_that_belong_to_nothing_and_a_newer_version(folder):
    with (folder / "history.jsonl").open("a") as file:
        file.write("{}\n")
    reseal(folder)
    assert "belong to nothing" in refusal(folder)
    reseal(folder, lambda values: values.update(version=2))
    with pytest.raises(FileError, match=r"The model has version 2, and 1 can be read\. Update DeepStep"):
        read(folder)


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file(folder, name):
    path = folder / name
    path.unlink()
    for make, reason in (
        (lambda path: None, r"does not exist|has no model.json"),
        (os.mkfifo, "is a pipe or a device, not"),
        (lambda path: (path.unlink(), path.mkdir()), "is a folder, not"),
    ):
        make(path)
        with pytest.raises(FileError, match=reason):
            read(folder)


def test_what_is_no_folder_and_no_model(tmp_path, whole):
    (tmp_path / "file").touch()
    for name, reason in (
        ("none", "does not exist"),
        ("file", "is no folder"),
        ("", "has no model.json, and is no saved model"),
    ):
        with pytest.raises(FileError) as refused:
            deepstep.load(tmp_path / name)
        assert str(refused.value) == f"{tmp_path / name} {reason}. Give the folder of a saved model."
    with pytest.raises(FileError, match="it holds no model"):
        deepstep.load(whole)
    for model in (None, {"a": 1}, Network, EXAMPLES["Settings"]()):
        with pytest.raises(ConfigurationError, match=r"model must be a Network, an estimator .*, got "):
            deepstep.save(model, tmp_path / "model")
    assert [*tmp_path.iterdir()] == [tmp_path / "file"]


def loaded(number, wholes, path):
    """Whether the folder is refused; if it is loaded, it has to be right, and it predicts or refuses to."""
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(wholes[number // 3 % 2], path)
    sealed = altered(path, FILES[number % 3], np.random.RandomState(number))
    try:
        record = read(path)
    except FileError as error:
        return "refused" if len(str(error)) < 800 and "\n" not in str(error) else "refused at length"
    network, table, targets = map(record.get, ("network", "TablePreparation", "Targets"))
    A = np.linspace(0, 1, 12).reshape(3, 4)
    if isinstance(network, Network):
        with suppress(DeepStepError):  # numbers that are finite, and too large, or of other inputs
            outputs = network.forward(A)
            assert np.isfinite(outputs).all(), "outputs that are not finite"
            assert sealed or (outputs == read(wholes[0])["network"].forward(A)).all(), "another network"
    with suppress(DeepStepError):
        assert not isinstance(table, TablePreparation) or np.isfinite(table.transform(TABLE)).all()
    with suppress(DeepStepError):
        assert not isinstance(targets, Targets) or targets.predictions(A[:, : targets.n_outputs]).size
    write(path, record, overwrite=True)
    assert read(path).keys() == record.keys()
    return "loaded" if sealed else "loaded as it was"


@pytest.mark.slow
def test_damaged_and_forged_archives(tmp_path, fresh_seed):
    """Each is loaded right or refused with a `FileError`: no other exception, 10 s and 1 GB at most."""
    wholes = [tmp_path / name for name in ("network", "record")]
    write(wholes[0], {"network": trained_network()})
    write(wholes[1], {name: make() for name, make in EXAMPLES.items() if name != "Network"})
    numbers = range(fresh_seed, fresh_seed + 60)
    cases = ((str(n), lambda n=n: loaded(n, wholes, tmp_path / "mutant")) for n in numbers)
    outcomes = survey(cases, seconds=10, gigabytes=1)
    assert outcomes["failures"] == []
    assert outcomes["gigabytes"] < 1
    assert set(outcomes["counts"]) <= {"refused", "loaded", "loaded as it was"}
    assert outcomes["counts"]["refused"] > 30  # most of them are broken indeed, and some are not
    assert outcomes["counts"]["loaded"] > 0


def test_a_model_is_replaced_if_that_is_asked_for(tmp_path):
    for seed in (1, 2):
        deepstep.save(Network([2, 1], seed=seed), tmp_path / "model", overwrite=seed == 2)
    with pytest.raises(FileError, match="exists already"):
        deepstep.save(Network([2, 1], seed=3), tmp_path / "model")
    assert deepstep.load(tmp_path / "model").seed == 2


@pytest.mark.parametrize("name", ["write_arrays", "sha256", "atomic_write", "sealed"])
def test_an_interruption_leaves_the_old_one(folder, monkeypatch, name):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setattr(archive, name, Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write(folder, {"value": np.ones(3)}, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["archive"]


def test_links_are_followed_by_readers_and_not_replaced(folder):
    (folder / "history.jsonl").rename(folder.parent / "elsewhere")
    (folder / "history.jsonl").symlink_to(folder.parent / "elsewhere")
    (folder.parent / "link").symlink_to("archive")
    names = json.loads((folder / "model.json").read_text()).keys() - {*archive.HEADER}
    assert read(folder.parent / "link").keys() == names
    with pytest.raises(FileError, match=r"'history\.jsonl'"):
        write(folder, {"value": 1}, overwrite=True)
