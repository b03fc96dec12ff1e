/** How the network learns: update rule, rate, regularization, batches. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { editTraining, rebuild, undo } from "./editing.js";
import { INITIALIZATIONS } from "../engine/initialization.js";
import { OPTIMIZERS } from "../engine/optimizers.js";
import { RATES } from "../lesson/make.js";
import { locked } from "./locks.js";
import { t } from "../messages.js";

const RATE_CHOICES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const L2_CHOICES = [0, 0.001, 0.01, 0.1, 0.3, 1, 3, 10];
const BATCHES = [null, 1, 8, 16, 32, 64, 128];
const DROPOUTS = [0, 0.1, 0.2, 0.3, 0.5];

/** A choice among numbers; the value in force is offered even if it is none of them. */
export function Choice({ label, value, choices, show = String, onPick, name }) {
  const all = choices.includes(value) ? choices : [...choices, value].sort((a, b) => a - b);
  return html`<label class="field"><span>${label}</span>
    <select data-setting=${name} disabled=${locked(name)} value=${String(value)} onChange=${(event) => onPick(all[event.target.selectedIndex])}>
      ${all.map((choice) => html`<option value=${String(choice)}>${show(choice)}</option>`)}
    </select>
  </label>`;
}

export function TrainingPanel() {
  const { session, k } = useApp();
  const training = session.trainingAt(k);
  const rule = (optimizer) =>
    editTraining({
      optimizer,
      optimizer_params: { ...OPTIMIZERS[optimizer].defaults },
      weight_decay: OPTIMIZERS[optimizer].weight_decay ?? 0,
      learning_rate: session.lesson.data.kind === "numbers" ? RATES[optimizer] / 10 : RATES[optimizer],
    });
  return html`<section class="card" aria-labelledby="training-title">
    <h2 id="training-title">${t("play.training")}</h2>
    <div class="fields">
      <${Choice}
        name="optimizer"
        label=${t("play.optimizer")}
        value=${training.optimizer}
        choices=${Object.keys(OPTIMIZERS)}
        onPick=${rule}
      />
      <${Choice}
        name="learning_rate"
        label=${t("play.rate")}
        value=${training.learning_rate}
        choices=${RATE_CHOICES}
        onPick=${(learning_rate) => editTraining({ learning_rate })}
      />
      <${Choice}
        name="initialization"
        label=${t("play.initialization")}
        value=${session.network.initialization ?? t("play.given")}
        choices=${Object.keys(INITIALIZATIONS)}
        onPick=${(initialization) => rebuild({ initialization })}
      />
      <${Choice}
        name="l2"
        label=${t("play.l2")}
        value=${training.l2}
        choices=${L2_CHOICES}
        onPick=${(l2) => editTraining({ l2 })}
      />
      <${Choice}
        name="batch_size"
        label=${t("play.batch")}
        value=${training.batch_size}
        choices=${BATCHES}
        show=${(size) => (size === null ? t("play.all") : String(size))}
        onPick=${(batch_size) => editTraining({ batch_size })}
      />
      <${Choice}
        name="dropout"
        label=${t("play.dropout")}
        value=${training.dropout}
        choices=${DROPOUTS}
        onPick=${(dropout) => editTraining({ dropout })}
      />
    </div>
    <div class="row">
      <button
        type="button"
        class="button is-quiet"
        data-action="restart"
        onClick=${() => rebuild({}, (training.seed ?? 0) + 1)}
      >
        ${t("play.restart")}
      </button>
      ${session.log.length || session.former
        ? html`<button type="button" class="button is-quiet" data-action="undo" title="Ctrl+Z" onClick=${undo}>${t("play.undo")}</button>`
        : null}
    </div>
  </section>`;
}
