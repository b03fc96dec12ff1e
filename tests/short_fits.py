"""Parameters by which a fit of either family of estimators has a few epochs."""


def short(Estimator, epochs):
    """The parameters that let an estimator of one network, or an ensemble, train for so many epochs."""
    if Estimator.__name__.startswith("Deep"):
        return {"network_params": {"epochs": epochs}}
    return {"max_iter": epochs}
