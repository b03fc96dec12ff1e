/** Play: data on the left, the network in the middle, what came of it on the right. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { Lockable } from "./scene-panel.js";
import { locked } from "./locks.js";
import { DataPanel } from "./data-panel.js";
import { TrainingPanel } from "./training-panel.js";
import { NetworkMap } from "./network-map.js";
import { UnitPanel } from "./unit-panel.js";
import { DecisionMap } from "./decision-map.js";
import { CostCurve, RunCurve } from "./cost-curve.js";
import { LayersPanel } from "./layers-panel.js";
import { FindingsPanel } from "./findings-panel.js";
import { mapOf } from "./surface.js";
import { t } from "../messages.js";

export function Play() {
  const { session, k } = useApp();
  const { parameters } = session.state(k - 1);
  const surface = mapOf(session, session.dataAt(k), parameters);
  return html`<div class="play">
    <h1 class="visually-hidden">${t("screen.play")}</h1>
    <div class="play-left">
      <${Lockable} lock=${locked("data")}><${DataPanel} /></>
      <${Lockable} lock=${locked("training")}><${TrainingPanel} /></>
    </div>
    <section class="card play-network" aria-labelledby="network-title">
      <h2 id="network-title">${t("play.network")}</h2>
      <${Lockable} lock=${locked("network")}><${NetworkMap} parameters=${parameters} surface=${surface} /></>
      <${Lockable} lock=${locked("weights")}><${UnitPanel} parameters=${parameters} /></>
    </section>
    <div class="play-right">
      <${DecisionMap} parameters=${parameters} surface=${surface} />
      <${CostCurve} />
      <${RunCurve} />
      <${FindingsPanel} />
      <${LayersPanel} />
    </div>
  </div>`;
}
