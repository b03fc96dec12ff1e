"""Draw the pictures of docs/plots.md: python docs/draw_plots.py → docs/plots/*.png."""

from pathlib import Path

import numpy as np

from deepstep import Network
from deepstep.data import load
from deepstep.plots import (
    ArchitectureDisplay,
    FirstLayerWeightsDisplay,
    GradientCheckDisplay,
    GradientFlowDisplay,
    LayerStatisticsDisplay,
    NeuronMapsDisplay,
    SaliencyDisplay,
    TrainingCurveDisplay,
    UnitHealthDisplay,
    UpdateRatioDisplay,
)
from deepstep.training import Health

FOLDER = Path(__file__).with_name("plots")
"""Where the pictures go."""


def accuracy(Y, AL):
    """Share of the examples whose class is answered."""
    return float((Y.argmax(axis=0) == AL.argmax(axis=0)).mean())


def digits():
    """A network that has learned digits, with the data; columns are examples."""
    data = load("digits", seed=1)
    X, X_test = (part.reshape(len(part), -1).T * data.scale for part in (data.X_train, data.X_test))
    Y, Y_test = (np.eye(10)[part].T for part in (data.y_train, data.y_test))
    network = Network([64, 32, 16, 10], output="softmax", seed=1, engine="reference")
    network.train(
        X, Y, iterations=40, batch_size=64, optimizer="adam", learning_rate=0.003, schedule="cosine",
        validation=(X_test, Y_test), metrics={"accuracy": accuracy}, callbacks=[Health()],
    )  # fmt: skip
    return network, X, Y


def plane():
    """A network that has learned two moons, with the data."""
    data = load("moons", seed=1)
    X, Y = data.X_train.T, data.y_train[np.newaxis]
    network = Network([2, 6, 4, 1], activation="tanh", seed=3, engine="reference")
    network.train(X, Y, iterations=400, optimizer="adam", learning_rate=0.03)
    return network, X, Y


def main() -> None:
    """Draw all pictures."""
    FOLDER.mkdir(exist_ok=True)
    network, X, Y = digits()
    history = network.history
    of_plane, X_plane, Y_plane = plane()
    digit = X[:, 7]
    displays = {
        "training_curve": TrainingCurveDisplay.from_history(history),
        "gradient_flow": GradientFlowDisplay.from_history(history),
        "update_ratio": UpdateRatioDisplay.from_history(history),
        "layer_statistics": LayerStatisticsDisplay.from_history(history),
        "unit_health": UnitHealthDisplay.from_history(history),
        "neuron_maps": NeuronMapsDisplay.from_network(of_plane, X_plane, Y_plane),
        "first_layer_weights": FirstLayerWeightsDisplay.from_network(network, image_shape=(8, 8)),
        "saliency": SaliencyDisplay.from_network(
            network, digit, output=int(Y[:, 7].argmax()), method="integrated_gradients", image_shape=(8, 8)
        ),
        "gradient_check": GradientCheckDisplay.from_trace(of_plane.trace(X_plane[:, :20], Y_plane[:, :20])),
        "architecture": ArchitectureDisplay.from_network(network),
    }
    for name, display in displays.items():
        display.plot().figure_.savefig(FOLDER / f"{name}.png", dpi=90, metadata={"Software": None})
        print(f"{name}\n{display.describe()}\n")  # noqa: T201


if __name__ == "__main__":
    main()
