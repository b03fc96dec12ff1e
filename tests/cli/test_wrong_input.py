"""Every kind of bad input: exit code 2, one sentence on stderr, nothing on stdout, no file touched."""

import shlex
from pathlib import Path

import polars
import pytest

from test_overwriting import content

FILES = {
    "less.csv": b"x,kind\n1,tall\n",
    "other.csv": b"a,b\n1,2\n",
    "runs": b"mine",
    "unknown.toml": b"epocs = 3",
    "broken.toml": b"epochs =",
    # the flowers with other columns
    "labels.csv": {"warm": [bool(row % 3) for row in range(60)], "width": [row / 7 for row in range(60)]},
    "groups.csv": {"same": ["a"] * 60, "holes": ["p", "q", "", *"pq" * 28, "p"]},
    "lesson.md": b"+++\ntitle = 'A'\n+++\n# T\n",
    "flowers.dat": b"x,kind\n1,tall\n2,short\n",
    "negative.csv": {"w": [1, 1, 1, 1, 1, -1, *[1] * 54]},
    "unique.csv": {"who": [f"person {row}" for row in range(60)]},
}
"""Files by the names that cases type."""


def write(folder: Path, flowers: Path, name: str) -> None:
    path, content = folder / name, FILES[name]
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, dict):
        frame = polars.read_csv(flowers, infer_schema=False)
        for column, value in content.items():
            frame = frame.with_columns(polars.Series(column, value, strict=False))
        frame.write_csv(path)
    else:
        path.write_bytes(content)


def check(result, sentence: str) -> None:
    assert (result.code, result.out) == (2, ""), result
    *before, error = result.err.splitlines()
    assert error.startswith("Error: ")
    assert sentence in error
    # before the error there is at most what train says about the table
    assert all("Error" not in line and "Traceback" not in line for line in before)


NO_TABLE = "train no-such-table.csv --target kind"
WITHOUT_THE_TABLE = {
    "--set activatoin=tanh": "Did you mean 'activation'?",
    "--set activation=tanh": "For all of its networks: --set network_params.activation=…",
    "--set verbose=true": "--set does not take 'verbose'. It belongs to Python",
    "--set network_params.droput=0.1": "Did you mean 'dropout'?",
    "--read spe=;": "Did you mean 'sep'?",
    "--class-weight tall=-1": "weights of at least 0, got 'tall=-1'",
    "--model network --set effort=fast": "--set effort is a parameter of --model ensemble",
    "--set network_params.dropout=0.1 --dropout 0.2": "--dropout and --set network_params.dropout",
    "--set n_estimators": "--set must be a name, '=' and a value, such as activation=tanh, got",
    "--model network --set solver=adam --set alpha=-1": "--set alpha must be a number of at least 0, got -1",
    "--model network --effort fast": "--effort must be used with --model ensemble, got --model network",
    "--test-fraction 1": "to below 1, got 1",
    "--epochs x": "--epochs must be a whole number of at least 1, got 'x'",
    "--hidden-layers 8,0": "--hidden-layers must be whole numbers of at least 1, got [8, 0]",
    "--groups x --time-order": "--groups must be used without --time-order and --time-column, got both",
    "--time-column kind": "--time-column must be a column other than the target, got 'kind'",
    "--time-order --model network --test-fraction 0": "--time-order must be used where rows are held out",
    "--model network --set early_stopping=true --set refit=true --log a.csv": "--log must be used with",
    "--exclude kind": "--exclude must be a column other than the target, got 'kind'",
    "--keep a --exclude a": "--keep must be a column that is an input, got 'a'.",
    "--config unknown.toml": "Unknown entry of unknown.toml: 'epocs', known are",
    "--config broken.toml": "Error: broken.toml cannot be read as TOML (",
    "--seed 1 --seed 2": "--seed is set twice. Leave all but one out.",
    "--class-weight tall": "balanced, or NAME=WEIGHT such as rare=3,usual=0.5, got 'tall'",
    "--class-weight tall=1 --class-weight tall=2": "--class-weight sets 'tall' 2 times",
    "--target kind": "--target must have each column once, got kind, kind",
}
"""What is typed, and a part of the sentence, which is said before the table is looked for."""


CLASSES, NUMBERS = "train FLOWERS --target kind --out new ", "train FLOWERS --target height --out new "
LABELS = "train labels.csv --out new --target "
CASES = {
    **{f"{NO_TABLE} {typed}": sentence for typed, sentence in WITHOUT_THE_TABLE.items()},
    "train FLOWERS --target kid": "Did you mean 'kind'?",
    "train FLOWERS --target kind": "Error: runs cannot be made as a folder (File exists). Choose another",
    f"{CLASSES} --validation less.csv": "Error: --validation: ",
    f"{CLASSES} --time-column colour": "--time-column must be a column of dates or numbers, got 'colour'",
    "train groups.csv --target kind --groups holes": "have no group in --groups holes; the first is row 3",
    "train groups.csv --target kind --groups same": "'same' has one group alone",
    "train flowers.dat --target kind": "Give the file the suffix of its format, or name the separator",
    f"{CLASSES} --read sep=::": "--read sep must be one ASCII character, such as ';', or tab, got '::'",
    f"{CLASSES} --stream": "folder of such parts",
    f"{CLASSES} --keep ids": "'x', 'size', 'colour', 'kind', 'height'",
    f"{CLASSES} --loss huber": "one of 'cross_entropy', 'ordinal'",
    f"{CLASSES} --model network --scoring r2": "scoring",
    f"{CLASSES} --model network --hidden-layers 1000000000000": "memory",
    f"{CLASSES} --class-weight tal=3": "among 'short', 'tall', got 'tal'. Did you mean 'tall'?",
    "train negative.csv --target kind --sample-weight w": "Row 6 of the weights 'w' is -1",
    "train unique.csv --target who": "Target 'who' has 60 different values in 60 rows",
    f"{NUMBERS} --loss ordinal": "height has 60 different decimal numbers, and --loss ordinal",
    f"{NUMBERS} --class-weight balanced": "--class-weight must be used with a target of classes",
    f"{NUMBERS} --classes a,b": "--classes is for a target of classes",
    f"{LABELS} kind --target warm --class-weight tall=2": "names among 'kind:short', 'kind:tall', 'warm:",
    f"{LABELS} kind --target height": "'kind' holds classes, and 'height' has more than two",
    "train --resume RUN": "cannot be resumed: its training has ended",
    "train --resume none": "there is no none.unfinished",
    "train nowhere --target kind --stream": "Error: nowhere",
    "predict FLOWERS FLOWERS": "is no folder of a run",
    "predict RUN other.csv": "'x', 'size', 'colour', 'height'",
    "predict RUN FLOWERS FLOWERS": "got 2 files",
    "predict RUN FLOWERS --output /dev/null/such.csv": "/dev/null",
    "predict RUN FLOWERS --output a.parquet": "--output must be a file that ends in .csv, got a.parquet",
    "evaluate RUN other.csv": "other.csv has no column 'kind', the target of the run",
    "doctor ENSEMBLE --data FLOWERS": "--data must be used with a run of one network",
    "trace RUN --example 99": "from 0 to 15, got 99",
    "trace RUN --member 1": "--member must be the number of a member",
    "trace ENSEMBLE": "from 0 to 1, got none. Or train one network, with --model network.",
    "check-gradients": "RUN and --network are both missing",
    "check-gradients RUN --network 2-1": "RUN and --network exclude each other",
    "demo digits --data .": "the data of digits are built in",
    "demo moon": "Did you mean 'moons'?",
    "demo cats --data nowhere": "train_catvnoncat.h5 and test_catvnoncat.h5",
    "serve RUN --timeout inf": "0<x<=3600",
    "course check 5": "Run deepstep course start 5.",
    "course start 15": "chapter must be a number from 1 to 14, got 15",
    "lesson build lesson.md -o lesson.md --overwrite": "lesson.md is read by this command",
    "worksheet --net 2,2": "--net must be whole numbers with '-' between them, such as 4-5-3-1, got '2,2'.",
    "describe-columns FLOWERS --target kind --exclude kind": "--exclude must be a column other than",
    "explore FLOWERS": "--target",
    "explore moons --learning-rate auto": "--learning-rate must be a number, got auto",
    "explore moons --data t.csv": "--data must be used with the folder of a run",
    "explore moons --target y": "--target must be used with a table",
    "explore moons --set optimizer=adamm": "Did you mean 'adam'?",
    "explore RUN --hidden-layers 3": "--hidden-layers must be used with a table or a",
    f"predict RUN {'n' * 300}.csv": "File name too long",
}


@pytest.mark.parametrize("typed", CASES)
def test_of_each_command(deepstep, flowers, flower_run, ensemble_run, tmp_path, typed):
    words = shlex.split(typed)
    in_the_way = words[1:] == ["FLOWERS", "--target", "kind"]
    for name in FILES:
        if name in words or (name == "runs" and in_the_way):
            write(tmp_path, flowers, name)
    before = content(tmp_path)
    places = {"FLOWERS": flowers, "RUN": flower_run, "ENSEMBLE": ensemble_run}
    result = deepstep(*(places.get(word, word) for word in words))
    check(result, CASES[typed])
    if typed.startswith(NO_TABLE):
        assert ("no-such-table" in result.err, result.err.count("\n")) == (False, 1)
    assert content(tmp_path) == before
