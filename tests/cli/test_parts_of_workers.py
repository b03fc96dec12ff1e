"""What workers know of the parts of a folder, joined."""

from itertools import pairwise

import pytest

from deepstep.cli import workers
from deepstep.data import parquet
from deepstep.errors import FileError
from deepstep.preparation.shares import Communicator, Share


@pytest.mark.parametrize(("theirs", "different"), [("abcd", "'d'"), ("ab", "'c'"), ("abd", "'c'")])
def test_machines_that_see_other_parts_are_told_in_words(tmp_path, monkeypatch, theirs, different):
    for name in "abcd":
        (tmp_path / name).write_bytes(name.encode())

    def digest_by(rank, mine, others):
        class Two(Communicator):
            share = Share(rank, 2)

            def exchange(self, own):
                yield from (own, others) if rank == 0 else (others, own)

        monkeypatch.setattr(workers, "all_of_them", Two)
        return workers._of_each([tmp_path / name for name in mine])

    parts = [tmp_path / name for name in "abc"]
    all_digests = parquet.sha256_of_each(parts)
    assert digest_by(0, "abc", (list("abc"), all_digests[1::2])) == all_digests
    for mine, other in pairwise(("abc", theirs, "abc")):
        with pytest.raises(FileError, match="the same parts for all workers") as caught:
            digest_by(0, mine, (list(other), ["", ""]))
        assert different in str(caught.value)
