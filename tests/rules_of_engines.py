"""The update rules that all engines have; those of whole matrices the compiled engine lacks."""

from deepstep.equations import OPTIMIZERS

RULES = {name: rule for name, rule in OPTIMIZERS.items() if not rule.of_matrices}
