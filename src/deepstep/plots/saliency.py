"""Display of the inputs an answer rests on: how one output follows each input of one example."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepstep.errors import ShapeError, unknown_name
from deepstep.network.border import check_inputs
from deepstep.plots.colours import BAD, OKABE_ITO, centred
from deepstep.plots.drawing import axes_for, plain
from deepstep.plots.first_layer_weights import check_image_shape
from deepstep.plots.sources import check_network, network_of
from deepstep.types import AnyArray, Array

METHODS = ("gradient", "gradient_times_input", "integrated_gradients")

STEPS = 200
"""Points on the way from the baseline to the example; 20 to 300 are usual (Sundararajan et al. 2017)."""

MOST_BARS = 20
"""So many inputs are drawn as bars: those that count most."""


class SaliencyDisplay:
    """How much each input of one example counts for one output.

    Parameters
    ----------
    attributions : array of shape (n_x,)
        One number for each input, signed.
    method : str
        "gradient": ∂a/∂x. "gradient_times_input": x ∂a/∂x. "integrated_gradients": (x - x′) times the mean of
        ∂a/∂x on the straight way from a baseline x′ to x (Sundararajan et al. 2017).
    output : int
        Number of the output a, from 0.
    gap : float or None
        Of integrated gradients: a(x) - a(x′), which the attributions sum up to.
    names : sequence of str
        Of the inputs.
    image_shape : tuple of int or None
        (height, width[, channels]) where the inputs are pixels.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    artist_ : image or bars
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from deepstep import Network
    >>> net = Network(parameters={"W1": [[2.0, -1.0]], "b1": [[1.0]]}, output="identity")
    >>> display = SaliencyDisplay.from_network(net, [3.0, 1.0], method="integrated_gradients")
    >>> display.attributions
    array([ 6., -1.])
    >>> display.residual < 1e-12
    True
    """

    def __init__(
        self,
        *,
        attributions: Array,
        method: str,
        output: int,
        names: Sequence[str],
        gap: float | None = None,
        image_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.attributions = attributions
        self.method = method
        self.output = output
        self.names = list(names)
        self.gap = gap
        self.image_shape = image_shape

    @classmethod
    def from_network(
        cls,
        network: Any,
        x: Any,
        *,
        output: int = 0,
        method: str = "gradient",
        baseline: Any = None,
        steps: int = STEPS,
        names: Sequence[str] | None = None,
        image_shape: Sequence[int] | None = None,
    ) -> "SaliencyDisplay":
        """The saliency of one example.

        network (Network):
        x (n_x,): The example.
        output (int): Number of the output, from 0.
        method ("gradient" or "gradient_times_input" or "integrated_gradients"):
        baseline (n_x,): x′ of integrated gradients, an example that says nothing; 0 by default.
        steps: Points on the way from it.
        names: Names of the inputs; x1, x2, … by default.
        image_shape (tuple of int): (height, width[, channels]) where the inputs are pixels.
        returns: Not drawn yet.
        ConfigurationError, ShapeError, DataError: If there is no such method or output, or the example does
            not fit.
        """
        where = "SaliencyDisplay.from_network"
        network = check_network(network, where)
        if method not in METHODS:
            raise unknown_name(where, "method", method, METHODS)
        n_x = network.architecture.n_inputs
        x = _example(x, n_x, f"{where}, x", network.dtype)
        origin = (
            np.zeros_like(x)
            if baseline is None
            else _example(baseline, n_x, f"{where}, baseline", network.dtype)
        )
        if names is not None and len(names) != n_x:
            raise ShapeError(where, f"a name for each of {n_x} inputs", f"got {len(names)}")
        gap = None
        if method == "integrated_gradients":
            way = (np.arange(steps) + 0.5) / steps  # midpoints
            slope = network.input_gradients(origin + (x - origin) * way, output=output)
            found = (x - origin) * slope.mean(axis=1, keepdims=True)
            ends = network.forward(np.hstack([origin, x]))[output]
            gap = float(ends[1] - ends[0])
        else:
            found = network.input_gradients(x, output=output)
            found = found * x if method == "gradient_times_input" else found
        return cls(
            attributions=found[:, 0],
            method=method,
            output=output,
            names=[f"x{number}" for number in range(1, n_x + 1)] if names is None else names,
            gap=gap,
            image_shape=None if image_shape is None else check_image_shape(image_shape, n_x, where),
        )

    @classmethod
    def from_estimator(
        cls, estimator: Any, x: Any, *, member: int | None = None, **options: Any
    ) -> "SaliencyDisplay":
        """The saliency of one example for a fitted estimator's network.

        estimator (DeepClassifier or DeepRegressor): Fitted.
        x (n_features,): A row; for an ensemble, as its member sees it.
        member: Which network of an ensemble.
        options: As in `from_network`.
        returns: With the names of the features of fit.
        ConfigurationError, ShapeError, DataError: As in `from_network`, or if there is no such network.
        """
        network = network_of(estimator, member, "SaliencyDisplay.from_estimator")
        known = getattr(estimator, "feature_names_in_", None)
        if known is not None and member is None:
            options.setdefault("names", list(map(str, known)))
        return cls.from_network(network, x, **options)

    @property
    def residual(self) -> float | None:
        """|Σ attributions - (a(x) - a(x′))|, 0 if integrated gradients were exact; None for other methods."""
        return None if self.gap is None else abs(float(self.attributions.sum(dtype=np.float64)) - self.gap)

    def plot(self, *, ax: Any = None) -> "SaliencyDisplay":
        """Draw a picture where the inputs are pixels, else bars of the inputs that count most.

        ax (matplotlib.axes.Axes): Where to draw; by default on a new figure, which belongs to no window.
        returns: With ``figure_``, ``ax_`` and ``artist_``.
        MissingPackageError: When matplotlib is not installed.
        """
        bars = min(len(self.names), MOST_BARS)
        size = (4.6, 4.0) if self.image_shape else (6.4, 1.3 + 0.25 * bars)
        self.ax_: Any = axes_for(ax, "SaliencyDisplay.plot", size)
        self.figure_: Any = self.ax_.figure
        if self.image_shape:
            picture = self.attributions.reshape(self.image_shape)
            picture = picture.sum(axis=2) if picture.ndim == 3 else picture
            self.artist_: Any = self.ax_.imshow(picture, **centred(picture))
            self.ax_.set_axis_off()
            self.figure_.colorbar(self.artist_, ax=self.ax_)
        else:
            rows = self._largest(bars)[::-1]
            values = self.attributions[rows]
            colours = [BAD if value > 0 else OKABE_ITO[0] for value in values]
            self.artist_ = self.ax_.barh([plain(self.names[row]) for row in rows], values, color=colours)
            for bar, value in zip(self.artist_, values, strict=True):
                bar.set_hatch("" if value > 0 else "///")
            self.ax_.axvline(0, color="black", linewidth=0.8)
        self.ax_.set_title(self._heading(), fontsize=9)
        return self

    def _largest(self, count: int) -> AnyArray:
        return np.argsort(-np.abs(self.attributions), kind="stable")[:count]

    def _heading(self) -> str:
        heading = f"{self.method.replace('_', ' ')} of output {self.output}"
        if self.gap is None:
            return heading
        return (
            f"{heading}:\nsum {self.attributions.sum():.4g} for {self.gap:.4g}, residual {self.residual:.1e}"
        )

    def describe(self) -> str:
        """The content of the figure in words.

        returns: The inputs that count most, with their numbers.
        """
        most = ", ".join(f"{self.names[row]} {self.attributions[row]:+.3g}" for row in self._largest(5))
        return f"{self._heading()}\nmost: {most}."


def _example(x: Any, n_x: int, where: str, dtype: Any) -> Array:
    """One example as a column (n_x, 1)."""
    x = np.asarray(x)
    if x.size != n_x:
        raise ShapeError(where, f"one example of {n_x} inputs", f"got shape {x.shape}")
    return check_inputs(x.reshape(n_x, 1), n_x, where, dtype=dtype)
