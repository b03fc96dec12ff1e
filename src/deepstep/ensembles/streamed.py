"""A fit on rows that stay in their files: a survey of them, then one network, encoded a window at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepstep.data import StoredRows
from deepstep.ensembles.ensemble import Ensemble
from deepstep.ensembles.fit import Request
from deepstep.ensembles.member_fit import Checkpoints, Task, fit_member
from deepstep.ensembles.preprocessor import Preprocessor
from deepstep.ensembles.presets import INPUTS, STREAMED, default_n_bins, named_presets
from deepstep.ensembles.split import Rows
from deepstep.ensembles.workers import limited_threads
from deepstep.environment import polars
from deepstep.errors import DataError
from deepstep.preparation.batches import Examples, evenly_spread, few
from deepstep.preparation.encoding import Encoding
from deepstep.preparation.statistics import Quantiles
from deepstep.preparation.survey import Survey, rows_in_memory, survey
from deepstep.targets import Targets
from deepstep.training.checkpoint import plain
from deepstep.types import AnyArray, Array


@dataclass(frozen=True)
class StreamedTable:
    """Rows in files that a survey has seen; ``weighing`` is the column of weights."""

    survey: Survey
    weighing: str | None

    @property
    def names(self) -> list[str]:
        """The columns of the inputs."""
        return [name for name in self.survey.columns if name not in (self.survey.target, self.weighing)]

    def y(self, frame: "polars.DataFrame") -> AnyArray:
        """y of some rows."""
        return labels_in(frame.get_column(self.survey.target))

    def weight(self, frame: "polars.DataFrame") -> Array | None:
        """The weights of some rows; None for equal weights."""
        return None if self.weighing is None else weights_in(frame, self.weighing)

    @property
    def X(self) -> "polars.DataFrame | AnyArray":
        """X of the sample, as a fit in memory would be given it."""
        sample = self.survey.sample.select(self.names)
        return sample if self.survey.rows.named else sample.to_numpy()

    def scale_of(self, targets: Targets, Y: Array, *, counts: bool = False) -> tuple[Array, Array]:
        """As `Targets.scale_of`, of all rows that are learned from; ``Y`` are the targets of the sample."""
        center, scale = targets.scale_of(Y, None, counts=counts)
        if not (targets.is_classes or self.survey.in_memory) and (center.any() or (scale != 1).any()):
            mean, deviation, _ = self.survey.moments.moments(self.survey.target)
            return np.full_like(center, mean), np.full_like(scale, deviation)
        return center, scale

    def class_weights(self, targets: Targets, class_weight: Any) -> list[Array] | None:
        """The weights of the classes, from what each weighs among all rows that are learned from."""
        if not targets.is_classes or class_weight is None:
            return None
        counted = self.survey.different.filter(self.survey.different["rows"] > 0)
        positions = targets.positions(labels_in(counted["value"]))[np.newaxis]
        return targets.weights_of_classes(class_weight, positions, counted["weight"].to_numpy())


@dataclass(frozen=True)
class StreamedFit:
    """An ensemble of one network, a sample of the rows, and those that were held out."""

    ensemble: Ensemble
    sample: Rows
    held_out: Rows | None


def survey_rows(
    rows: StoredRows | Survey, target: str, weighing: str | None, **options: Any
) -> StreamedTable:
    """Look at all rows once, unless that was done; ``options`` are those of `survey`."""
    if isinstance(rows, Survey):
        return StreamedTable(rows, weighing)
    exclude, weights = [], None
    if weighing is not None:
        exclude, weights = [weighing], lambda frame: weights_in(frame, weighing)
    return StreamedTable(survey(rows, target, exclude=exclude, weights=weights, **options), weighing)


def fit_streamed(
    table: StreamedTable,
    targets: Targets,
    encode: Callable[[AnyArray], Array],
    request: Request,
    validation: Rows | None,
) -> StreamedFit:
    """Train one network on rows that are read again in each epoch; ``encode`` makes targets of y."""
    surveyed, dtype = table.survey, request.options.dtype
    presets = (STREAMED,) if request.presets is None else named_presets(request.presets)
    preset = presets[0].with_params(targets, request.network_params or {})
    encoding = _encoding(surveyed, preset.inputs)
    Y = encode(table.y(surveyed.sample))
    center, scale = table.scale_of(targets, Y)
    most = rows_in_memory(encoding.n_inputs)  # of one feature there may be many inputs
    surveyed = replace(surveyed, sample=few(surveyed.sample, most), validation=few(surveyed.validation, most))
    Y = Y[evenly_spread(len(Y), most)]
    preprocessor = Preprocessor(surveyed.inputs, {preset.inputs: encoding}, center, scale)
    class_weights = table.class_weights(targets, request.class_weight)

    def examples(frame: "polars.DataFrame") -> Examples:
        targets_of_rows = encode(table.y(frame))
        weight = targets.row_weights(class_weights, targets_of_rows, table.weight(frame))
        inputs = encoding.transform(surveyed.inputs.transform(frame), dtype)
        weight = None if weight is None else weight.astype(dtype)
        return Examples(inputs, preprocessor.scaled(targets_of_rows).astype(dtype), weight)

    kinds = [column.kind for column in surveyed.inputs.columns]
    identity = {"inputs": [kinds, plain(surveyed.inputs)], "encoding": plain(encoding)}
    stream = surveyed.stream(examples, identity, buffer_rows=None)
    if validation is None and surveyed.validation.height:
        held = surveyed.validation
        validation = Rows(held.select(table.names), encode(table.y(held)), table.weight(held))
    judges = None
    if validation is not None:
        weight = targets.row_weights(class_weights, validation.Y, validation.weight)
        judges = preprocessor.examples(validation, weight, dtype)[preset.inputs]
    seed = int(np.random.SeedSequence(request.options.seed).generate_state(1)[0])
    checkpoints = None if request.folder is None else Checkpoints(request.folder, request.resume)
    with limited_threads(request.n_jobs):
        trained = fit_member(
            Task(preset, 0, seed),
            targets,
            preprocessor,
            stream,
            judges,
            request.options,
            seconds=request.time_budget,
            checkpoints=checkpoints,
            alone=True,
            label=request.label,
        )
    presets_by_name = {preset.name: preset}
    ensemble = Ensemble.of_one(trained.member, preprocessor, targets.head, presets_by_name)
    return StreamedFit(ensemble, Rows(surveyed.sample.select(table.names), Y), validation)


def labels_in(series: "polars.Series") -> AnyArray:
    """Targets as arrays: texts in NumPy's own type of texts."""
    return series.to_numpy() if series.dtype.is_numeric() else np.asarray(series.to_list())


def weights_in(frame: "polars.DataFrame", name: str) -> Array:
    """A column of weights, numbers of at least 0."""
    weight = frame.get_column(name).cast(polars.Float64, strict=False).fill_null(np.nan).to_numpy()
    if not (np.isfinite(weight) & (weight >= 0)).all():
        raise DataError(f"The column {name!r} of weights has values that are no numbers of at least 0")
    return weight


def _encoding(surveyed: Survey, name: str) -> Encoding:
    """How features become inputs: of all rows in memory, or by a second pass over them."""
    inputs, pieces = surveyed.inputs, default_n_bins(sum(surveyed.learned_rows)) if INPUTS[name][1] else 0
    if surveyed.in_memory:
        return Encoding.fit(inputs.transform(surveyed.sample), pieces)
    quantiles = Quantiles(inputs.n_features)
    first = 0
    most = surveyed.rows.piece_rows(surveyed.columns, inputs.n_features)
    for group in range(len(surveyed.rows.sizes)):
        for frame in surveyed.rows.pieces(group, surveyed.columns, most):
            learned = surveyed.kept_in(frame, first)
            first += frame.height
            if learned.height:
                quantiles.update(inputs.transform(learned))
    return Encoding.of(quantiles, pieces)
