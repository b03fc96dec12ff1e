"""See a training: watch the layers, let the findings be named, and draw what happened."""

from deepstep import Network
from deepstep.data import load
from deepstep.inspection import diagnose
from deepstep.plots import NeuronMapsDisplay, TrainingCurveDisplay, UnitHealthDisplay
from deepstep.training import Health

data = load("moons", seed=1)
X, Y = data.X_train.T, data.y_train[None]  # columns are examples

for rate in (0.005, 1.0):
    net = Network([2, 16, 8, 1], seed=1)
    history = net.train(
        X, Y, learning_rate=rate, optimizer="adam", batch_size=32, iterations=100, callbacks=[Health()]
    )
    print(f"learning rate {rate}:")
    for finding in diagnose(history, architecture=net.architecture) or ["nothing was found"]:
        print(f"  {finding}")
    displays = {
        "curve": TrainingCurveDisplay.from_history(history),
        "units": UnitHealthDisplay.from_history(history),
        "maps": NeuronMapsDisplay.from_network(net, X, Y),
    }
    for name, display in displays.items():
        display.plot().figure_.savefig(f"{name}_{rate}.svg")
    print(displays["units"].describe(), end="\n\n")
