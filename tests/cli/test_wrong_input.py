"""Every kind of bad input: exit code 2, one sentence on stderr, nothing on stdout, no file touched."""

import shutil
from pathlib import Path

import numpy as np
import polars
import pytest

TRAIN = ("--target", "kind", "--out", "new")
NUMBERS = ("--target", "height", "--out", "new")


def _snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def _flowers_with(column: str, value: object):
    """The flowers' table with one value replaced (row 5), or the whole column by a list."""

    def write(folder: Path, flowers: Path) -> None:
        frame = polars.read_csv(flowers, infer_schema=False)
        values = frame[column].to_list()
        values = value if isinstance(value, list) else [*values[:5], value, *values[6:]]
        frame.with_columns(polars.Series(column, values)).write_csv(folder / "bad.csv")

    return write


def _text(name: str, text: bytes):
    return lambda folder, flowers: (folder / name).write_bytes(text)


def _nothing(folder: Path, flowers: Path) -> None:
    pass


def _picture_called_table(folder: Path, flowers: Path) -> None:
    (folder / "bad.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))


def _full_folder(folder: Path, flowers: Path) -> None:
    (folder / "new").mkdir()
    (folder / "new" / "letters.txt").write_text("mine")


TRAININGS = {
    # what: (files, what is typed, a part of the sentence)
    "no file": (_nothing, ["bad.csv", *TRAIN], "there is no such file"),
    "empty file": (_text("bad.csv", b""), ["bad.csv", *TRAIN], "the file is empty"),
    "header alone": (_text("bad.csv", b"x,kind\n"), ["bad.csv", *TRAIN], "it has none"),
    "not what its name says": (_picture_called_table, ["bad.csv", *TRAIN], "a PNG picture"),
    "not Parquet": (_text("bad.parquet", b"x,kind\n1,a\n"), ["bad.parquet", *TRAIN], "a Parquet file"),
    "unknown kind of file": (_text("bad.xyz", b"1"), ["bad.xyz", *TRAIN], "'.xyz'"),
    "unknown target": (_nothing, ["FLOWERS", "--target", "kid", "--out", "new"], "Did you mean 'kind'?"),
    "inputs missing in the table to validate on": (
        _text("v.csv", b"x,kind\n1,tall\n"),
        ["FLOWERS", *TRAIN, "--validation", "v.csv"],
        "Error: --validation: the 4 columns of the training table are expected; 'size', 'colour', "
        "'height' missing. The table to validate on needs the columns of the training table.",
    ),
    "no target in the table to validate on": (
        _text("v.csv", b"x,size,colour,height\n1,2,red,3\n"),
        ["FLOWERS", *TRAIN, "--validation", "v.csv"],
        "Error: --validation, --target: column is one of",
    ),
    "two seeds": (
        _nothing,
        ["FLOWERS", *TRAIN, "--seed", "1", "--seed", "2"],
        "--seed: an option that is given once; got it twice. Leave all but one out.",
    ),
    "three numbers of epochs": (
        _nothing,
        ["FLOWERS", *TRAIN, "--epochs", "3", "--iterations", "4", "--epochs", "3"],
        "--iterations or --epochs: an option that is given once; got it 3 times.",
    ),
    "unknown column to drop": (_nothing, ["FLOWERS", *TRAIN, "--exclude", "colur"], "Did you mean 'colour'?"),
    "dropped target": (_nothing, ["FLOWERS", *TRAIN, "--exclude", "kind"], "other than the target, got"),
    "one class only": (_flowers_with("kind", ["tall"] * 60), ["bad.csv", *TRAIN], "it has only 'tall'"),
    "one class, task given": (
        _flowers_with("kind", ["tall"] * 60),
        ["bad.csv", *TRAIN, "--task", "classification"],
        "got only 'tall'",
    ),
    "missing target": (_flowers_with("kind", ""), ["bad.csv", *TRAIN], "1 of 60 have none"),
    "infinity in X": (_flowers_with("x", "inf"), ["bad.csv", *TRAIN], "row 6 is inf"),
    "infinity in Y": (_flowers_with("height", "-inf"), ["bad.csv", "--target", "height"], "row 6 is -inf"),
    "NaN in Y": (_flowers_with("height", "NaN"), ["bad.csv", "--target", "height"], "1 of 60 have none"),
    "texts as numbers": (_nothing, ["FLOWERS", *TRAIN, "--task", "regression"], "numbers are expected"),
    "unknown activation": (_nothing, ["FLOWERS", *TRAIN, "--activation", "rellu"], "Did you mean 'relu'?"),
    "unknown optimizer": (_nothing, ["FLOWERS", *TRAIN, "--optimizer", "adm"], "Did you mean 'adam'?"),
    "unknown activation of a layer": (
        _nothing,
        ["FLOWERS", *TRAIN, "--activation", "relu,tanhh"],
        "--activation must be one of 16, among them",
    ),
    "unknown loss": (_nothing, ["FLOWERS", *TRAIN, "--loss", "ordinel"], "Did you mean 'ordinal'?"),
    "a loss of numbers for classes": (_nothing, ["FLOWERS", *TRAIN, "--loss", "huber"], "loss of classes is"),
    "a loss of classes for numbers": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--loss", "ordinal", "--task", "regression"],
        "loss of numbers is one of",
    ),
    "counts below 0": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--loss", "poisson"],
        "counts of at least 0; row 1 is -5.9",
    ),
    "unknown schedule": (_nothing, ["FLOWERS", *TRAIN, "--schedule", "cosin"], "Did you mean 'cosine'?"),
    "warm-up beyond the end": (
        _nothing,
        ["FLOWERS", *TRAIN, "--warmup-fraction", "1.5"],
        "--warmup-fraction must be a number from 0",
    ),
    "unknown normalization": (
        _nothing,
        ["FLOWERS", *TRAIN, "--normalization", "bach"],
        "Did you mean 'batch'?",
    ),
    "unknown initialization": (
        _nothing,
        ["FLOWERS", *TRAIN, "--initialization", "hee"],
        "Did you mean 'he'?",
    ),
    "dropout of 1": (
        _nothing,
        ["FLOWERS", *TRAIN, "--dropout", "1"],
        "--dropout must be a finite number of at least 0",
    ),
    "dropout of three layers": (_nothing, ["FLOWERS", *TRAIN, "--dropout", "0,0.1,0.2"], "a list of 2"),
    "dropout that is no number": (
        _nothing,
        ["FLOWERS", *TRAIN, "--dropout", "much"],
        "such as 0.1,0.2; got 'much'",
    ),
    "decimals as classes in an order": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--loss", "ordinal"],
        "height has 60 different decimal numbers. Use a loss of numbers",
    ),
    "a delta of another loss": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--huber-delta", "2"],
        "--huber-delta: --loss huber; the output is 'identity'",
    ),
    "a negative delta": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--loss", "huber", "--huber-delta", "-2"],
        "--huber-delta must be a positive number",
    ),
    "unknown metric": (
        _nothing,
        ["FLOWERS", *TRAIN, "--scoring", "balanced_acuracy"],
        "Did you mean 'balanced_accuracy'?",
    ),
    "a metric of classes for numbers": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--scoring", "neg_log_loss"],
        "--scoring: a metric of numbers, which the target holds; got 'neg_log_loss', one of classes. Take "
        "another, such as r2, or add --task classification.",
    ),
    "a metric of numbers for classes": (
        _nothing,
        ["FLOWERS", *TRAIN, "--scoring", "r2"],
        "--scoring: a metric of classes, which the target holds; got 'r2', one of numbers. Take another, "
        "such as balanced_accuracy, or add --task regression.",
    ),
    "a metric of two classes for three": (
        _nothing,
        ["FLOWERS", "--target", "colour", "--out", "new", "--scoring", "f1"],
        "--scoring must be a metric of such a target, 'f1' is none",
    ),
    "unknown dropout schedule": (
        _nothing,
        ["FLOWERS", *TRAIN, "--dropout-schedule", "cosin"],
        "--dropout-schedule must be one of 'constant'",
    ),
    "a factor that is none": (
        _nothing,
        ["FLOWERS", *TRAIN, "--lr-multiplier", "b*:1"],
        "such as 'b*=0.1'; got",
    ),
    "a factor below 0": (
        _nothing,
        ["FLOWERS", *TRAIN, "--weight-decay-multiplier", "b*=-1"],
        "--weight-decay-multiplier b* must be a finite",
    ),
    "a factor of no parameter": (
        _nothing,
        ["FLOWERS", *TRAIN, "--lr-multiplier", "c*=1"],
        "--lr-multiplier must have names among 'W1', 'b1'",
    ),
    "decay below 0": (
        _nothing,
        ["FLOWERS", *TRAIN, "--weight-decay", "-1"],
        "--weight-decay must be a finite number",
    ),
    "smoothed numbers": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--label-smoothing", "0.1"],
        "--label-smoothing: --loss cross_entropy",
    ),
    "smoothing of 1": (
        _nothing,
        ["FLOWERS", *TRAIN, "--label-smoothing", "1"],
        "--label-smoothing must be a number from 0",
    ),
    "balanced numbers": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--class-weight", "balanced"],
        "--class-weight: a target of classes",
    ),
    "quantiles of another loss": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--quantiles", "0.5"],
        "--quantiles must be used with --loss quantile, got no --loss",
    ),
    "quantiles that fall": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--loss", "quantile", "--quantiles", "0.9,0.1"],
        "--quantiles must be numbers between 0 and 1 that increase",
    ),
    "an order of other classes": (
        _nothing,
        ["FLOWERS", *TRAIN, "--loss", "ordinal", "--classes", "short,tal"],
        "an order of the classes short, tall; got short, tal",
    ),
    "an order of numbers": (
        _nothing,
        ["FLOWERS", *NUMBERS, "--classes", "a,b"],
        "--classes: a target of classes",
    ),
    "validation twice": (
        _nothing,
        ["FLOWERS", *TRAIN, "--validation", "FLOWERS", "--validation-fraction", "0.1"],
        "got both",
    ),
    "validation of nothing": (
        _nothing,
        ["FLOWERS", *TRAIN, "--validation-fraction", "0"],
        "--validation-fraction: ",
    ),
    "no validation file": (_nothing, ["FLOWERS", *TRAIN, "--validation", "no.csv"], "No such file"),
    "a validation file of other columns": (
        _text("bad.csv", b"x,kind\n1,tall\n"),
        ["FLOWERS", *TRAIN, "--validation", "bad.csv"],
        "missing",
    ),
    "a validation file of other classes": (
        _flowers_with("kind", "odd"),
        ["FLOWERS", *TRAIN, "--validation", "bad.csv"],
        "got 'odd' as well",
    ),
    "a target of categories": (
        _nothing,
        ["FLOWERS", *TRAIN, "--categorical", "kind"],
        "--categorical must be a column other than the target, got 'kind'",
    ),
    "no config": (
        _nothing,
        ["FLOWERS", *TRAIN, "--config", "no.toml"],
        "no.toml: UTF-8 text is expected; there",
    ),
    "no patience": (_nothing, ["FLOWERS", *TRAIN, "--patience", "0"], "--patience must be a whole number of"),
    "dropout by L-BFGS": (
        _nothing,
        ["FLOWERS", *TRAIN, "--optimizer", "lbfgs", "--dropout", "0.1", "--schedule", "cosine"],
        "got lbfgs with --schedule, --dropout. Remove them",
    ),
    "unknown task": (_nothing, ["FLOWERS", *TRAIN, "--task", "guess"], "'guess' is not one of"),
    "unknown option": (_nothing, ["FLOWERS", *TRAIN, "--hiden", "3"], "--hidden-layers"),
    "negative size": (_nothing, ["FLOWERS", *TRAIN, "--hidden-layers", "-4"], "size 1 is -4"),
    "size zero": (_nothing, ["FLOWERS", *TRAIN, "--hidden-layers", "8,0"], "size 2 is 0"),
    "more than memory holds": (
        _nothing,
        ["FLOWERS", *TRAIN, "--hidden-layers", "1000000000000"],
        "fit into memory",
    ),
    "sizes that are no numbers": (_nothing, ["FLOWERS", *TRAIN, "--hidden-layers", "a,b"], "got 'a,b'"),
    "a size missing": (_nothing, ["FLOWERS", *TRAIN, "--hidden-layers", "8,,4"], "got '8,,4'"),
    "learning rate 0": (_nothing, ["FLOWERS", *TRAIN, "--learning-rate", "0"], "a positive number"),
    "learning rate below 0, no --out": (
        _nothing,
        ["FLOWERS", "--target", "kind", "--learning-rate", "-1"],
        "a positive number",
    ),
    "unknown optimizer, deep --out": (
        _nothing,
        ["FLOWERS", "--target", "kind", "--optimizer", "adm", "--out", "a/b/c"],
        "Did you mean 'adam'?",
    ),
    "learning rate NaN": (_nothing, ["FLOWERS", *TRAIN, "--learning-rate", "nan"], "a positive number"),
    "no iterations": (
        _nothing,
        ["FLOWERS", *TRAIN, "--epochs", "x"],
        "--epochs must be a whole number of at",
    ),
    "batches of nothing": (_nothing, ["FLOWERS", *TRAIN, "--batch-size", "0"], "at least 1, got '0'"),
    "one class alone to learn from": (
        _text("bad.csv", b"x,kind\n1,a\n2,b\n"),
        ["bad.csv", *TRAIN],
        "two classes to learn from",
    ),
    "all of it a test": (_nothing, ["FLOWERS", *TRAIN, "--test-fraction", "1"], "to below 1; got 1"),
    "less than no test": (
        _nothing,
        ["FLOWERS", *TRAIN, "--test-fraction", "-0.1"],
        "--test-fraction: a share",
    ),
    "nothing to validate on": (
        _nothing,
        ["FLOWERS", *TRAIN, "--validation-fraction", "0"],
        "--validation-fraction: a share above 0 and below 1; got 0",
    ),
    "negative seed": (_nothing, ["FLOWERS", *TRAIN, "--seed", "-1"], "-1 is not in the range"),
    "a folder that is no run": (
        _full_folder,
        ["FLOWERS", *TRAIN, "--overwrite"],
        "it is something else, without a config.toml, and stays as it is",
    ),
    "a folder that exists": (_full_folder, ["FLOWERS", *TRAIN], "it exists already"),
    "a file where runs should be": (
        _text("runs", b"mine"),
        ["FLOWERS", "--target", "kind"],
        "runs must be a folder that exists or can be made, got the error 'File exists'",
    ),
    "a file where the folder should be": (
        _text("new", b"mine"),
        ["FLOWERS", *TRAIN, "--overwrite"],
        "stays as it is",
    ),
}


@pytest.mark.parametrize(("files", "typed", "sentence"), TRAININGS.values(), ids=TRAININGS)
def test_train(deepstep, flowers, tmp_path, files, typed, sentence):
    files(tmp_path, flowers)
    before = _snapshot(tmp_path)
    result = deepstep("train", *(flowers if word == "FLOWERS" else word for word in typed))
    _check(result, sentence)
    assert _snapshot(tmp_path) == before


WITHOUT_THE_TABLE = [
    ("--warmup-fraction", "1.5"),
    ("--label-smoothing", "1"),
    ("--loss", "quantil"),
    ("--loss", "quantile", "--quantiles", "0.9,0.1"),
    ("--huber-delta", "0"),
    ("--optimizer", "lbfgs", "--clip-value", "1"),
    ("--optimizer", "lbfgs", "--checkpoint-every", "5"),
    ("--optimizer", "lbfgs", "--keep-checkpoints", "2"),
    ("--optimizer", "adm"),
    ("--schedule", "cosin"),
    ("--weight-decay-schedule", "cosin"),
    ("--initialization", "hee"),
    ("--activation", "rellu"),
    ("--normalization", "bach"),
    ("--hidden-layers", "8,0"),
    ("--dropout", "0.1,0.1,0.1"),
    ("--learning-rate", "0"),
    ("--scoring", "acuracy"),
    ("--time-budget", "0"),
    ("--ema-decay", "1"),
    ("--refit",),
    ("--weight-decay-schedule", "linear"),
    ("--dropout-schedule", "linear"),
    ("--dropout", "0", "--dropout-schedule", "linear"),
    ("--optimizer-param", "beta3=0.9"),
    ("--optimizer-param", "beta1=2"),
    ("--optimizer-param", "beta1=much"),
    ("--optimizer-param", "beta1"),
    ("--optimizer-param", "beta1=0.9", "--optimizer-param", "beta1=0.8"),
    ("--lr-multiplier", "b*=1", "--lr-multiplier", "b*=2"),
    ("--optimizer", "gd", "--optimizer-param", "beta=0.9"),
    ("--time-budget", "60", "--patience", "3", "--refit"),
    ("--schedule", "plateau", "--patience", "3", "--refit"),
]


@pytest.mark.parametrize("typed", WITHOUT_THE_TABLE, ids=" ".join)
def test_what_needs_no_table_is_said_before_it_is_read(deepstep, flowers, monkeypatch, typed):
    monkeypatch.setattr("deepstep.data.read_table", None)  # to call it would be a TypeError
    result = deepstep("train", flowers, *TRAIN, *typed)
    assert result.code == 2
    named = next(word for word in reversed(typed) if word.startswith("--"))
    assert result.err.startswith(
        tuple(f"Error: {option}{sign}" for option in (named, "--optimizer") for sign in ": ")
    )
    assert len(result.err.splitlines()) == 1


COMMANDS = {
    "no run": (["predict", "nowhere", "FLOWERS"], "there is no such folder"),
    "a file as a run": (["predict", "FLOWERS", "FLOWERS"], "this is a file"),
    "name too long for a run": (["summary", "r" * 300], "File name too long"),
    "name too long for a table": (["predict", "RUN", "t" * 300 + ".csv"], "File name too long"),
    "name too long for a picture": (["predict", "RUN", "t" * 300 + ".jpg"], "File name too long"),
    "name too long for cats": (["demo", "cats", "--data", "c" * 300], "File name too long"),
    "name too long to evaluate": (["evaluate", "RUN", "t" * 300], "File name too long"),
    "name too long for a demo": (["demo", "moons", "--out", "o" * 300], "File name too long"),
    "no table": (["predict", "RUN", "nowhere.csv"], "there is no such file"),
    "columns missing": (["predict", "RUN", "other.csv"], "'x', 'size', 'colour', 'height' missing"),
    "a picture for a table": (["predict", "RUN", "cat.jpg"], "this ends in '.jpg'"),
    "two tables": (["predict", "RUN", "FLOWERS", "FLOWERS"], "got 2 files"),
    "output in no folder": (["predict", "RUN", "FLOWERS", "--output", "no/such.csv"], "No such file"),
    "no target to compare": (
        ["evaluate", "RUN", "other.csv"],
        "other.csv must have the target of the run, got no column 'kind'",
    ),
    "unknown class": (["evaluate", "RUN", "odd.csv"], "got 'odd' as well"),
    "no such layer": (["trace", "RUN", "--layer", "9"], "got 9"),
    "no such example": (["trace", "RUN", "--example", "99"], "from 0 to 15; got 99"),
    "negative example": (["trace", "RUN", "--example", "-1"], "from 0 to 15; got -1"),
    "learning rate below 0": (["trace", "RUN", "--learning-rate", "-1"], "a positive number"),
    "neither run nor network": (["check-gradients"], "got neither"),
    "run and network": (["check-gradients", "RUN", "--network", "2-1"], "got both"),
    "one size": (["check-gradients", "--network", "4"], "at least two sizes"),
    "negative size": (["check-gradients", "--network", "4--5-1"], "got '4--5-1'"),
    "size zero": (["check-gradients", "--network", "4-0-1"], "size 1 is 0"),
    "unknown output": (
        ["check-gradients", "--network", "2-1", "--output", "sigmod"],
        "Did you mean 'sigmoid'",
    ),
    "unknown data set": (["demo", "moon"], "Did you mean 'moons'?"),
    "data for digits": (["demo", "digits", "--data", "."], "--data"),
    "cats without data": (["demo", "cats"], "train_catvnoncat.h5 and test_catvnoncat.h5"),
    "cats in no folder": (
        ["demo", "cats", "--data", "nowhere"],
        "train_catvnoncat.h5 and test_catvnoncat.h5",
    ),
    "cats without files": (["demo", "cats", "--data", "."], "train_catvnoncat.h5: an HDF5 file is expected"),
    "truncated cats": (["demo", "cats", "--data", "cut"], "It is no HDF5 or damaged"),
}


@pytest.mark.parametrize(("typed", "sentence"), COMMANDS.values(), ids=COMMANDS)
def test_other_commands(deepstep, flowers, flower_run, tmp_path, typed, sentence):
    _text("other.csv", b"a,b\n1,2\n")(tmp_path, flowers)
    _text("cat.jpg", b"\xff\xd8\xff")(tmp_path, flowers)
    _flowers_with("kind", "odd")(tmp_path, flowers)
    (tmp_path / "bad.csv").rename(tmp_path / "odd.csv")
    (tmp_path / "cut").mkdir()
    for part in ("train", "test"):
        (tmp_path / "cut" / f"{part}_catvnoncat.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    before = _snapshot(tmp_path)
    places = {"FLOWERS": flowers, "RUN": flower_run}
    result = deepstep(*(places.get(word, word) for word in typed))
    _check(result, sentence)
    assert _snapshot(tmp_path) == before


def _check(result, sentence: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    error = result.err.splitlines()[-1]
    assert error.startswith("Error: ")
    assert sentence in error
    # Before the error there is at most what train says about the table.
    assert all("Error" not in line and "Traceback" not in line for line in result.err.splitlines()[:-1])


RUN_FILES = (
    "config.toml",
    "ensemble.json",
    "members/00-single-0.jsonl",
    "members/00-single-0.safetensors",
    "preparation.json",
    "examples.safetensors",
    "held_out.safetensors",
)


@pytest.mark.parametrize("name", RUN_FILES)
@pytest.mark.parametrize("command", ["predict", "evaluate", "summary", "trace", "check-gradients"])
def test_run_with_a_missing_file(deepstep, flowers, flower_run, tmp_path, command, name):
    shutil.copytree(flower_run, tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    files = [flowers] if command in ("predict", "evaluate") else []
    _check(deepstep(command, "run", *files), name)


@pytest.mark.parametrize("name", RUN_FILES[1:])
def test_run_with_an_altered_file(deepstep, flowers, flower_run, tmp_path, name):
    shutil.copytree(flower_run, tmp_path / "run")
    path = tmp_path / "run" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    _check(deepstep("predict", "run", flowers), f"{name}: the file is as training wrote it")


def test_run_with_an_altered_config(deepstep, flowers, flower_run, tmp_path):
    shutil.copytree(flower_run, tmp_path / "run")
    config = tmp_path / "run" / "config.toml"
    config.write_text(config.read_text().replace('target = "kind"', 'target = "colour"'))
    _check(deepstep("evaluate", "run", flowers), "config.toml: the file is as training wrote it")


def test_full_disk_keeps_the_old_run(process, flowers, flower_run, tmp_path):
    shutil.copytree(flower_run, tmp_path / "run")
    before = _snapshot(tmp_path)
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))"
    typed = ["--target", "kind", "--out", "run", "--overwrite"]
    result = process("train", flowers, *typed, before=limit)
    assert result.returncode == 2
    last = result.stderr.splitlines()[-1]
    assert "run must be a path that can be written to, got the error File too large; the old one is" in last
    assert _snapshot(tmp_path) == before
    assert np.all([path.name == "run" for path in tmp_path.iterdir()])
