"""Reads damaged binary tables and prints what came of each; run by ``test_tables.py``.

python tests/data/damaged_tables.py WHOLE FIRST LAST
"""

import random
import sys
from pathlib import Path

from deepstep.data import read_table
from deepstep.errors import DeepStepError


def damaged(whole, number):
    """Every third file is cut anywhere, in the others a byte is overwritten."""
    draw = random.Random(number)
    if number % 3 == 0:
        return whole[: draw.randrange(len(whole) - 1)]
    content = bytearray(whole)
    content[draw.randrange(len(whole))] = draw.randrange(256)
    return bytes(content)


def main(path, first, last):
    whole = path.read_bytes()
    broken = path.with_stem("broken")
    for number in range(first, last):
        broken.write_bytes(damaged(whole, number))
        try:
            read_table(broken)
            answer = "read"
        except DeepStepError:
            answer = "refused"
        except BaseException as error:  # a panic of a library in Rust is no Exception
            answer = f"{type(error).__name__}: {error}"
        print(number, answer.partition("\n")[0], flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
