/** The library's own source of a micro-step, as the document carries it. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { library } from "../lesson/library.js";
import { t } from "../messages.js";

/** Docstrings are for the documentation; here the code is to be seen. */
function withoutDocstring(text) {
  return text.replace(/^(\s*)(?:r?"""[\s\S]*?""")\s*\n/m, "");
}

/** Words of the left side by which the line of a micro-step is found. */
const LINE = {
  linear: /return W @ A_prev/,
  back: /return W\.T @ dZ/,
  weights: /product_gradient\(/,
  bias: /sum_gradient\(/,
  slot: /^\s*[vs] = /,
  update: /return theta|return \(theta/,
};

export function Source({ step }) {
  const { session } = useApp();
  const { sources, formulas } = session.lesson;
  const found = sources?.[step.equation] ?? library.sources[step.equation];
  const formula = formulas?.[step.equation] ?? library.formulas[step.equation];
  if (!found)
    return step.equation
      ? html`<section class="card source"><h3>${t("lab.source")}</h3><p class="quiet">${t("lab.noSource")}</p></section>`
      : null;
  const lines = withoutDocstring(found.text).trimEnd().split("\n");
  const pattern = LINE[step.kind] ?? /^\s*return /;
  const current = lines.findLastIndex((line) => pattern.test(line));
  return html`<section class="card source" aria-labelledby="source-title">
    <h3 id="source-title">${t("lab.source")}</h3>
    <p class="quiet">${t("lab.line", found)}</p>
    ${formula ? html`<p class="formula">${formula}</p>` : null}
    <pre tabindex="0" role="region" aria-label=${step.equation}><code>${lines.map(
      (line, i) =>
        html`<span
          class=${i === current ? "is-current" : ""}
          aria-current=${i === current ? "true" : undefined}
        >${line}${"\n"}</span>`,
    )}</code></pre>
  </section>`;
}
