/** A quantity of the output computed in two ways: from the logits, which trains, and from the output, as in a lecture. */
import { html } from "./html.js";
import { opened } from "./walk.js";
import { Name } from "./symbol.js";
import { twoWays } from "../engine/textbook.js";
import { exact } from "../format.js";
import { t } from "../messages.js";

export function TwoWays({ step, cursor }) {
  if (!cursor) return null;
  const isLoss = step.kind.startsWith("loss");
  const found = twoWays(opened(), step, isLoss ? 0 : cursor.row, cursor.col);
  if (!found) return null;
  const [stable, textbook] = found.names;
  const line = (name, key, value) => html`<tr key=${name}>
    <th scope="row"><${Name} name=${name} /></th><td>${t(key)}</td><td data-two-ways=${name}>${exact(value)}</td>
  </tr>`;
  return html`<section class="card two-ways" aria-labelledby="ways-title">
    <h2 id="ways-title">${t("ways.title")}</h2>
    <div class="table-scroll"><table class="plain">
      <thead><tr><th>${t("check.quantity")}</th><th>${t("ways.way")}</th><th>${t("ways.value", { col: cursor.col })}</th></tr></thead>
      <tbody>${line(stable, "ways.stable", found.stable)}${line(textbook, "ways.textbook", found.textbook)}</tbody>
    </table></div>
    <p data-ways=${found.differ ? "differ" : "agree"}>${
      found.differ
        ? t("ways.differ", { n: found.differ, of: found.of, i: found.first, l: step.layer })
        : t("ways.agree", { of: found.of })
    }</p>
  </section>`;
}
