"""Training on a Parquet file larger than memory should be: ``python benchmarks/streaming.py``.

Writes a file of 4 GB, of normal numbers in 40 columns and a target that depends on three of them, and trains
on it by ``deepstep train --stream``: one epoch, peak resident memory and rows a second; answers for all rows
of it by ``deepstep predict``. Then a file that fits: streamed and in memory, in turn. Every process is one of
its own, and its peak is what the system says of it at its end. The files are removed.

``python benchmarks/streaming.py --long-texts`` instead: a file of one row group whose texts are short in its
first rows and of 8 kB after them, the peak of training on it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
COLUMNS = 40
GROUP = 100_000
"""Rows of a row group: 33 MB."""
TARGET_MB = 1024
ROW_BYTES = 8 * (COLUMNS + 1)
BATCH = 256

WRITE = f"""
import sys
import numpy as np, pyarrow, pyarrow.parquet
path, rows = sys.argv[1], int(sys.argv[2])
rng, writer = np.random.default_rng(1), None
for start in range(0, rows, {GROUP}):
    X = rng.standard_normal((min({GROUP}, rows - start), {COLUMNS}))
    y = X[:, 0] * X[:, 1] + X[:, 2] + 0.1 * rng.standard_normal(len(X))
    table = pyarrow.table({{**{{f"x{{i}}": X[:, i] for i in range({COLUMNS})}}, "y": y}})
    writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, use_dictionary=False)
    writer.write_table(table, row_group_size={GROUP})
writer.close()
"""


LONG = """
import sys
import numpy as np, pyarrow, pyarrow.parquet
rng, letters = np.random.default_rng(1), np.frombuffer(b"abcdefghijklmnopqrstuvwxyz   ", np.uint8)
texts = [f"short {row % 7}" for row in range(20_000)]
texts += [rng.choice(letters, 8000).tobytes().decode() for _ in range(40_000)]
x = rng.standard_normal(len(texts))
table = pyarrow.table({"text": texts, "x": x, "y": np.where(x > 0, "a", "b")})
pyarrow.parquet.write_table(table, sys.argv[1], row_group_size=len(texts))
"""


def main() -> None:
    """Write, train, print a table, and a file of JSON where asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=4.0, help="of the large file [4]")
    parser.add_argument("--fits", type=float, default=0.2, help="gigabytes of the file that fits [0.2]")
    parser.add_argument("--rounds", type=int, default=3, help="of the file that fits [3]")
    parser.add_argument("--folder", help="where files are written and removed [the system's for such]")
    parser.add_argument("--long-texts", action="store_true", help="a file of long texts instead")
    parser.add_argument("--output", type=Path, help="write everything to this file as JSON")
    asked = parser.parse_args()
    if asked.long_texts:
        with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
            print(f"{long_texts(Path(folder)):.0f} MB of peak resident memory")
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        told = measured(Path(folder), asked.gigabytes, asked.fits, asked.rounds)
    show(told)
    if asked.output is not None:
        # read last: it loads packages, and what is begun later inherits this peak of memory
        sys.path.insert(0, str(HERE))
        from machine import machine

        of = machine(["numpy", "polars", "pyarrow", "numba"], os.cpu_count() or 1)
        asked.output.write_text(json.dumps({**of, **told}, indent=1), encoding="utf-8")
    if told["large"]["train"]["peak_mb"] > TARGET_MB and asked.gigabytes >= 4:
        sys.exit(1)


def measured(folder: Path, gigabytes: float, fits: float, rounds: int) -> dict[str, Any]:
    """Both files, one after the other."""
    large = written(folder / "large.parquet", gigabytes)
    told: dict[str, Any] = {"columns": COLUMNS, "rows_of_a_group": GROUP, "target_mb": TARGET_MB}
    told["large"] = {
        **large,
        "train": trained(folder / "large.parquet", folder / "run", "--stream"),
        "predict": run(
            "predict", folder / "run", folder / "large.parquet", "--output", folder / "answers.csv"
        ),
    }
    (folder / "large.parquet").unlink()
    (folder / "answers.csv").unlink()
    small = written(folder / "small.parquet", fits)
    ways: dict[str, list[dict[str, Any]]] = {"--stream": [], "--no-stream": []}
    for _ in range(rounds):
        for way, found in ways.items():
            found.append(trained(folder / "small.parquet", folder / "run", way, "--overwrite"))
    told["fits"] = {**small, "streamed": ways["--stream"], "in memory": ways["--no-stream"]}
    return told


def long_texts(folder: Path) -> float:
    """MB of the peak of a training on texts that are longer than the first rows told."""
    path = folder / "long.parquet"
    subprocess.run([sys.executable, "-c", LONG, str(path)], check=True)
    options = ("--target", "y", "--stream", "--epochs", "1", "--out", folder / "run")
    return float(run("train", path, *options)["peak_mb"])


def written(path: Path, gigabytes: float) -> dict[str, Any]:
    """A file of about this size, written by another process."""
    rows = max(GROUP // 10, int(gigabytes * 2**30 / ROW_BYTES))
    begun = perf_counter()
    subprocess.run([sys.executable, "-c", WRITE, str(path), str(rows)], check=True)
    return {"rows": rows, "bytes": path.stat().st_size, "seconds_to_write": perf_counter() - begun}


def trained(path: Path, out: Path, *options: str) -> dict[str, Any]:
    """An epoch of training: what `run` gives, and rows a second while it learns."""
    one_network = ("--set", "n_estimators=1", "--batch-size", BATCH, "--epochs", "1")
    found = run("train", path, "--target", "y", *one_network, "--out", out, "--json", *options)
    said = json.loads(found.pop("printed"))
    history = (out / "history.jsonl").read_text(encoding="utf-8")
    rows = json.loads(history.splitlines()[-1])["step"] * BATCH
    return {
        **found,
        "rows_learned": rows,
        "rows_a_second": rows / said["seconds"],
        "seconds_of_learning": said["seconds"],
        "r2": said["test"]["r2"],
    }


def run(*arguments: object) -> dict[str, Any]:
    """A command of deepstep in a process of its own: its seconds, and its peak of resident memory."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "deepstep", *map(str, arguments)]
    begun = perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)}\n{err.read().decode()}")
        return {
            "seconds": perf_counter() - begun,
            "peak_mb": usage.ru_maxrss / 1024,
            "printed": out.read().decode(),
        }


def show(told: dict[str, Any]) -> None:
    """A table in Markdown."""
    large, fits = told["large"], told["fits"]
    print("| file | way | peak resident memory, MB | rows a second | seconds in all | R² |")
    print("|---|---|---|---|---|---|")
    size = f"{large['bytes'] / 2**30:.2f} GB, {large['rows']:,} rows"
    train, predict = large["train"], large["predict"]
    print(f"| {size} | train, streamed | {line(train)} |")
    print(f"| {size} | predict | {predict['peak_mb']:.0f} | – | {predict['seconds']:.0f} | – |")
    size = f"{fits['bytes'] / 2**30:.2f} GB, {fits['rows']:,} rows"
    for way in ("streamed", "in memory"):
        for found in fits[way]:
            print(f"| {size} | train, {way} | {line(found)} |")
    met = "met" if train["peak_mb"] <= TARGET_MB else "missed"
    print(f"\nTarget: at most {TARGET_MB} MB of the large file: {met}.")


def line(found: dict[str, Any]) -> str:
    """The figures of one training."""
    return (
        f"{found['peak_mb']:.0f} | {found['rows_a_second']:,.0f} | {found['seconds']:.0f} | {found['r2']:.4f}"
    )


if __name__ == "__main__":
    main()
