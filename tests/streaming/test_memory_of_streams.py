"""Peak memory is bounded by the buffer, whatever the size of the file."""

import os
import subprocess
import sys

import numpy as np
import polars
import pytest

READ = """
import resource, sys
import numpy as np
from deepstep.data.tables import open_rows
from deepstep.preparation.batches import Examples, shuffled
from deepstep.preparation import survey as surveys
from deepstep.preparation.survey import survey
from pathlib import Path

surveys.IN_MEMORY_ROWS = 5000
for path in sys.argv[1:]:
    rows = open_rows(Path(path), ["y"])
    found = survey(rows, "y", test_fraction=0.2, validation_fraction=0.1)

    def encode(frame):
        return Examples(found.inputs.transform(frame), frame.get_column("y").to_numpy()[:, np.newaxis])

    seen = 0
    with found.stream(encode, {}, buffer_rows=2000) as examples:
        while seen < len(examples):
            seen += len(examples.window(0, seen // 100, 100, shuffled(1)).examples)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def peaks_of(*paths):
    """MB that a process has had at most when it has read all of a file, twice, and of those before it."""
    # by a shell: a process that begins from this one directly has this one's peak
    command = ["sh", "-c", '"$0" -c "$@"', sys.executable, READ, *map(str, paths)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "POLARS_MAX_THREADS": "1"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return map(int, ran.stdout.split())


def parquet(path, X):
    frame = polars.DataFrame({**{f"x{at}": X[:, at] for at in range(40)}, "y": X[:, 0]})
    frame.write_parquet(path / "X.parquet", row_group_size=4000, compression="uncompressed")
    return path / "X.parquet"


def numpy_files(path, X):
    np.save(path / "X.npy", X)
    np.save(path / "y.npy", X[:, 0])
    return path / "X.npy"


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system's peak has other units")
@pytest.mark.parametrize("write", [parquet, numpy_files])
def test_a_file_seven_times_as_large_takes_no_more(tmp_path, write):
    X, folders = np.random.default_rng(1).standard_normal((140_000, 40)), [tmp_path / "few", tmp_path / "all"]
    for folder in folders:
        folder.mkdir()
    # of the few the parts that are held out are as large as they can be
    few, most = peaks_of(write(folders[0], X[:20_000]), write(folders[1], X))
    assert most - few < 25, f"{most - few} MB more for 39 MB more of a file"
