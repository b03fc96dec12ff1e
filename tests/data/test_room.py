"""How much memory there is."""

import os

import pytest

from deepstep.data.rows import check_room, memory
from deepstep.errors import DataError


def test_memory_is_that_of_the_machine_or_less():
    there = memory()
    if there is None:
        pytest.skip("this system does not say")
    assert 2**28 < there <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    check_room(0, "x", "nothing", "nothing")
    with pytest.raises(
        DataError, match=r"^x: data of at most .* GiB, half of the memory; it would take .*\. Stop\.$"
    ):
        check_room(there, "x", "data", "it", "Stop.")
