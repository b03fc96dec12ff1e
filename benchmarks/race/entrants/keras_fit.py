"""Keras: ``compile`` and ``fit``, on the backend that KERAS_BACKEND names.

Full batches and the timed epochs are one call of ``fit`` for all units. Keras draws its own order of the
examples, so epochs before the comparison of costs (the first few) come one call each, with examples laid
out in everybody's order.
"""

import keras
import numpy as np

from race.workloads import Layers, Orders, Workload, data_of, first_layers


class Entrant:
    epsilon_at = "hat"

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self._X, labels, Y = data_of(workload)
        several = workload.layer_dims[-1] > 1
        self._y, self.orders, self._done = labels if several else Y, Orders(len(Y)), 0
        hidden = [keras.layers.Dense(n, activation=workload.activation) for n in workload.layer_dims[1:-1]]
        shape = (workload.layer_dims[0],)
        self._model = keras.Sequential(
            [keras.Input(shape), *hidden, keras.layers.Dense(workload.layer_dims[-1])]
        )
        self._model.set_weights(
            [part.astype(np.float32) for W, b in first_layers(workload) for part in (W.T, b)]
        )
        rules = {"adam": lambda: keras.optimizers.Adam(workload.rate, epsilon=1e-8)}
        rule = rules.get(workload.optimizer, lambda: keras.optimizers.SGD(workload.rate))()
        losses = keras.losses
        loss = losses.SparseCategoricalCrossentropy if several else losses.BinaryCrossentropy
        self._model.compile(optimizer=rule, loss=loss(from_logits=True))

    def work(self, units: int) -> None:
        workload = self.workload
        if workload.batch_size is not None and self._done < workload.checked:
            for _ in range(units):
                order = next(self.orders)
                self._fit(self._X[order], self._y[order], 1, shuffle=False)
        else:
            self._fit(self._X, self._y, units, shuffle=workload.batch_size is not None)
        self._done += units

    def _fit(self, X, y, epochs: int, *, shuffle: bool) -> None:
        self._model.fit(X, y, batch_size=self.workload.batch, epochs=epochs, shuffle=shuffle, verbose=0)

    def layers(self) -> Layers:
        weights = self._model.get_weights()
        return [(W.T, b) for W, b in zip(weights[::2], weights[1::2], strict=True)]

    def cost(self) -> None:
        return None
