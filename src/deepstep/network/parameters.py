"""All weights and biases as one flat vector with named views."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from deepstep.errors import DataError, ShapeError
from deepstep.network.layout import Layout, chain, layout_of, parts_of
from deepstep.types import AnyArray, Array


class Parameters(Mapping[str, Array]):
    """A mapping ``"W1", "b1", "W2", …`` over one flat vector θ.

    One vector makes the update one call, the checkpoint one array and the gradient check one loop;
    the named views make the lecture's dictionaries work unchanged. Writing into ``flat`` or into a
    view changes the same numbers.

    Parameters
    ----------
    flat : array of shape (n_parameters,)
        W1 (row by row), b1, W2, b2, …; kept, not copied. float32 or float64. After the b of a layer follow
        its gamma where it is normalized, s1 (n_0, 1) where inputs are scaled, r1 (K, n_0) where K members
        share the network, and its alpha where its activation is parametric. The last W and b of members have
        K·n_L rows.
    layer_dims : sequence of int
        n_0, n_1, …, n_L.
    normalized : sequence of int
        Numbers of the layers that have a gamma.
    input_scale : bool
        Whether there is an s1, a factor for each input.
    bent : sequence of int
        Numbers of the layers that have an alpha.
    members : int
        K, how many networks share them; 0 for an ordinary network.

    Attributes
    ----------
    flat : array of shape (n_parameters,)
    layer_dims : tuple of int
        Empty where the shapes do not chain, which an update allows and a network does not.
    normalized : tuple of int
    input_scale : bool
    bent : tuple of int
    members : int
    layout : tuple of pairs
        Names and shapes in the order of ``flat``.

    Raises
    ------
    ShapeError
        If the length of ``flat`` does not fit the layer sizes.
    DataError
        If ``flat`` is no array of float32 or float64: what is kept and not copied cannot be converted.

    Examples
    --------
    >>> parameters = Parameters(np.arange(4.0), [3, 1])
    >>> parameters["W1"], parameters["b1"]
    (array([[0., 1., 2.]]), array([[3.]]))
    """

    __slots__ = ("_views", "bent", "flat", "input_scale", "layer_dims", "layout", "members", "normalized")

    def __init__(
        self,
        flat: Array,
        layer_dims: Sequence[int],
        normalized: Sequence[int] = (),
        *,
        input_scale: bool = False,
        bent: Sequence[int] = (),
        members: int = 0,
    ) -> None:
        shapes = chain(layer_dims, members)
        self._lay_out(flat, layout_of(shapes, normalized, input_scale, bent, members))

    def _lay_out(self, flat: Array, layout: Layout) -> None:
        if not isinstance(flat, np.ndarray) or flat.dtype not in (np.float32, np.float64):
            raise DataError(
                "Parameters",
                "flat is a NumPy array of float32 or float64",
                f"got {f'dtype {flat.dtype}' if isinstance(flat, np.ndarray) else type(flat).__name__}",
                "Pass numpy.asarray(flat, dtype=float).",
            )
        self.flat, self.layout = flat, layout
        weights = [shape for name, shape in layout if name[0] == "W"]
        chained = all(before[0] == after[1] for before, after in pairwise(weights))
        self.members = next((shape[0] for name, shape in layout if name == "r1"), 0)
        sizes = [weights[0][1], *(n for n, _ in weights)] if chained and weights else [0]
        sizes[-1] //= max(1, self.members)
        self.layer_dims = tuple(sizes) if chained and weights else ()
        self.normalized, self.input_scale, self.bent = parts_of(layout)
        expected = sum(n * columns for _, (n, columns) in layout)
        if flat.shape != (expected,):
            raise ShapeError(
                "Parameters",
                f"layer sizes {list(self.layer_dims)} have {expected} numbers in a flat vector",
                f"got shape {flat.shape}",
            )
        self._views: dict[str, Array] = {}
        start = 0
        for name, (n, columns) in layout:
            self._views[name] = flat[start : start + n * columns].reshape(n, columns)
            start += n * columns

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], *, chained: bool = True, where: str = "Parameters.from_dict"
    ) -> Self:
        """Build parameters from a dictionary such as the lecture's; the arrays are copied.

        Parameters
        ----------
        values : mapping
            ``"W1"`` (n_1, n_0), ``"b1"`` (n_1, 1), … without gaps and without other keys; ``"gamma1"``
            (n_1, 1) where layer 1 is normalized, ``"s1"`` (n_0, 1) where inputs are scaled, ``"r1"`` (K, n_0)
            where K members share the network, ``"alpha1"`` (n_1, 1) where the activation of layer 1, a hidden
            one, is parametric. Whole numbers become float64; float32 stays when everything is float32.
        chained : bool
            Whether each W has to follow the layer before, as in a network.
        where : str
            Name for error messages.

        Returns
        -------
        Parameters
            Over a new vector.

        Raises
        ------
        ShapeError
            If a key is missing or unknown, or the shapes do not chain.
        DataError
            If an entry is not numeric or its rows differ in length.

        Examples
        --------
        >>> Parameters.from_dict({"W1": [[1, 2]], "b1": [[3]]}).flat
        array([1., 2., 3.])
        """
        n_layers = sum(1 for name in values if isinstance(name, str) and name[:1] == "W")
        normalized = [layer for layer in range(1, n_layers + 1) if f"gamma{layer}" in values]
        parametric = [layer for layer in range(1, n_layers) if f"alpha{layer}" in values]
        names = [f"{kind}{layer}" for layer in range(1, n_layers + 1) for kind in "Wb"]
        scales = [f"gamma{layer}" for layer in normalized] + [f"alpha{layer}" for layer in parametric]
        scales += [name for name in ("s1", "r1") if name in values]
        if not names or {*names, *scales} != set(values):
            raise ShapeError(
                where,
                "the keys are W1, b1, W2, b2, … without gaps",
                f"got {sorted(map(str, values))}",
                "Remove other keys and name every layer's W and b.",
            )
        arrays = {name: _as_float(values[name], name, where) for name in (*names, *scales)}
        shapes: list[tuple[int, int]] = []
        for layer in range(1, n_layers + 1):
            before = shapes[-1][0] if chained and shapes else None
            shapes.append(_check_layer(arrays, layer, before, where))
        members = _check_members(arrays["r1"], shapes, where) if "r1" in values else 0
        layout = layout_of(shapes, normalized, "s1" in values, parametric, members)
        dtype = np.result_type(*arrays.values())
        return cls._of(np.concatenate([arrays[name].ravel() for name, _ in layout], dtype=dtype), layout)

    @classmethod
    def _of(cls, flat: Array, layout: Layout) -> Self:
        parameters = cls.__new__(cls)
        parameters._lay_out(flat, layout)
        return parameters

    def like(self, flat: Array) -> "Parameters":
        """Parameters of the same shapes over another vector.

        Parameters
        ----------
        flat : array of shape (n_parameters,)
            float32 or float64; kept, not copied.

        Returns
        -------
        Parameters
            Over that vector.

        Raises
        ------
        ShapeError, DataError
            As for the class.
        """
        return Parameters._of(flat, self.layout)

    @property
    def n_layers(self) -> int:
        """L, the number of layers."""
        return sum(1 for name, _ in self.layout if name[0] == "W")

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self.flat.dtype

    def copy(self) -> "Parameters":
        """The same numbers in a new vector.

        Returns
        -------
        Parameters
            Over the new vector.
        """
        return self.like(self.flat.copy())

    def astype(self, dtype: Any) -> "Parameters":
        """The same numbers in another precision, in a new vector.

        Parameters
        ----------
        dtype : dtype
            float32 or float64.

        Returns
        -------
        Parameters
            Over the new vector.
        """
        return self.like(self.flat.astype(dtype))

    def to_dict(self) -> dict[str, Array]:
        """Copies of the arrays under their names.

        Returns
        -------
        dict
            ``"W1"``, ``"b1"``, …: what `from_dict` takes.
        """
        return {name: view.copy() for name, view in self._views.items()}

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters):
            return NotImplemented
        return self.layout == other.layout and np.array_equal(self.flat, other.flat)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return Parameters._of, (self.flat, self.layout)

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.layer_dims)) or "shapes that do not chain"
        return f"Parameters({sizes}, {self.flat.size} numbers, {self.dtype})"


def as_parameters(
    parameters: Mapping[str, Any], where: str = "parameters", *, chained: bool = True
) -> Parameters:
    """`Parameters` as they are, any other mapping through `Parameters.from_dict`.

    Parameters
    ----------
    parameters : mapping
        ``"W1"``, ``"b1"``, …
    where : str
        Name for error messages.
    chained : bool
        As in `Parameters.from_dict`.

    Returns
    -------
    Parameters
        The same object, or a copy of the numbers.

    Raises
    ------
    DataError, ShapeError
        If it is no mapping, or as in `Parameters.from_dict`.

    Examples
    --------
    >>> as_parameters({"W1": [[1, 2]], "b1": [[3]]}).layer_dims
    (2, 1)
    """
    if isinstance(parameters, Parameters):
        return parameters
    if not isinstance(parameters, Mapping):
        raise DataError(
            where,
            "parameters are a mapping with W1, b1, …",
            f"got {type(parameters).__name__}",
            "Use initialize_parameters or Parameters.from_dict.",
        )
    return Parameters.from_dict(parameters, chained=chained, where=where)


def _check_layer(arrays: Mapping[str, Array], layer: int, before: int | None, where: str) -> tuple[int, int]:
    """The shape of a layer's W; refuse what does not fit it or the layer before."""
    W = arrays[f"W{layer}"]
    if W.ndim != 2 or 0 in W.shape or before not in (None, W.shape[1]):
        known = f" with n_{layer - 1} = {before}" if before else ", at least 1 each"
        raise ShapeError(
            f"{where}, layer {layer}",
            f"W{layer} has shape (n_{layer}, n_{layer - 1}){known}",
            f"got {W.shape}",
            f"Pass W{layer}.T." if W.ndim == 2 and W.shape[0] == before else "",
        )
    sizes = dict.fromkeys((f"b{layer}", f"gamma{layer}", f"alpha{layer}"), W.shape[0])
    if layer == 1:
        sizes["s1"] = W.shape[1]
    for name, size in sizes.items():
        column = arrays.get(name)
        if column is not None and column.shape != (size, 1):
            raise ShapeError(
                f"{where}, layer {layer}",
                f"{name} is a column of shape ({size}, 1)",
                f"got {column.shape}",
                f"Pass {name}.reshape(-1, 1)." if column.size == size else "",
            )
    return W.shape[0], W.shape[1]


def _check_members(r: Array, shapes: Sequence[tuple[int, int]], where: str) -> int:
    """K; refuse factors, or a last layer, that are not of K members."""
    n_inputs, n_outputs = shapes[0][1], shapes[-1][0]
    if r.ndim != 2 or r.shape[0] < 1 or r.shape[1] != n_inputs:
        expected = f"r1 has shape (K, {n_inputs}), a factor of each input for each of K members"
        raise ShapeError(f"{where}, layer 1", expected, f"got {r.shape}")
    if len(shapes) < 2 or n_outputs % r.shape[0]:
        expected = (
            f"a hidden layer, and a last one with {r.shape[0]}·n_L units, as r1 is of {r.shape[0]} members"
        )
        raise ShapeError(where, expected, f"got weights of {[list(shape) for shape in shapes]}")
    return int(r.shape[0])


def _as_float(value: AnyArray, name: str, where: str) -> Array:
    try:
        array = np.asarray(value)
    except ValueError:
        raise DataError(where, f"{name} is a matrix", "got rows of different lengths") from None
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise DataError(where, f"{name} holds real numbers", f"got dtype {array.dtype}")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
