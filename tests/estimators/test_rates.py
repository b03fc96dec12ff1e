"""Learning rates, against those of scikit-learn's optimizer."""

from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

from deepstep.estimators.solvers import AdaptiveRate, InverseScaling


def test_adaptive_rate():
    ours, theirs = AdaptiveRate(0.3), SGDOptimizer([], 0.3, lr_schedule="adaptive")
    for epoch in range(20):
        assert ours(epoch) == ours.rate == theirs.learning_rate
        assert ours.lower() != theirs.trigger_stopping("", verbose=False)
    assert 1e-6 / 5 < ours.rate <= 1e-6


def test_inverse_scaling():
    theirs = SGDOptimizer([], 0.7, lr_schedule="invscaling", power_t=0.4)
    ours = InverseScaling(0.7, power=0.4, examples=30)
    on = InverseScaling(0.7, power=0.4, examples=30, first_epoch=2, seen=60)
    again = InverseScaling(0.7, power=0.4, examples=30, first_epoch=2, seen=60, restart=True)
    for epoch in range(5):
        assert ours(epoch) == theirs.learning_rate
        if epoch >= 2:
            assert on(epoch) == ours(epoch)
            assert again(epoch) == (0.7 if epoch == 2 else ours(epoch))
        theirs.iteration_ends(30 * (epoch + 1))
