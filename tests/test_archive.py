"""The archive of a model: what is read equals what was written; what was altered is one `FileError`."""

import json
import os
from dataclasses import fields, is_dataclass
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import deepstep
from archive_examples import EXAMPLES, TABLE, TARGETS, WIDTH, reseal, trained_network
from damage import in_a_process
from deepstep import Network, archive
from deepstep.archive import MODEL, TYPES, read, write
from deepstep.ensembles.calibrate import WidthInputs
from deepstep.errors import ConfigurationError, FileError
from deepstep.preparation.numbers import NumberColumn
from hostile_texts import HOSTILE

FILES = MODEL[:3]


def same(one, other):
    """Whether two values are equal in all they hold, with their types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        equal = one.dtype == other.dtype and one.shape == other.shape
        return (
            equal and (one.dtype.kind != "O" or same(one.tolist(), other.tolist())) and same_bits(one, other)
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(same, one.values(), other.values()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one):
        return all(same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    if hasattr(one, "to_archive"):
        return same(one.to_archive(), other.to_archive())
    return one == other or (isinstance(one, float) and isnan(one) and isnan(other))


def same_bits(one, other):
    return one.dtype.kind == "O" or one.tobytes() == other.tobytes()


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


@settings(max_examples=60)
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
    assert again == targets
    assert same(again, targets)
    A = np.random.default_rng(1).dirichlet(np.ones(targets.n_outputs + 1), 20)[:, 1:]
    assert same(again.decode(A), targets.decode(A))


def test_what_is_read_gives_the_same_bits(tmp_path_factory):
    X = np.random.default_rng(2).standard_normal((40, 3))
    table, encoding = EXAMPLES["TablePreparation"](), EXAMPLES["Encoding"]()
    images, network = EXAMPLES["ImagePreparation"](), trained_network(dtype="float32")
    inputs = WidthInputs(X[:, 0], np.abs(X[:, 1]), X[:, 2:])
    again = there_and_back([table, encoding, images, network, WIDTH], tmp_path_factory)
    assert same(again[0].transform(TABLE), table.transform(TABLE))
    assert same(again[1].transform(X), encoding.transform(X))
    assert same(again[2].transform(np.ones((2, 6))), images.transform(np.ones((2, 6))))
    assert same(again[3].forward(X.T), network.forward(X.T))
    assert same(again[4].sigma(inputs), WIDTH.sigma(inputs))


def test_the_same_record_is_the_same_files(tmp_path):
    network = trained_network()
    for name in "ab":
        write(tmp_path / name, {"network": network, "again": network})
    for name in MODEL[:3]:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_places_with_dots_keep_their_own_arrays(tmp_path_factory):
    value = {"a.b": np.zeros(2), "a": {"b": np.ones(3)}}
    assert same(there_and_back(value, tmp_path_factory), value)


class Foreign:
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (print, "value must be a value that a file can hold, got builtin_function_or_method."),
        ({"a": [Foreign()]}, "value.a.0 must be a value that a file can hold, got Foreign."),
        (np.array([1j]), "got an array of complex128"),
        (np.zeros((2, 2), "U3"), "got an array of <U3 with 2 dimensions"),
        ("\ud800", "is not read again"),
        (10**400, "is not read again"),
        (
            NumberColumn("x", 0.0, 0.0, False),
            "NumberColumn that does not meet the condition: the mean is finite, and std is above 0.",
        ),
        (NumberColumn("x", "0", 1.0, False), "mean of NumberColumn is <class 'float'>, got '0'"),
        (type("NumberColumn", (), {})(), "got NumberColumn"),
        (type("Own", (NumberColumn,), {})("x", 0.0, 1.0, False), "got Own"),
    ],
)
def test_what_no_file_can_hold_is_not_written(tmp_path, value, message):
    with pytest.raises(ConfigurationError) as refused:
        write(tmp_path / "archive", {"value": value})
    assert message in str(refused.value)
    assert [*tmp_path.iterdir()] == []


def test_nests_that_are_too_deep_are_not_written(tmp_path):
    value = ()
    for _ in range(5_000):
        value = (value,)
    with pytest.raises(ConfigurationError, match="is not read again"):
        write(tmp_path / "archive", {"value": value})


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
    for name in MODEL[:3]:
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


@pytest.mark.parametrize("name", MODEL[:3])
def test_a_flipped_bit(folder, name):
    content = bytearray((folder / name).read_bytes())
    for place in range(0, len(content), 1 + len(content) // 100):
        content[place] ^= 1
        (folder / name).write_bytes(content)
        refusal(folder)
        content[place] ^= 1
    (folder / name).write_bytes(content)
    read(folder)


@pytest.mark.parametrize("name", MODEL[:3])
@pytest.mark.parametrize("change", [lambda data: b"", lambda data: data[:-9], lambda data: data + b"more"])
def test_a_file_that_was_cut_or_grew(folder, name, change):
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    refusal(folder)


DAMAGES = [
    ("Network type", "Path", "'Path' is no class of a model"),
    ("Network type", "os.system", "'os.system' is no class of a model"),
    ("Network type", ["Network"], "unhashable"),
    ("Network type", "Targets", "Targets has no 'architecture'"),
    ("Network more", 1, "Network has no 'more'"),
    ("Network seed", ..., "'seed'"),
    ("Network seed", -1, "seed"),
    ("Network seed", 1.5, "seed of Network is <class 'int'>, got 1.5"),
    ("Network seed", True, "seed of Network is <class 'int'>, got True"),
    ("Network best_epochs", "3", "best_epochs of Network"),
    ("Network history", (), "history of Network"),
    ("Network architecture", {"type": "Settings"}, "architecture of Network"),
    ("Network architecture layer_dims", [3, -4, 2], "whole numbers of at least 1, got -4"),
    ("Network architecture layer_dims", [3, 4, 10**9], "W2 must have shape (1000000000, 4), got (2, 4)"),
    ("Network architecture layer_dims", [1] * 10_000, "names, one per layer"),
    ("Network architecture activations", ["silu", "sigmoid"], "The last activation must be 'softmax'"),
    ("Network architecture activations", ["silu", ["softmax"]], "activations of Architecture"),
    ("Network architecture normalization", ["layer"], "mean1 must have shape none, got (4, 1)"),
    ("Network architecture input_scale", 1, "input_scale of Architecture is <class 'bool'>, got 1"),
    ("Network architecture input_scale", True, "s1 must have shape (3, 1), got none"),
    ("Network architecture output", ["softmax"], "output of Architecture"),
    ("Network architecture output_settings", {"where": 1}, "got 'where'"),
    ("Network architecture output_settings", [], "output_settings of Architecture"),
    ("Network architecture features", {"periodic_embedding": "yes"}, "['periodic_embedding'] must be True"),
    ("Network parameters W1", 1.0, "parameters of Network"),
    ("Network parameters W1 name", "Network.parameters.W2", "Network.parameters.W2"),
    ("Network parameters W1 name", ["W1"], "unhashable"),
    ("Network parameters W1 type", "labels", "unexpected keyword"),
    ("Network parameters b1", ..., "b1 must have shape (4, 1), got none"),
    ("Network history engine", 1, "engine of History"),
    ("Network history records count", 2, "altered or damaged"),
    ("Network history records count", -1, "has other lines"),
    ("Network history records count", 10**9, "has other lines"),
    ("Network history records count", True, "has other lines"),
    ("Settings optimizer", "exec", "optimizer"),
    ("Settings dropout", 2, "dropout"),
    ("Settings lr_multipliers", {"b*": "1"}, "lr_multipliers of Settings"),
    ("Targets head", "exec", "a head of DeepStep's, or of your own that is registered"),
    ("Targets n_columns", 10**9, "n_columns is from 1 to"),
    ("Targets classes", [[1, 2]], "classes of Targets"),
    ("Targets classes 0 values", ["no", "no"], "different classes"),
    ("Targets classes 0 values", ["no", 1], "labels are of another type"),
    ("Targets classes 0 values", "yes", "two classes of each column"),
    ("Targets classes 0 values", 5, "not iterable"),
    ("Targets classes 0 dtype", "U999999999", "labels are"),
    ("Targets classes 0 dtype", "O", "invalid literal"),
    ("Encoding factor 0", -1.0, "factors of at least 0"),
    ("Encoding factor 0", {"type": "float", "value": "nan"}, "finite centers"),
    ("Encoding factor 0", "0", "factor of Encoding"),
    ("Encoding center", lambda numbers: numbers[1:], "center, factor and edges of each feature"),
    ("Encoding edges 0", lambda numbers: numbers[::-1], "edges that increase"),
    ("Encoding edges 0", [0.0], "edges that increase"),
    ("Encoding marks 0", lambda numbers: numbers[::-1], "marks that increase"),
    ("Encoding scores", [], "marks and scores of each feature"),
    ("TablePreparation columns", lambda columns: columns * 2, "every column has its own name"),
    ("TablePreparation columns 0", {"type": "Encoding"}, "missing 3 required"),
    ("TablePreparation columns 0", 1, "columns of TablePreparation"),
    ("TablePreparation columns 0 std", 0, "std is above 0"),
    ("TablePreparation columns 0 mean", {"type": "float", "value": "inf"}, "the mean is finite"),
    ("TablePreparation columns 0 written", "hex", "written is one of"),
    ("TablePreparation columns 1 parts", ["year"], "parts are of"),
    ("TablePreparation columns 4 categories", ["a", "a"], "every category stands once"),
    ("ImagePreparation height", 0, "height, width and channels are at least 1"),
    ("ImagePreparation height", 1.0, "height of ImagePreparation"),
    ("Calibration temperature", 0, "a finite temperature above 0"),
    ("Calibration scores", [], "classes of the rows of the scores"),
    ("Calibration widths 1", 0.5, "widths of Calibration"),
    ("WidthModel limits", [1.0], "limits of WidthModel"),
    ("WidthModel coefficients name", "Calibration.scores.0", "Calibration.scores.0"),
    ("WidthModel", lambda one: {**one, "knots": one["center"], "center": one["knots"]}, "of each term"),
    ("TrainingFingerprint n", 2, "numbers of rows"),
    ("TrainingFingerprint fingerprint", {"type": "bytes", "digits": "0g"}, "non-hexadecimal"),
    ("TrainingFingerprint fingerprint", "00", "fingerprint of TrainingFingerprint"),
    ("path path", 5, "altered or damaged"),
    ("path", {"type": "path"}, "missing 1 required positional argument"),
    ("plain", {"type": "float", "value": "1"}, "'1'"),
    ("plain", {"type": "mapping", "items": [[{"type": "list", "values": []}, 1]]}, "unhashable"),
    ("plain", {"type": "mapping", "items": [1]}, "altered or damaged"),
    ("plain", {"type": "list", "values": 1}, "iterable"),
    ("plain", {"type": "array", "name": "more"}, "'more'"),
    ("format", "deepstep-run", "model.json is of another format than 'deepstep'"),
    ("format", ..., "another format"),
    ("files", {"arrays.safetensors": "0"}, "names other files than"),
    ("files", [1], "names other files than"),
    ("files", lambda sums: {**sums, "../../etc/passwd": "0"}, "names other files than"),
    ("files arrays.safetensors", 0, "arrays.safetensors has another checksum"),
    ("files", lambda sums: {"../archive/arrays.safetensors": "0", "history.jsonl": "0"}, "names other files"),
]
"""A place in ``model.json``, what is put there (a function is of what was there), a part of the reason."""


@pytest.mark.parametrize(("place", "to", "reason"), DAMAGES)
def test_a_forged_value_with_the_right_checksums(folder, place, to, reason):
    def change(values):
        *steps, last = (int(step) if step.isdigit() else step for step in place.split())
        for step in steps:
            values = values[step]
        if to is ...:
            del values[last]
        else:
            values[last] = to(values[last]) if callable(to) else to

    reseal(folder, change)
    assert reason in refusal(folder)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_text_that_is_hard_to_read(folder, kind):
    reseal(folder, as_text=lambda values: json.dumps(values).replace("{", f'{{"more": {HOSTILE[kind]}, ', 1))
    assert "checksum" not in refusal(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "1", "{", "\udc80"])
def test_a_text_that_is_no_record(folder, text):
    (folder / "model.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    refusal(folder)


def test_lines_that_belong_to_nothing(folder):
    with (folder / "history.jsonl").open("a") as file:
        file.write("{}\n")
    reseal(folder)
    assert "belong to nothing" in refusal(folder)


def test_a_newer_version_is_named(folder):
    reseal(folder, lambda values: values.update(version=2))
    with pytest.raises(FileError, match=r"The model has version 2, and 1 can be read\. Update DeepStep"):
        read(folder)


@pytest.mark.parametrize("name", ["model.json", "history.jsonl"])
def test_a_text_of_terabytes(folder, name):
    """Most of it are holes, which take no room on the disk."""
    os.truncate(folder / name, 2**41)
    assert "bytes, more than 1,073,741,824" in refusal(folder)


@pytest.mark.parametrize("name", MODEL[:3])
@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda path: None, "does not exist|has no model.json"),
        (Path.mkdir, "is a folder, not"),
        (os.mkfifo, "is a pipe or a device, not"),
    ],
)
def test_what_is_no_file(folder, name, make, got):
    (folder / name).unlink()
    make(folder / name)
    with pytest.raises(FileError, match=got):
        read(folder)


def test_what_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for name, got in (
        ("none", "does not exist"),
        ("file", "is no folder"),
        ("", "has no model.json, and is no saved model"),
    ):
        with pytest.raises(FileError) as refused:
            deepstep.load(tmp_path / name)
        assert str(refused.value) == f"{tmp_path / name} {got}. Give the folder of a saved model."


def test_a_record_without_a_model(whole):
    with pytest.raises(FileError, match="it holds no model"):
        deepstep.load(whole)


@pytest.mark.parametrize("model", [None, [1], {"a": 1}, Network, EXAMPLES["Settings"]()])
def test_what_is_no_model_is_not_saved(tmp_path, model):
    with pytest.raises(ConfigurationError, match=r"model must be a Network, an estimator .*, got "):
        deepstep.save(model, tmp_path / "model")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
def test_hundreds_of_damaged_and_forged_archives(fresh_seed):
    """Each is loaded right or refused with a `FileError`: no other exception, 10 s and 1 GB at most."""
    found = in_a_process(Path(__file__).parent / "damaged_archives.py", fresh_seed, 600)
    assert found["failures"] == []
    assert found["gigabytes"] < 1
    assert sum(found["counts"].values()) == 600
    assert set(found["counts"]) <= {"refused", "loaded", "loaded as it was"}
    assert found["counts"]["refused"] > 400  # most of them are broken indeed, and some are not
    assert found["counts"]["loaded"] > 10


class TestOverwriting:
    def test_a_model_is_replaced_if_that_is_asked_for(self, tmp_path):
        for seed in (1, 2):
            deepstep.save(Network([2, 1], seed=seed), tmp_path / "model", overwrite=seed == 2)
        assert deepstep.load(tmp_path / "model").seed == 2
        with pytest.raises(FileError, match="exists already"):
            deepstep.save(Network([2, 1], seed=3), tmp_path / "model")
        assert deepstep.load(tmp_path / "model").seed == 2

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda path: (path / "notes.txt").touch(), "'notes.txt'"),
            (lambda path: (path / "members").symlink_to(path.parent), "'members'"),
            (lambda path: (path / "model.json").write_text('{"format": "pt"}'), "of another format"),
            (lambda path: (path / "model.json").write_text("{"), "model.json that cannot be read"),
            (
                lambda path: (path / "model.json").write_text('{"format": "deepstep", "sha256": "0"}'),
                "altered",
            ),
            (lambda path: (path / "model.json").rename(path / "arrays.safetensors"), "without a model.json"),
            (lambda path: linked(path / "model.json"), "without a model.json"),
            (lambda path: linked(path / "history.jsonl"), "'history.jsonl'"),
        ],
    )
    def test_what_holds_more_or_is_no_model_stays(self, folder, change, reason):
        change(folder)
        before = sorted(folder.iterdir())
        with pytest.raises(FileError) as refused:
            write(folder, {"value": 1}, overwrite=True)
        assert reason in str(refused.value)
        assert sorted(folder.iterdir()) == before

    def test_a_damaged_model_is_replaced(self, folder):
        os.truncate(folder / "arrays.safetensors", 3)
        write(folder, {"value": 1}, overwrite=True)
        assert read(folder) == {"value": 1}

    @pytest.mark.parametrize("name", ["write_arrays", "sha256", "atomic_write", "sealed"])
    @pytest.mark.parametrize("call", [1, 2])
    def test_an_interruption_leaves_the_old_one(self, folder, monkeypatch, name, call):
        whole, calls = getattr(archive, name), []
        before = {path.name: path.read_bytes() for path in folder.iterdir()}

        def interrupted(*arguments, **options):
            calls.append(arguments)
            if len(calls) == call:
                raise KeyboardInterrupt
            return whole(*arguments, **options)

        monkeypatch.setattr(archive, name, interrupted)
        try:
            write(folder, {"value": np.ones(3)}, overwrite=True)
        except KeyboardInterrupt:
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        else:
            assert len(calls) < call
            read(folder)
        assert [path.name for path in folder.parent.iterdir()] == ["archive"]


def linked(path):
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def test_links_are_followed_by_readers(folder):
    linked(folder / "history.jsonl")
    (folder.parent / "link").symlink_to("archive")
    assert read(folder.parent / "link").keys() == json.loads((folder / "model.json").read_text()).keys() - {
        *archive.HEADER
    }
