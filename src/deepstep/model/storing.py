"""How a `Network` goes to files and to other libraries, and comes back."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from deepstep.equations import get_head
from deepstep.errors import DeepStepError, FileError
from deepstep.model.construction import finite_statistics
from deepstep.model.conversion import Converted, from_sklearn, torch_conversion
from deepstep.model.resuming import checkpoint_at
from deepstep.network import Architecture, Parameters
from deepstep.network.model_file import load_model, save_model
from deepstep.training import History
from deepstep.types import Array

if TYPE_CHECKING:
    from torch import nn
from deepstep.model.core import Core


class Storable(Core):
    """The part of `Network` that is stored and converted."""

    def save(self, path: str | Path) -> None:
        """Write the network to a safetensors file; an old file stays whole until the new one is complete.

        Architecture, parameters, dtype and seed are kept; the history and the engine are not.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        FileError
            If it cannot be written; what stood there before is untouched.

        Examples
        --------
        >>> from deepstep import Network
        >>> import tempfile
        >>> net = Network([2, 4, 1], seed=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/net.safetensors")
        ...     Network.load(f"{folder}/net.safetensors").parameters == net.parameters
        True
        """
        save_model(path, self.architecture, self.parameters, {"seed": self.seed}, self.statistics)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a network that `save` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Network

        Raises
        ------
        FileError
            If the file is missing, damaged, or no DeepStep model, or an activation or output of your own in
            it is not registered.

        Examples
        --------
        >>> from deepstep import Network
        >>> Network.load("no/such/file.safetensors")
        Traceback (most recent call last):
        deepstep.errors.FileError: no/such/file.safetensors: a model file; there is none.
        """
        architecture, parameters, notes, statistics = load_model(path)
        try:
            return cls._of(architecture, parameters, statistics, seed=notes.get("seed"))
        except (DeepStepError, RecursionError) as error:  # RecursionError: settings that are nested too deep
            came = f"it does not fit: {error!s:.300}".rstrip(".")
            raise FileError(str(path), "a whole DeepStep model", came) from None

    @classmethod
    def from_checkpoint(cls, path: str | Path) -> Self:
        """The network of a training that is not done, as it stood in a checkpoint; nothing is executed.

        Parameters
        ----------
        path : str or Path
            A file, or a folder, whose newest whole checkpoint is taken.

        Returns
        -------
        Network
            It predicts with what training had reached (the moving average of θ where one is kept, and not the
            best epoch of ``patience``); ``history`` has the records so far. To go on with the training:
            `train` with its options and ``resume=path``.

        Raises
        ------
        FileError
            If there is none, or it is damaged.
        ConfigurationError
            If it has an activation or a head of one's own that is not registered.

        Examples
        --------
        >>> import tempfile
        >>> from deepstep import Network
        >>> from deepstep.training import Checkpoints
        >>> folder = tempfile.mkdtemp()
        >>> net = Network([1, 1], seed=1)
        >>> history = net.train(
        ...     [[0.0, 1.0]], [[0, 1]], iterations=5, checkpoint=Checkpoints(folder, every_epochs=1)
        ... )
        >>> Network.from_checkpoint(folder).parameters == net.parameters
        True
        """
        checkpoint = checkpoint_at(path)
        network = cls._of(
            checkpoint.architecture, checkpoint.outcome, checkpoint.state.statistics, seed=checkpoint.seed
        )
        network.history = History(checkpoint.records)
        return network

    @classmethod
    def from_sklearn(cls, estimator: Any) -> Self:
        """The network of a fitted scikit-learn estimator; it gives the same outputs.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor

        Returns
        -------
        Network
            Of the estimator's precision. Classes are numbered in the order of ``classes_``; of two there is
            one output, the probability of the second. How it was trained (solver, penalty) does not come
            along.

        Raises
        ------
        ConfigurationError
            If it is another object, or not fitted.
        DataError
            If a weight is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from deepstep import Network
        >>> from sklearn.neural_network import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
        >>> estimator = MLPRegressor(hidden_layer_sizes=4, solver="lbfgs", random_state=0).fit(X, y)
        >>> net = Network.from_sklearn(estimator)
        >>> np.allclose(net.predict([[0.0, 1.0, 2.0]]), estimator.predict(X))
        True
        """
        return cls._of(*from_sklearn(estimator, "Network.from_sklearn"))

    @classmethod
    def from_torch(
        cls, module: Any, *, output: str | None = None, output_settings: Mapping[str, Any] | None = None
    ) -> Self:
        """The network of a torch module; ``module.eval()`` and it give the same outputs.

        Parameters
        ----------
        module : torch.nn.Sequential
            Of Linear, each followed by at most one BatchNorm1d or LayerNorm and at most one activation that
            DeepStep has, or what `to_torch` makes. Dropout, Flatten and Identity are passed over: give
            ``dropout`` to `train`.
        output : str, optional
            The head, as in `Network`. By default it is that of the activation at the end: "sigmoid" for a
            Sigmoid, "softmax" for a Softmax, "identity" for a Linear alone. A module that ends with Linear
            and was trained with a loss by its logits (``BCEWithLogitsLoss``, ``CrossEntropyLoss``) is
            "sigmoid" or "softmax": say so here.
        output_settings : mapping, optional
            Settings of the head.

        Returns
        -------
        Network
            Of the module's precision, with copies of its numbers. A Linear without bias has one of 0.
            ``torch.nn.Softplus`` cuts at 20, where the exact value is 2e-9 higher.

        Raises
        ------
        ConfigurationError
            If a module has no counterpart, or not in its place; the message names both.
        ShapeError, DataError
            If the layers do not follow each other, or a number is not finite.
        MissingPackageError
            If torch is not installed.

        Examples
        --------
        >>> from deepstep import Network
        >>> import torch
        >>> module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
        >>> Network.from_torch(module, output="softmax")
        Network(3-4-2: tanh, softmax; 26 parameters, float32)
        """
        where = "Network.from_torch"
        return cls._of(*torch_conversion(where).from_torch(module, output, output_settings or {}, where))

    def to_torch(self, *, logits: bool = False) -> "nn.Sequential":
        """A torch module that gives the same outputs, for rows.

        Parameters
        ----------
        logits : bool
            End with the last Linear, for losses by the logits and for exports: the output's own activation is
            left out.

        Returns
        -------
        torch.nn.Sequential
            In evaluation mode, of this network's precision, with copies of its numbers: Linear, BatchNorm1d
            or LayerNorm, activation for each layer. Modules of DeepStep's own are at the end of the outputs
            "poisson", "quantile" and "ordinal", and where inputs are scaled or activations parametric.

        Raises
        ------
        ConfigurationError
            If an activation is your own.
        MissingPackageError
            If torch is not installed.

        Examples
        --------
        >>> from deepstep import Network
        >>> Network([2, 4, 1], seed=1).to_torch()
        Sequential(
          (0): Linear(in_features=2, out_features=4, bias=True)
          (1): ReLU()
          (2): Linear(in_features=4, out_features=1, bias=True)
          (3): Sigmoid()
        )
        """
        where = "Network.to_torch"
        network = Converted(self.architecture, self.parameters, self.statistics)
        module: nn.Sequential = torch_conversion(where).to_torch(network, logits=logits, where=where)
        return module

    @classmethod
    def _of(
        cls,
        architecture: Architecture,
        parameters: Parameters,
        statistics: Mapping[str, Array],
        *,
        seed: Any = None,
    ) -> Self:
        """A network of these parts."""
        get_head(architecture, "Network")  # the last activation is the head's, and is not given below
        network = cls(
            architecture.layer_dims,
            activation=architecture.activations[:-1],
            output=architecture.output,
            output_settings=architecture.output_settings,
            normalization=architecture.normalization,
            input_scale=architecture.input_scale,
            parametric=architecture.parametric,
            shared_members=architecture.shared_members,
            features=architecture.features,
            parameters=parameters,
            dtype=parameters.dtype,
            seed=seed,
        )
        network.statistics = finite_statistics(statistics, parameters.dtype)
        return network
