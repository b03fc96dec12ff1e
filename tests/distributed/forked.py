"""Workers with the variables of torchrun, without its imports in each of them: ``forked.py N SCRIPT …``.

They are forked from a process that has imported what is heavy, and meet in its store.
"""

import os
import runpy
import socket
import sys
from pathlib import Path

from torch.distributed import TCPStore

import deepstep.data
import deepstep.engines.compiled.session
import deepstep.engines.torch.together
import deepstep.estimators  # noqa: F401


def main(n: int, script: str) -> int:
    """The largest exit code of the workers."""
    server = socket.create_server(("127.0.0.1", 0))
    port, workers = server.getsockname()[1], []
    for rank in range(n):
        workers.append(os.fork())
        if not workers[-1]:
            server.close()
            place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": n, "LOCAL_WORLD_SIZE": n}
            address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "TORCHELASTIC_USE_AGENT_STORE": True}
            os.environ.update({name: str(value) for name, value in (place | address).items()})
            sys.argv[:] = sys.argv[2:]
            sys.path[0] = str(Path(script).parent)
            runpy.run_path(script, run_name="__main__")
            return 0
    listening = {"wait_for_workers": False, "master_listen_fd": server.detach()}
    store = TCPStore("127.0.0.1", port, is_master=True, **listening)
    codes = [os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1]) for worker in workers]
    del store
    return max(map(abs, codes))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2]))
