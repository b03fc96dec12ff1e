"""What all displays have in common: they draw on their own figures, touch nothing global, and speak."""

import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.exceptions import ConvergenceWarning
from small_networks import X, Y, trained

from deepstep import DeepClassifier, NetworkClassifier, explain
from deepstep.errors import ConfigurationError, DataError, MissingPackageError
from deepstep.plots import (
    ArchitectureDisplay,
    ExplanationDisplay,
    FirstLayerWeightsDisplay,
    GradientCheckDisplay,
    GradientFlowDisplay,
    LayerStatisticsDisplay,
    MistakesDisplay,
    NeuronMapsDisplay,
    RateSearchDisplay,
    SaliencyDisplay,
    TrainingCurveDisplay,
    UnitHealthDisplay,
    UpdateRatioDisplay,
)
from deepstep.training import Health, History, RateSearch

NEED_HEALTH = [GradientFlowDisplay, UpdateRatioDisplay, LayerStatisticsDisplay, UnitHealthDisplay]
OF_HISTORY = [TrainingCurveDisplay, *NEED_HEALTH]


@pytest.fixture(scope="module")
def displays(plain):
    network, history = trained()
    return [
        *(display.from_history(history) for display in OF_HISTORY),
        ArchitectureDisplay.from_network(network),
        FirstLayerWeightsDisplay.from_network(network, image_shape=(1, 2)),
        GradientCheckDisplay.from_network(network, X[:, :5], Y[:, :5]),
        NeuronMapsDisplay.from_network(network, X, resolution=8),
        SaliencyDisplay.from_network(network, X[:, 0]),
        MistakesDisplay.from_predictions(np.zeros((2, 3, 3)), np.array([0, 1]), np.array([0, 0]), np.ones(2)),
        *(ExplanationDisplay.from_explanation(explain(plain, X.T), row=row) for row in (None, 3)),
        RateSearchDisplay.from_search(RateSearch(np.ones(2), np.ones(2), 0.7, 0.1, diverged=True)),
    ]


def test_a_display_leaves_global_state_alone_and_draws_where_it_is_told_to(displays):
    before = dict(matplotlib.rcParams)
    for display in displays:
        assert display.plot() is display
        assert isinstance(display.figure_, Figure)
        display.figure_.canvas.draw()
        assert display.describe().strip()
        if "ax" in display.plot.__annotations__:
            ax = Figure().subplots()
            display.plot(ax=ax)
            assert (display.axes_[0] if hasattr(display, "axes_") else display.ax_) is ax
            assert display.figure_ is ax.figure
    assert dict(matplotlib.rcParams) == before


def test_matplotlib_is_optional(displays, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for display in displays:
        with pytest.raises(MissingPackageError, match=r"pip install matplotlib.* extra 'plots'"):
            display.plot()
        assert display.describe()


def test_records_that_lack_what_a_display_needs_are_refused_with_the_way_to_have_it():
    _, history = trained(health=False)
    for display in NEED_HEALTH:
        with pytest.raises(DataError, match=r"callbacks=\[Health\(\)\].*--log FILE.csv"):
            display.from_history(history)
    partial = History([{"epoch": 0, "step": 1, "cost": 1.0, "health": [{"gradient_norm": 1.0}]}])
    assert GradientFlowDisplay.from_history(partial).norms.tolist() == [[1.0]]
    with pytest.raises(DataError, match="The records lack activation_mean"):
        LayerStatisticsDisplay.from_history(partial)
    for display, wrong in zip(OF_HISTORY, (None, [], "run", None, []), strict=True):
        with pytest.raises(ConfigurationError, match=r"^history must be the History of a training, got"):
            display.from_history(wrong)


@pytest.fixture(scope="module")
def plain():
    model = NetworkClassifier((4,), max_iter=3, random_state=0, callbacks=[Health()])
    with pytest.warns(ConvergenceWarning):
        return model.fit(X.T, Y[0])


def test_a_plain_estimator_is_as_good_as_its_network(plain):
    for display in OF_HISTORY:
        drawn = display.from_estimator(plain).plot()
        assert drawn.describe() == display.from_history(plain.history_).describe()
    architecture = ArchitectureDisplay.from_network(plain.network_)
    assert ArchitectureDisplay.from_estimator(plain).plot().describe() == architecture.describe()


def test_an_ensemble_is_drawn_as_a_whole_or_asked_which_member():
    ensemble = DeepClassifier(n_estimators=2, network_params={"epochs": 4}, random_state=0).fit(X.T, Y[0])
    count = len(ensemble.ensemble_.members)
    whole = TrainingCurveDisplay.from_estimator(ensemble).plot()
    assert whole.describe().startswith(f"{count} networks of up to 4 epochs: the median cost")
    np.testing.assert_allclose(whole.costs, np.median([one.costs for one in ensemble.histories_], axis=0))
    assert len(whole.ax_.lines) >= count
    with pytest.raises(ConfigurationError, match=f"ensemble of {count}.*member=0 … {count - 1}; or fit a"):
        ArchitectureDisplay.from_estimator(ensemble)
    for display in (TrainingCurveDisplay, ArchitectureDisplay):
        assert display.from_estimator(ensemble, member=1).plot().describe()
        with pytest.raises(ConfigurationError, match=f"member must be one of 0 … {count - 1}, got {count}"):
            display.from_estimator(ensemble, member=count)


def test_what_is_no_network_is_refused(plain):
    for display, method, model, options, match in (
        (ArchitectureDisplay, "from_network", plain, {}, "For an estimator use from_estimator"),
        (TrainingCurveDisplay, "from_estimator", DeepClassifier(), {}, "Call fit before"),
        (TrainingCurveDisplay, "from_estimator", plain, {"member": 0}, "None for an estimator of one netw"),
    ):
        with pytest.raises(ConfigurationError, match=match):
            getattr(display, method)(model, **options)
