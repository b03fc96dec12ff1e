"""Our torch engine on a GPU with products of matrices in bfloat16."""

from race.entrants import cuda_session


class Entrant(cuda_session.Entrant):
    precision = "bfloat16"
