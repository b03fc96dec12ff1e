"""Sets of classes and intervals: their coverage on numbers alone, in rare classes, and in noisy rows."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_diabetes, load_iris, make_friedman1, make_moons
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from deepstep.ensembles.calibrate import FEWEST, WidthInputs, fit_width
from deepstep.ensembles.calibration import POOLED, conformal_rank, interval_half_width, prediction_sets
from deepstep.estimators import DeepClassifier, DeepRegressor, NetworkClassifier, NetworkRegressor

SMALL = {"n_estimators": 5, "network_params": {"epochs": 30}, "random_state": 1}
LBFGS = {"random_state": 1, "solver": "lbfgs", "max_iter": 1000}
ALPHA = 0.2


@given(st.integers(1, 60), st.floats(0.01, 0.99))
def test_one_of_all_rows_is_missed_as_often_as_asked(n, alpha):
    """Each of n + 1 rows stands for the further one: how many are reached is a matter of counting."""
    scores = np.random.default_rng(n).permutation(n + 1).astype(float)
    pairs = [(np.delete(scores, i), scores[i]) for i in range(n + 1)]
    inside = [prediction_sets([other], [np.array([[one]])], alpha)[0, 0] for other, one in pairs]
    assert sum(inside) == min(n + 1, conformal_rank(n, alpha))
    assert np.mean(inside) >= 1 - alpha - 1e-9
    assert [one <= interval_half_width(other, alpha) for other, one in pairs] == inside


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.floats(0.02, 0.6))
def test_folds_together_say_what_vovk_s_p_value_says(seed, n_folds, alpha):
    rng = np.random.default_rng(seed)
    scores = [rng.exponential(size=rng.integers(1, 9)) for _ in range(n_folds)]
    n = sum(map(len, scores))
    strange = [rng.exponential(size=(3, 2)) for _ in range(n_folds)]
    for place, inside in np.ndenumerate(prediction_sets(scores, strange, alpha)):
        p = 1 + sum((known >= new[place]).sum() for known, new in zip(scores, strange, strict=True))
        assert inside == (p > alpha * (n + 1) + 1e-9 * n)


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0.02, 0.6))
def test_one_of_a_class_is_missed_at_most_as_often_as_is_said(n, others, alpha):
    """Each of n + 1 rows of a class stands for the further one, beside rows of another class."""
    rng = np.random.default_rng(100 * n + others)
    scores, other = rng.permutation(n + 1).astype(float), rng.uniform(-5, n, others)
    classes = np.repeat([0, 1], [n, others])
    missed = [
        not prediction_sets(
            [np.concatenate([np.delete(scores, i), other])], [np.array([[scores[i], 0]])], alpha, [classes]
        )[0, 0]
        for i in range(n + 1)
    ]
    assert np.mean(missed) <= alpha * (1 + POOLED / (n + 1)) + 1e-6


def test_a_label_is_as_strange_as_the_rows_of_its_class_say():
    scores = [np.array([0.1, 0.2, 0.9, 0.4]), np.array([0.3, 0.8])]
    classes = [np.array([0, 0, 1, 0]), np.array([0, 1])]
    new = [np.array([[0.25, 0.85]]), np.array([[0.25, 0.85]])]
    # of 4 rows of class 0 two are as strange, of 6 rows of both four; of class 1 one of 2, and one of 6
    p = [(2 + 1 + 5 * 5 / 7) / (4 + 1 + 5), (1 + 1 + 5 * 2 / 7) / (2 + 1 + 5)]
    for place, expected in enumerate(p):
        for alpha, inside in ((expected - 1e-6, True), (expected + 1e-6, False)):
            assert prediction_sets(scores, new, alpha, classes)[0, place] == inside


def test_a_class_without_rows_is_as_strange_as_all_rows_say():
    rng = np.random.default_rng(8)
    scores, new = rng.uniform(size=100), np.tile(rng.uniform(size=50)[:, np.newaxis], 2)
    classes = np.zeros(100, int)
    sets = prediction_sets([scores], [new], 0.3, [classes])
    np.testing.assert_array_equal(sets[:, 1], prediction_sets([scores], [new], 0.3)[:, 1])
    assert 0 < sets[:, 1].mean() < 1


def skewed(m=1000):
    """Noise that is skewed, and of another size in every row."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(m, 4))
    return X, X[:, 0] + np.exp(0.7 * X[:, 1]) * rng.exponential(size=m)


DATA = {
    "moons": (DeepClassifier, make_moons(1000, noise=0.4, random_state=1)),
    "diabetes": (DeepRegressor, load_diabetes(return_X_y=True)),
    "skewed": (DeepRegressor, skewed()),
}


def check_coverage(model, X, y, alpha):
    """The share is that asked for, within three deviations: of the rows that tell, and of those tested."""
    if isinstance(model, DeepClassifier):
        sets = model.predict_set(X, alpha, per_class=False, allow_empty=True)
        share = sets[np.arange(len(y)), y].mean()
    else:
        lower, upper = model.predict_interval(X, alpha).T
        share = ((lower <= y) & (y <= upper)).mean()
    n = sum(map(len, model.predictor_.calibration.scores))
    assert abs(share - (1 - alpha)) < 3 * np.sqrt(alpha * (1 - alpha) * (1 / n + 1 / len(y)))


@pytest.fixture(scope="module", params=DATA)
def fitted(request):
    Estimator, (X, y) = DATA[request.param]
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    return Estimator(**SMALL).fit(X, y), X_test, y_test


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_the_share_that_was_asked_for_is_covered(fitted, alpha):
    """By what folds held out, and after calibrate."""
    check_coverage(*fitted, alpha)
    fresh, X, y = pickle.loads(pickle.dumps(fitted))
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=1)
    check_coverage(fresh.calibrate(X, y), X_test, y_test, alpha)


def test_too_few_rows_exclude_nothing():
    X, y = make_moons(400, noise=0.3, random_state=1)
    classifier = NetworkClassifier(5, **LBFGS).fit(X, y).calibrate(X[:9], y[:9])
    for per_class in (False, True):
        assert classifier.predict_set(X, 0.05, per_class=per_class).all()
        assert not classifier.predict_set(X, 0.3, per_class=per_class).all()
    assert not classifier.predict_set(X, 0.1, per_class=False).all()
    regressor = NetworkRegressor(5, **LBFGS).fit(X, X[:, 0]).calibrate(X[:9], X[:9, 0])
    assert (regressor.predict_interval(X[:2], 0.05) == [-np.inf, np.inf]).all()
    assert np.isfinite(regressor.predict_interval(X[:2], 0.1)).all()


def test_several_targets_have_an_interval_each_and_counts_end_at_0():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((400, 3))
    Y = np.column_stack([X[:, 0], 10 * X[:, 1]]) + rng.standard_normal((400, 2)) * [1, 100]
    model = DeepRegressor(**SMALL).fit(X[:200], Y[:200])
    ends = model.predict_interval(X[200:], 0.2)
    assert ends.shape == (200, 2, 2)
    np.testing.assert_allclose(ends.mean(axis=-1), model.predict(X[200:]), rtol=1e-6)
    covered = ((ends[..., 0] <= Y[200:]) & (Y[200:] <= ends[..., 1])).mean(axis=0)
    assert (abs(covered - 0.8) < 0.12).all()
    first, second = (ends[0, :, 1] - ends[0, :, 0]).tolist()
    assert second > 30 * first
    y = rng.poisson(np.exp(X[:, 0]))
    assert DeepRegressor(loss="poisson", **SMALL).fit(X, y).predict_interval(X, 0.05).min() == 0


def test_rows_of_weight_0_do_not_count():
    X, y = make_friedman1(300, random_state=1)
    weight = np.where(np.arange(300) < 200, 1.0, 0.0)
    model = NetworkRegressor(10, max_iter=300, tol=0.1, random_state=1).fit(X, y)
    weighed = model.calibrate(X, np.where(weight > 0, y, 1e6), weight).predict_interval(X)
    np.testing.assert_array_equal(weighed, model.calibrate(X[:200], y[:200]).predict_interval(X))
    ensemble = DeepRegressor(**SMALL).fit(X, np.where(weight > 0, y, 1e6), sample_weight=weight)
    alone = DeepRegressor(**SMALL).fit(X[:200], y[:200], sample_weight=np.ones(200))
    np.testing.assert_array_equal(ensemble.predict_interval(X), alone.predict_interval(X))


def uneven(m, seed):
    """A mean by one column, noise whose deviation grows with the second one, and the noisier half."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, 3))
    return X, X[:, 0] + 0.4 * np.exp(X[:, 1]) * rng.standard_normal(m), X[:, 1] > 0


def shares(model, X, y, groups, alpha=ALPHA):
    """The share of rows inside their interval, of each group."""
    lower, upper = model.predict_interval(X, alpha).T
    inside = (lower <= y) & (y <= upper)
    return [inside[group].mean() for group in groups]


@pytest.fixture(scope="module")
def regressor():
    X, y, _ = uneven(600, 1)
    return DeepRegressor(**SMALL).fit(X, y)


def within(share, expected, known, tested):
    """Whether a share is within four deviations, of the rows that tell it and of those tested."""
    return abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) * (1 / known + 1 / tested))


@pytest.mark.parametrize("own", [False, True], ids=["folds", "calibrate"])
def test_noisy_and_quiet_rows_are_covered_alike(regressor, own):
    X, y, noisy = uneven(3000, 2)
    model, known = regressor, 600
    if own:
        model, known = pickle.loads(pickle.dumps(model)).calibrate(*uneven(500, 3)[:2]), 500
    of_all, of_noisy, of_quiet = shares(model, X, y, [slice(None), noisy, ~noisy])
    assert within(of_all, 1 - ALPHA, known, 3000)
    assert of_noisy > 0.72
    assert of_quiet < 0.93
    lower, upper = model.predict_interval(X, ALPHA).T
    assert np.median((upper - lower)[noisy]) > 2 * np.median((upper - lower)[~noisy])


def test_the_spread_of_the_members_and_the_prediction_tell_the_width():
    """Noise in proportion to exp(prediction), or to the spread, of rows without columns."""
    rng = np.random.default_rng(1)
    prediction, spread = rng.standard_normal(2000), rng.exponential(size=2000)
    inputs = WidthInputs(prediction, spread, np.empty((2000, 0)))
    for truth in (np.exp(prediction), spread):
        model, held_out = fit_width(inputs, truth * np.abs(rng.standard_normal(2000)))
        for sigma in (held_out, model.sigma(inputs)):
            ratio = np.log(sigma / truth)[spread > 0.2]
            assert np.corrcoef(np.log(sigma), np.log(truth))[0, 1] > 0.9
            assert ratio.std() < 0.35


def test_widths_are_the_same_bits_for_any_number_of_blas_threads():
    """On many rows and columns, where BLAS would share products."""
    rng = np.random.default_rng(3)
    columns = rng.standard_normal((1500, 30))
    inputs = WidthInputs(rng.standard_normal(1500), rng.exponential(size=1500), columns)
    sizes, widths = np.abs(rng.standard_normal(1500)) * np.exp(columns[:, 0]), []
    for n in (1, 3):
        with threadpool_limits(n, user_api="blas"):
            widths.append(fit_width(inputs, sizes)[1])
    np.testing.assert_array_equal(widths[1], widths[0])


@pytest.mark.parametrize("m", [FEWEST - 1, 800])
def test_where_nothing_tells_the_size_the_width_is_constant(m):
    rng = np.random.default_rng(2)
    inputs = WidthInputs(rng.standard_normal(m), rng.exponential(size=m), rng.standard_normal((m, 4)))
    model, sigma = fit_width(inputs, np.abs(rng.standard_normal(m)))
    assert model is None
    np.testing.assert_array_equal(sigma, 1)
    model, sigma = fit_width(inputs, np.zeros(m))
    assert model is None
    np.testing.assert_array_equal(sigma, 1)


def test_values_at_the_end_of_the_floats_have_finite_widths(regressor):
    X, _, _ = uneven(40, 4)
    X[::2, 1] = 1e300
    assert np.isfinite(regressor.predict_interval(X)).all()


def rare(m, seed, share=0.06):
    """Two columns, and a class of few rows that overlaps with the other one."""
    rng = np.random.default_rng(seed)
    y = (np.arange(m) < share * m).astype(int)
    return rng.standard_normal((m, 2)) + 1.5 * y[:, np.newaxis], np.array(["often", "rare"])[y]


@pytest.fixture(scope="module")
def classifier():
    return DeepClassifier(**SMALL).fit(*rare(1000, 1))


@pytest.mark.parametrize("own", [False, True], ids=["folds", "calibrate"])
def test_a_rare_class_is_covered_as_often_as_asked(classifier, own):
    X, y = rare(5000, 2)
    model = pickle.loads(pickle.dumps(classifier)).calibrate(*rare(1000, 3)) if own else classifier
    together = model.predict_set(X, ALPHA, per_class=False)
    sets, is_rare = model.predict_set(X, ALPHA), y == "rare"
    assert together[is_rare, 1].mean() < 0.6
    # 60 rows tell it, as many as if 5 further ones were like all rows
    assert within(sets[is_rare, 1].mean(), (1 - ALPHA) * 60 / 65, 60, is_rare.sum())
    assert sets[~is_rare, 0].mean() > 1 - ALPHA - 0.03
    assert sets.sum(axis=1).mean() < 1.4


def test_the_most_probable_class_is_in_every_set(classifier):
    X, _ = rare(2000, 4)
    position = (classifier.predict(X) == "rare").astype(int)
    for alpha in (0.01, 0.3, 0.9):
        for per_class in (False, True):
            sets = classifier.predict_set(X, alpha, per_class=per_class)
            assert sets[np.arange(len(X)), position].all()
            smaller = classifier.predict_set(X, alpha, per_class=per_class, allow_empty=True)
            assert (sets >= smaller).all()
    assert not smaller.any(axis=1).all()


def test_folds_answer_at_the_temperatures_of_their_presets():
    """Their mean, weighted by their members, is the answer of the ensemble, which scores belong to."""
    X, y = load_iris(return_X_y=True)
    model = DeepClassifier(**SMALL).fit(X, y)
    ensemble = replace(model.ensemble_, temperatures=dict.fromkeys(model.ensemble_.temperatures, 0.4))
    rows = model.predictor_.columns.frame(X, "")
    mean, spread = ensemble.mean_and_spread(rows)
    np.testing.assert_allclose(mean, ensemble.outputs(rows), rtol=1e-5, atol=1e-7)
    assert (spread >= 0).all()
    assert spread.max() > 0
