"""Stop training where you like and open the step: every quantity, its formula, its check."""

from deepstep import Network

X = [[0, 0, 1, 1], [0, 1, 0, 1]]
Y = [[0, 1, 1, 0]]  # the exclusive or

net = Network([2, 3, 1], activation="tanh", seed=3)
for step in net.steps(X, Y, learning_rate=0.5, iterations=2000):
    if step.cost < 0.3:
        break

print(f"update {step.number}: cost {step.cost:.4f}\n")
trace = step.trace()
print(trace.select(layer=1))
print("\nEvery derivative against finite differences:")
print(trace.check())
