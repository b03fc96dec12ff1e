/** The gradient check of the open update, a quantity at a time so that the page stays alive. */
import { html, useEffect, useState } from "./html.js";
import { opened } from "./walk.js";
import { Name } from "./symbol.js";
import { checkGradients } from "../engine/numeric.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const LARGE = 100_000; // parameters, from which on fewer entries are checked

export function GradientCheck() {
  const [rows, setRows] = useState([]);
  const [done, setDone] = useState(false);
  const { problem, values, steps, born } = opened();
  const none = born && steps.find(({ id }) => id === born.name).phase !== "update";
  useEffect(() => {
    if (none) return;
    const sound = ({ id, aside }) => !aside || values.get(id).data.every(Number.isFinite);
    const names = steps.filter((step) => step.phase === "backward" && sound(step)).map(({ id }) => id);
    const size = Object.values(problem.parameters).reduce((sum, { data }) => sum + data.length, 0);
    const checks = checkGradients(problem, values, names, size > LARGE ? 2 : 24);
    let stopped = false;
    const next = () => {
      if (stopped) return;
      const { value } = checks.next();
      if (!value) return setDone(true);
      setRows((before) => [...before, value]);
      setTimeout(next, 0);
    };
    setTimeout(next, 0);
    return () => (stopped = true);
  }, []);
  const wrong = rows.filter(({ passed }) => !passed).length;
  const verdict = done
    ? wrong
      ? t("check.some", { n: wrong })
      : t("check.all", { n: rows.length })
    : t("check.running");
  if (none) return html`<p role="status" data-none>${t("check.none", { name: born.name })}</p>`;
  return html`<p>${t("check.lead")}</p>
    <div class="table-scroll">
      <table class="plain" data-done=${done ? "true" : "false"} data-wrong=${wrong}>
        <thead><tr><th>${t("check.quantity")}</th><th>${t("check.checked")}</th><th>${t("check.difference")}</th><th>${t("check.verdict")}</th></tr></thead>
        <tbody>${rows.map(
          ({ name, checked, of, difference, passed }) => html`<tr key=${name}>
            <th scope="row"><${Name} name=${name} /></th><td>${checked} / ${of}</td><td>${number(difference, 2)}</td>
            <td class=${passed ? "is-good" : "is-bad"}>${t(passed ? "check.good" : "check.bad")}</td>
          </tr>`,
        )}</tbody>
      </table>
    </div>
    <p role="status"><b>${verdict}</b></p>`;
}
