"""The options of ``deepstep train``, in the sections of its help."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from deepstep.cli.class_weights import asked_weights
from deepstep.cli.logs import asked_logs
from deepstep.cli.options import Factor, LayerSizes, Listed, Named, NumberOr, Setting, as_mapping
from deepstep.cli.preset_choice import ENSEMBLES, PLAIN
from deepstep.cli.train_settings import PRECISIONS
from deepstep.errors import ConfigurationError
from deepstep.training.rate_finder import AUTO

TASKS = ("auto", "classification", "regression")


class SectionOption(click.Option):
    """An option that stands in a section of the help."""

    def __init__(self, *declarations: Any, section: str, **settings: Any) -> None:
        super().__init__(*declarations, **settings)
        self.section = section


class SectionedCommand(click.Command):
    """A command whose help has a section for each kind of options; each is given once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse an option of one value that comes twice: the first one would go without a word."""
        *_, given = self.make_parser(ctx).parse_args(list(args))
        for parameter, times in Counter(given).items():
            single = isinstance(parameter, click.Option) and not (parameter.multiple or parameter.is_flag)
            if single and times > 1:
                count = "twice" if times == 2 else f"{times} times"
                raise ConfigurationError(
                    " or ".join(parameter.opts),
                    "an option that is given once",
                    f"got it {count}",
                    "Leave all but one out.",
                )
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections, in the order of their first options."""
        sections: dict[str, list[tuple[str, str]]] = {}
        options = [parameter for parameter in self.get_params(ctx) if isinstance(parameter, click.Option)]
        for option in sorted(options, key=lambda option: not isinstance(option, SectionOption)):
            record = option.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(option, "section", "Other options"), []).append(record)
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


_of = {
    title: partial(click.option, cls=SectionOption, section=title)
    for title in (
        "Data",
        "Network",
        "Learning",
        "Regularization",
        "When to stop",
        "What runs it",
        "Run folder",
    )
}
_data, _network, _learning, _regularization, _stop, _engine, _run = _of.values()
_PATH = click.Path(path_type=Path)
_FACTORS: dict[str, Any] = {
    "type": Factor(),
    "multiple": True,
    "metavar": "'b*=0.1'",
    "callback": as_mapping,
}
_SCHEDULE: dict[str, Any] = {"type": Named(), "metavar": "NAME[:SETTINGS]"}

OPTIONS = (
    _data(
        "--target",
        "targets",
        multiple=True,
        metavar="COLUMN",
        help="The column to predict; repeatable, for several that have two values each or are all numbers."
        "  [required]",
    ),
    _data("--task", type=click.Choice(TASKS), default="auto", show_default=True),
    _data(
        "--exclude",
        "drop",
        multiple=True,
        metavar="COLUMN",
        help="Column to exclude from the features. Can be repeated.",
    ),
    _data(
        "--keep",
        multiple=True,
        metavar="COLUMN",
        help="A column that is an input even if it seems to number the rows; may be given again.",
    ),
    _data("--drop-missing-target", is_flag=True, help="Leave out rows without a target, and say how many."),
    _data(
        "--classes",
        type=Listed(str, "low,medium,high", always=True),
        metavar="NAMES",
        help="All classes in their order, for --loss ordinal [default: sorted], or because one is called NA, "
        "as missing values are.",
    ),
    _data(
        "--test-fraction",
        type=float,
        default=0.2,
        show_default=True,
        help="Share of rows held out; with 0 there is no test.",
    ),
    _data("--validation", type=_PATH, metavar="FILE", help="A table to validate on after each epoch."),
    _data(
        "--validation-fraction",
        type=float,
        help="Or a share of the rows to learn from [--patience, --scoring: 0.1].",
    ),
    _data(
        "--sample-weight",
        metavar="COLUMN",
        help="A column that says how much each row counts in training and validation; it is no input.",
    ),
    _data(
        "--class-weight",
        multiple=True,
        metavar="balanced|NAME=WEIGHT,…",
        callback=asked_weights,
        help="balanced: rare classes count as much as frequent ones; or a weight for each, 1 where none is "
        "given, repeatable: rare=3,usual=0.5, of several targets COLUMN:rare=3.",
    ),
    _data(
        "--stream/--no-stream",
        "stream",
        default=None,
        help="Leave the rows in FILE (Parquet, a folder of it, .npy, .h5) and read them in each epoch "
        "[default: from 256 MB on].",
    ),
    _data(
        "--buffer-rows",
        type=click.IntRange(min=1),
        metavar="N",
        help="Rows in memory at a time, with --stream [default: what 64 MB hold].",
    ),
    _network(
        "--preset",
        type=click.Choice((*ENSEMBLES, PLAIN)),
        help="tabular: cross-validated ensemble of small networks with several presets. tabm: one TabM-style "
        "batch ensemble per fold, slower. single: one network. [default: tabular; single where an option of "
        "a single training is given]",
    ),
    _network(
        "--n-estimators",
        type=click.IntRange(min=1),
        metavar="N",
        help="Approximate number of networks in the ensemble [default: 25, and fewer from 4,000 rows on; "
        "with --preset tabm 5].",
    ),
    _network(
        "--hidden-layers",
        "hidden",
        type=LayerSizes(","),
        default="64,32",
        show_default=True,
        help="Units of the layers.",
    ),
    _network(
        "--activation",
        type=Listed(str, "relu,tanh"),
        default="relu",
        show_default=True,
        metavar="NAMES",
        help="Of the hidden layers, one or one for each: relu, gelu, silu, tanh, …",
    ),
    _network(
        "--normalization",
        type=Listed(str, "batch,layer"),
        metavar="NAMES",
        help="batch, layer or none, one or one for each hidden layer.",
    ),
    _network(
        "--initialization",
        default="he",
        show_default=True,
        help="he, glorot, lecun, orthogonal, data (fitted to the rows), …",
    ),
    _network(
        "--loss",
        metavar="NAME",
        help="Of classes: cross_entropy (default), ordinal. Of numbers: squared_error (default), "
        "absolute_error, huber, poisson, quantile.",
    ),
    _network(
        "--quantiles",
        type=Listed(float, "0.1,0.5,0.9", always=True),
        metavar="NUMBERS",
        help="For --loss quantile [default: 0.1,0.5,0.9].",
    ),
    _network("--huber-delta", type=float, help="For --loss huber, in the target's deviations [default: 1]."),
    _learning(
        "--optimizer",
        default="adam",
        show_default=True,
        help="adam, adamw, lion, rmsprop, momentum, nesterov, gd, … or lbfgs.",
    ),
    _learning(
        "--optimizer-param",
        "optimizer_params",
        type=Setting(),
        multiple=True,
        metavar="NAME=VALUE",
        callback=as_mapping,
        help="Of the optimizer, repeatable: beta1=0.95, momentum's beta=0.8, lbfgs' tolerance=1e-4, …",
    ),
    _learning(
        "--learning-rate",
        type=NumberOr(AUTO),
        metavar="NUMBER|auto",
        default=0.001,
        show_default=True,
        help="auto: what find-learning-rate suggests.",
    ),
    _learning(
        "--iterations",
        "--epochs",
        type=click.IntRange(min=1),
        help="Epochs of training [default: 40; lbfgs: 2500; with --time-budget all that it has time for].",
    ),
    _learning("--batch-size", type=click.IntRange(min=1), help="Rows of an update [default: 32 to 256]."),
    _learning(
        "--schedule",
        help="Of the rate: cosine, one_cycle, linear, step, plateau, …; settings after a colon: "
        "step:drop=0.5,every=0.1, plateau:patience=3,quantity=cost.",
        **_SCHEDULE,
    ),
    _learning(
        "--warmup-fraction",
        "warm_up",
        type=float,
        metavar="FRACTION",
        help="Fraction of the training with a linear warm-up of the learning rate.",
    ),
    _learning("--clip-norm", type=float, help="Greatest norm of the gradient."),
    _learning("--clip-value", type=float, help="Greatest size of each of its entries."),
    _learning("--lr-multiplier", "lr_multipliers", help="Of the rate of parameters, repeatable.", **_FACTORS),
    _learning(
        "--ema-decay", type=float, metavar="DECAY", help="Predict with averaged weights, such as 0.999."
    ),
    _learning("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True),
    _regularization("--l1", type=float, help="λ of L1 regularization."),
    _regularization("--l2", type=float, help="λ of L2 regularization."),
    _regularization("--weight-decay", type=float, help="Decoupled from the gradient [adamw: 0.01]."),
    _regularization(
        "--weight-decay-multiplier", "weight_decay_multipliers", help="Of the decay, repeatable.", **_FACTORS
    ),
    _regularization("--weight-decay-schedule", help="Of the weight decay, as --schedule.", **_SCHEDULE),
    _regularization(
        "--dropout",
        type=Listed(float, "0.1,0.2"),
        metavar="NUMBERS",
        help="One, or one for each hidden layer.",
    ),
    _regularization("--dropout-schedule", help="Of the dropout, as --schedule.", **_SCHEDULE),
    _regularization("--input-noise", type=float, help="Deviation of noise on the inputs."),
    _regularization(
        "--label-smoothing", type=float, help="Share of a label that is spread over all classes."
    ),
    _regularization("--max-norm", type=float, help="Greatest norm of a unit's weights."),
    _stop(
        "--patience",
        type=click.IntRange(min=1),
        metavar="EPOCHS",
        help="Stop after so many without a smaller cost of the validation rows, and keep the best.",
    ),
    _stop(
        "--scoring",
        metavar="NAME",
        help="Go by this metric of scikit-learn's instead: balanced_accuracy, neg_log_loss, r2, …",
    ),
    _stop(
        "--refit",
        is_flag=True,
        default=None,
        help="After --patience train anew on the validation rows as well, for the best number of epochs.",
    ),
    _stop("--time-budget", type=float, metavar="SECONDS", help="Schedules then run by the clock."),
    _engine(
        "--engine",
        metavar="NAME",
        help="auto (default), compiled, reference, torch, or torch on a device: torch:cpu, torch:cuda, "
        'torch:mps. "deepstep engines" shows what is here.',
    ),
    _engine(
        "--precision",
        type=click.Choice(PRECISIONS),
        help="Of the parameters [default: float64]; bfloat16 is float32 with products of matrices in "
        "bfloat16, by the torch engine.",
    ),
    _engine(
        "--deterministic",
        is_flag=True,
        default=None,
        help="The same bits on any number of cores, by one BLAS thread.",
    ),
    _engine(
        "--worker-timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Started by torchrun: how long workers wait for each other [default: 600].",
    ),
    _run("--out", type=_PATH, help="The run folder [default: a new one in runs/]."),
    _run(
        "--log",
        "logs",
        multiple=True,
        metavar="KIND[=PLACE]",
        callback=asked_logs,
        help="Write each epoch's record while training runs, repeatable: csv (RUN/history.csv, or csv=FILE), "
        "tensorboard (RUN/tensorboard, or tensorboard=FOLDER). health, or health=EPOCHS, adds dead units and "
        "sizes of updates to the records.",
    ),
    _run("--overwrite", is_flag=True, help="Replace the run folder if it exists."),
    _run(
        "--checkpoint-every",
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="Between two checkpoints [default: 30]; lbfgs has none.",
    ),
    _run(
        "--keep-checkpoints",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many of the newest are kept [default: 3].",
    ),
    _run(
        "--resume",
        type=_PATH,
        metavar="RUN",
        help="Go on with the training of RUN that was interrupted; its options are known.",
    ),
    _run(
        "--finalize",
        "finish",
        is_flag=True,
        help="With --resume: stop now and save the current state as a run.",
    ),
)
"""As decorators, in the order of the help."""


def train_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all of them."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function
