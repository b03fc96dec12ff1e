"""Texts that are longer than the first rows told: pieces have no more than so many bytes of them."""

import numpy as np
import polars
import pyarrow
import pyarrow.parquet
import pytest

from deepstep.data import ParquetRows, parquet
from deepstep.data.rows import text_bytes
from deepstep.estimators import DeepClassifier

MOST = 2**16


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    long = np.concatenate([rng.integers(0, 9, 1500), rng.integers(0, 4000, 900)])
    x = rng.standard_normal(len(long))
    return polars.DataFrame(
        {
            "x": x,
            "unique": [f"{row} " + "w" * int(n) for row, n in enumerate(long)],
            "repeated": [f"{n % 7}" * int(n // 1000 * 1000) for n in long],
            "target": np.where(x > 0, "yes", "no"),
        }
    )


def largest(rows, columns, most):
    read = [piece for group in range(len(rows.sizes)) for piece in rows.pieces(group, columns, most)]
    return polars.concat(read), max(map(text_bytes, read)), max(piece.height for piece in read)


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("column", ["unique", "repeated"])
def test_pieces_are_bounded_and_hold_the_same_rows(tmp_path, monkeypatch, frame, dictionary, column):
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(frame.to_arrow(), path, use_dictionary=dictionary)
    whole, most_bytes, _ = largest(ParquetRows(path), ["x", column], 10**6)
    assert whole.equals(frame.select("x", column))
    assert most_bytes == text_bytes(frame.select(column)) > 2 * MOST
    monkeypatch.setattr(parquet, "PIECE_BYTES", MOST)
    for most in (10**6, 100, 1):
        read, most_bytes, most_rows = largest(ParquetRows(path), ["x", column], most)
        assert read.equals(whole)
        assert most_rows <= most
        assert most_bytes <= MOST


def test_no_more_is_read_at_once_than_the_footer_says_fits(tmp_path, monkeypatch, frame):
    path = tmp_path / "x.parquet"
    frame.write_parquet(path)
    asked = []

    class Watched(pyarrow.parquet.ParquetFile):
        def iter_batches(self, batch_size, **options):
            asked.append(batch_size)
            return super().iter_batches(batch_size=batch_size, **options)

    monkeypatch.setattr(pyarrow.parquet, "ParquetFile", Watched)
    rows = ParquetRows(path)
    largest(rows, ["x"], 10**6)
    largest(rows, ["repeated"], 10**6)
    monkeypatch.setattr(parquet, "PIECE_BYTES", 2**20)
    largest(rows, ["unique"], 10**6)
    mean = text_bytes(frame.select("unique")) / len(frame)
    assert asked[:2] == [len(frame), parquet.REPEATED]
    assert asked[2] == pytest.approx(2**16 / mean, rel=0.1)


@pytest.mark.filterwarnings("ignore:Training ended before")
def test_a_text_of_more_bytes_than_a_piece_may_have(tmp_path, monkeypatch):
    """A row is never cut; and what is learned depends on no cut."""
    texts = [f"word{row % 5} " * (9000 if row == 77 else 1) for row in range(300)]
    x = np.random.default_rng(1).standard_normal(300)
    frame = polars.DataFrame({"x": x, "text": texts, "target": np.where(x > 0, "yes", "no")})
    frame.write_parquet(tmp_path / "x.parquet", row_group_size=150)
    settings = {"stream": True, "max_iter": 3, "random_state": 1, "buffer_rows": 64}
    models = []
    for most in (2**24, 2**8):
        monkeypatch.setattr(parquet, "PIECE_BYTES", most)
        models.append(DeepClassifier(**settings).fit(tmp_path / "x.parquet", "target"))
    pieces = list(ParquetRows(tmp_path / "x.parquet").pieces(0, ["text"], 10**6))
    assert [len(piece) for piece in pieces if "word2 word2" in "".join(piece["text"])] == [1]
    assert len(pieces) > 3
    one, other = (model.ensemble_.members[0].network.parameters.flat for model in models)
    np.testing.assert_array_equal(one, other)
