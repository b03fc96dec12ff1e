"""The certificate finds what is wrong, and nothing is written then; a file of each kind is whole."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepstep import Network
from deepstep.errors import ConfigurationError, FileError
from deepstep.export import FORMATS, ParityError, export, formats
from deepstep.export.certificate import BOUND, CannotRunError, _or_nan, certify, output_of
from deepstep.export.formats import get_format
from deepstep.export.models import exported
from deepstep.export.program import Input, Program, Result
from deepstep.export.rows import drawn_rows, stored_rows
from export_models import fitted


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives a format another runner or writer."""

    def change(name: str, **records: Any) -> None:
        module = formats.import_module(FORMATS[name])
        monkeypatch.setattr(module, "FORMAT", replace(get_format(name), **records))

    return change


def with_cell(value: float) -> Callable[[Any], Any]:
    def change(answers: Any) -> Any:
        answers[0][5, 0] += value
        return answers

    return change


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (with_cell(3 * BOUND), r"The export differs from the model by 3\.0.*, more than 1e-06"),
        (with_cell(np.nan), r"Row 5 of 200 is refused by the export alone"),
    ],
)
def test_a_wrong_file_is_not_written(changed: Any, tmp_path: Path, change: Any, match: str) -> None:
    run = get_format("numpy").run
    changed("numpy", run=lambda *arguments: change(run(*arguments)))
    (tmp_path / "net.py").write_text("old")
    with pytest.raises(ParityError, match=match):
        export(Network([2, 3, 1], seed=1), tmp_path / "net.py", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]
    assert (tmp_path / "net.py").read_text() == "old"


def test_a_model_of_too_many_numbers_is_refused(changed: Any, tmp_path: Path) -> None:
    changed("c", most_numbers=2)
    with pytest.raises(ConfigurationError, match=r"of at most 2 numbers for to=.c., got 3\. Use to=.numpy"):
        export(Network([2, 1], seed=1), tmp_path / "net.c")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["numpy", "c", "js"])
def test_names_in_a_model_of_others_are_comments_and_no_code(name: str, tmp_path: Path) -> None:
    path, title = tmp_path / f"net{get_format(name).suffix}", "a\nCODE\rCODE*/CODE"
    program = replace(exported(Network([2, 1], seed=1)).program, title=title)
    get_format(name).write(program, path, title)
    text = path.read_text(encoding="utf-8")
    assert "CODE" in text
    assert ("*/CODE" if name == "c" else "\nCODE") not in text


@pytest.mark.parametrize("name", FORMATS)
def test_files_that_exist_are_kept_and_all_are_replaced_or_none(name: str, tmp_path: Path) -> None:
    path, network = tmp_path / f"net{get_format(name).suffix}", Network([2, 1], seed=1)
    path.write_text("mine")
    with pytest.raises(FileError, match=r"exists already. Pass overwrite=True"):
        export(network, path)
    with pytest.raises(FileError, match=r"cannot be written \(No such file"):
        export(network, tmp_path / "no" / path.name)
    assert path.read_text() == "mine"
    path.rename(tmp_path / "real")
    path.symlink_to("real")
    if name == "numpy":
        other, beside = tmp_path / "net.npz", tmp_path / "other.npz"
        other.mkdir()
        with pytest.raises(FileError, match=r"net\.npz is a folder"):
            export(network, path, overwrite=True)
        other.rmdir()
        beside.write_text("mine")
        with pytest.raises(FileError, match=r"other\.npz exists already"):
            export(network, tmp_path / "other.py")
        assert path.read_text() == beside.read_text() == "mine"
        assert not (tmp_path / "other.py").exists()
    export(network, path, overwrite=True)
    assert path.is_symlink()
    assert (tmp_path / "real").read_bytes() != b"mine"


def test_a_program_that_fails_or_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"(?s)does not run: .*ZeroDivisionError"):
        output_of([sys.executable, "-c", "1 / 0"], b"", tmp_path)
    with pytest.raises(CannotRunError, match=r"python.* took more than 0\.2 seconds"):
        output_of([sys.executable, "-c", "import time; time.sleep(9)"], b"", tmp_path, 0.2)


def test_rows_have_all_that_is_unusual() -> None:
    program = exported(fitted("network")).program
    rows = drawn_rows(program, m=1000)
    assert set(rows) == {one.column for one in program.inputs}
    for values in rows.values():
        assert None in values
    numbers = np.array([value for value in rows["number"] if value is not None])
    assert {1e30, -1e30} <= {float(f"{value:.3g}") for value in numbers}
    assert (numbers.astype(np.float32) != numbers).any()
    assert {"unseen", ""} <= set(rows["category"])
    assert drawn_rows(program, seed=1)["number"] != drawn_rows(program, seed=2)["number"]


def test_rows_of_columns_that_folds_see_as_several_kinds_and_stored_ones_as_the_table() -> None:
    inputs = [
        Input("a", "presence", 0, settings={"blanks": True}),
        Input("a", "number", 1),
        Input("b", "number", 2),
        Input("b", "category", 3, settings={"values": ["red"]}),
    ]
    program = Program(("a", "b"), tuple(inputs), (), {}, "raw", Result("numbers", ()))
    rows = drawn_rows(program)
    assert {type(value) for value in rows["a"]} == {float, type(None)}
    assert {type(value) for value in rows["b"]} == {str, type(None)}
    stored = stored_rows(program, {"a": ["1.5", "", "nan", "0.1"], "b": ["red", "2.5", "", "7"]})
    assert stored == {"a": [1.5, None, None, 0.1], "b": ["red", "2.5", None, "7"]}
    assert stored_rows(program, {"a": ["1.5"]}) == {}
    typed = [Input("a", "number", 0), Input("t", "date", 1, settings={"lenient": False})]
    program = Program(("a", "t"), tuple(typed), (), {}, "raw", Result("numbers", ()))
    cells = {"a": ["0,5", "1.000,25", ""], "t": ["06:00:00", "", "18:00:00"]}
    stored = stored_rows(program, cells, decimal_comma=True)
    assert stored["a"] == [0.5, 1000.25, None]
    assert stored["t"] == ["1970-01-01T06:00:00.000000", None, "1970-01-01T18:00:00.000000"]
    assert stored_rows(program, cells) == {}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("numpy", ".argmax(axis=1)", ".argmin(axis=1)"),
        ("numpy", "([*row, *more]", "([*row * 2, *more]"),
        ("numpy", "decided(values, result).reshape", "decided(values[::-1], result).reshape"),
        ("js", "Math.max(...weighed)", "Math.min(...weighed)"),
        ("js", '["a", "b", "c"];\nexport const names', '["c", "b", "a"];\nexport const names'),
        ("js", 'settings.decimal, "."', 'settings.decimal, ""'),
        ("onnx", "ArgMax", "ArgMin"),
    ],
)
def test_a_changed_text_is_found(changed: Any, tmp_path: Path, name: str, old: str, new: str) -> None:
    """The certificate is about what is called: `predict`, the classes, the program, texts of numbers."""
    kind = get_format(name)

    def write(program: Program, path: Path, note: str) -> list[Path]:
        files = kind.write(program, path, note)
        found = path.read_bytes()
        assert old.encode() in found
        path.write_bytes(found.replace(old.encode(), new.encode()))
        return files

    changed(name, write=write)
    with pytest.raises((ParityError, FileError)):
        export(fitted("network", "percent"), tmp_path / f"model{kind.suffix}")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("size", "kept", "factor", "match"),
    [
        (1.0, 60, 1.0, "refuses 140 of 200 rows: less than a third"),
        (1e50, 200, np.inf, "refuses 200 of 200 rows"),  # beyond float32
        (1e-9, 200, 1.5, r"differs from the model by [1-9]"),
    ],
)
def test_few_large_and_small_numbers(size: float, kept: int, factor: float, match: str) -> None:
    source = exported(Network([2, 3, 1], activation="tanh", output="identity", seed=1))

    def numbers(rows: Any) -> Any:
        A = size * (9 + _or_nan(source.predicted, rows))
        return np.where(np.arange(len(A))[:, None] < kept, A, np.nan)

    model = replace(source, predicted=numbers, exact=numbers)
    with pytest.raises(ParityError, match=match):
        certify(model, lambda rows: (factor * numbers(rows), []))


def test_the_bytes_that_ran_are_written(changed: Callable[..., None], tmp_path: Path) -> None:
    """But for the certificate."""
    kind, ran = get_format("js"), list[str]()

    def run(path: Path, program: Any, rows: Any) -> Any:
        ran.append(path.read_text(encoding="utf-8"))
        return kind.run(path, program, rows)

    calls = iter("ab")

    def write(program: Program, path: Path, note: str) -> list[Path]:
        return kind.write(program, path, f"{note} {next(calls)}")

    changed("js", run=run, write=write)
    certificate = export(Network([2, 1], seed=1), tmp_path / "net.js")
    text = (tmp_path / "net.js").read_text(encoding="utf-8")
    assert [text.replace(str(certificate), "[not run yet]")] == ran


def test_large_inputs_that_the_network_refuses(tmp_path: Path) -> None:
    """e^Z of a count is no finite number for inputs of 1e30: both refuse these rows."""
    certificate = export(Network([3, 4, 1], output="poisson", seed=4), tmp_path / "net.py")
    assert certificate.refused > 0
    assert f"the model and the file refuse {certificate.refused} rows" in (tmp_path / "net.py").read_text()
