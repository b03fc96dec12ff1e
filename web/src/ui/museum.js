/** Bug museum: a switch for each mistake; what differs first, the gradient check, the curves, the fix. */
import { html, useLayoutEffect, useRef } from "./html.js";
import { app, set, useApp } from "./store.js";
import { Name } from "./symbol.js";
import { showScreen } from "./walk.js";
import { Curve } from "./cost-curve.js";
import { baseOf, courseOf, curvesOf, exhibitOf, groupsOf, pairOf, statesOf } from "../lesson/museum.js";
import { exact, number } from "../format.js";
import { t } from "../messages.js";

const museumOf = ({ carried }) => carried.museum;

/** One mistake on, or none; the first quantity that differs is shown. */
export function switchTo(id) {
  const exhibit = exhibitOf(museumOf(app), id);
  const live = exhibit
    ? t("museum.live", { title: exhibit.title, name: exhibit.first })
    : t("museum.none");
  set({ exhibit: exhibit?.id ?? null, quantity: exhibit?.first ?? app.quantity, live });
}

function Switches({ museum, shown }) {
  const list = useRef(null);
  useLayoutEffect(() => {
    const on = list.current.querySelector('[aria-checked="true"]');
    if (on) list.current.scrollTop = on.offsetTop - 60;
  }, []);
  return html`<nav class="card switches" ref=${list} aria-label=${t("museum.list")}>
    ${groupsOf(museum).map(
      ([group, exhibits]) => html`<section key=${group}>
        <h2 id=${`group-${group}`}>${t(`museum.group.${group}`)}</h2>
        <ul aria-labelledby=${`group-${group}`}>${exhibits.map(
          ({ id, title }) => html`<li key=${id}>
            <button
              type="button"
              role="switch"
              class="switch"
              data-exhibit=${id}
              aria-checked=${id === shown?.id ? "true" : "false"}
              onClick=${() => switchTo(id === shown?.id ? null : id)}
            ><span class="switch-knob" aria-hidden="true"></span><span>${title}</span></button>
          </li>`,
        )}</ul>
      </section>`,
    )}
  </nav>`;
}

/** Neighbours in a row of quantities by key. */
export const moved = (at, count, key) => ({ ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: count - 1 })[key];

const MARKS = { first: "✗", differs: "≠" };

/** The micro-steps; arrows go from one to the next. */
export function Steps({ states, current, onPick = (id) => set({ quantity: id }) }) {
  const list = useRef(null);
  const phases = [...new Set(states.map(({ phase }) => phase))];
  const onKeyDown = (event) => {
    const at = states.findIndex(({ id }) => id === current);
    const to = moved(at, states.length, event.key);
    if (to === undefined || !states[to]) return;
    event.preventDefault();
    onPick(states[to].id);
    list.current.querySelector(`[data-at="${to}"]`).focus();
  };
  return html`<div class="ribbon museum-ribbon" ref=${list} role="group" aria-label=${t("museum.steps")} onKeyDown=${onKeyDown}>
    ${phases.map((phase) => html`<div class=${`ribbon-group phase-${phase}`} key=${phase}>
      <span class="ribbon-phase" id=${`museum-${phase}`}>${phase === "given" ? t("museum.given") : t(`phase.${phase}`)}</span>
      <ol aria-labelledby=${`museum-${phase}`}>${states.map(({ id, state, phase: own }, at) => own !== phase ? null : html`<li key=${id}>
        <button
          type="button"
          class=${`ribbon-step is-${state}`}
          data-quantity=${id}
          data-state=${state}
          data-at=${at}
          tabindex=${id === current ? 0 : -1}
          aria-current=${id === current ? "step" : undefined}
          onClick=${() => onPick(id)}
        >${MARKS[state] ? html`<span class="mark" aria-hidden="true">${MARKS[state]}</span>` : null}<${Name} name=${id} />${MARKS[state] ? html`<span class="visually-hidden">, ${t(`museum.state.${state}`)}</span>` : null}</button>
      </li>`)}</ol>
    </div>`)}
  </div>`;
}

/** One side of a pair: a table of numbers, those that differ with a mark. */
export function Side({ side, matrix, differs = [], shape }) {
  const { rows, cols, data } = matrix;
  const label = t(`museum.${side}`);
  return html`<div class="table-scroll" tabindex="0" role="group" aria-label=${label}>
    <table class=${`numbers is-${side}`}>
      <caption>${label} <span class="quiet">${shape || t("lab.shape", { rows, cols })}</span></caption>
      <tbody>${Array.from({ length: rows }, (_, r) => html`<tr key=${r}>${Array.from({ length: cols }, (_, c) => {
        const at = r * cols + c;
        return html`<td
          key=${c}
          class=${differs[at] ? "is-different" : ""}
          data-row=${r}
          data-col=${c}
          data-value=${exact(data[at])}
        >${differs[at] ? html`<span class="mark" aria-hidden="true">≠</span><span class="visually-hidden">${t("museum.differs")} </span>` : null}${number(data[at], 3)}</td>`;
      })}</tr>`)}</tbody>
    </table>
  </div>`;
}

function Quantity({ museum, exhibit, states, current }) {
  const { code, state } = states.find(({ id }) => id === current);
  const { right, wrong, differs, shape, fits } = pairOf(museum, exhibit, current);
  const isChanged = exhibit?.diff.some(([name]) => name === current);
  const count = differs.filter(Boolean).length;
  return html`<section class="card" aria-labelledby="quantity-title" data-shown=${current}>
    <h2 id="quantity-title"><${Name} name=${current} /> · ${t(`museum.word.${state}`)}</h2>
    ${isChanged ? null : html`<pre class="code" tabindex="0"><code>${code}</code></pre>`}
    <div class="pair">
      <${Side} side="right" matrix=${right} />
      ${wrong ? html`<${Side} side="wrong" matrix=${wrong} differs=${differs} shape=${shape} />` : null}
    </div>
    ${wrong ? html`<p class="quiet note">${fits ? t("museum.cells", { n: count, of: differs.length }) : t("museum.shape")}</p>` : null}
  </section>`;
}

function Check({ rows, diagnosis, fault, inEvery }) {
  const wrong = rows.filter(({ verdict }) => verdict !== "good").map(({ of }) => of);
  return html`<section class="card" aria-labelledby="museum-check">
    <h2 id="museum-check">${t("museum.check")}</h2>
    <p>${wrong.length ? t("museum.check.fails", { names: wrong.map((name) => `d${name}`).join(", ") }) : t("museum.check.passes")}</p>
    <table class="plain">
      <thead><tr><th>${t("check.quantity")}</th><th>${t("museum.check.difference")}</th><th>${t("check.verdict")}</th></tr></thead>
      <tbody>${rows.map(({ of, difference, verdict, shapes }) => html`<tr key=${of} data-check=${of} data-verdict=${verdict}>
        <th scope="row"><${Name} name=${`d${of}`} /></th><td>${verdict === "shape" ? "–" : number(difference, 2)}</td>
        <td class=${verdict === "good" ? "is-good" : "is-bad"}>${t(`museum.verdict.${verdict}`, { shapes })}</td>
      </tr>`)}</tbody>
    </table>
    ${diagnosis ? html`<p class="note"><code>check_gradients</code>: ${diagnosis}</p>` : null}
    ${fault ? html`<p class="note">${t(inEvery ? "museum.fault" : "museum.fault.layers")} <code>net.train(X, Y, fault="${fault}")</code></p>` : null}
  </section>`;
}

function course(costs, stopped) {
  const { first, last, updates, broken } = courseOf(costs);
  const text = t("museum.course", { first: number(first), last: number(last), n: updates });
  if (stopped) return `${text} ${t("museum.course.stopped", { n: updates + 1, error: stopped })}`;
  return broken ? `${text} ${t("museum.course.broken", { n: broken })}` : text;
}

export function Costs({ base, exhibit }) {
  const { lines, cut } = curvesOf(base.costs, exhibit?.costs);
  const texts = [
    `${t("museum.right")}: ${course(base.costs)}`,
    ...(exhibit ? [`${t("museum.wrong")}: ${course(exhibit.costs, exhibit.stopped)}`] : []),
  ];
  return html`<section class="card" aria-labelledby="museum-costs">
    <h2 id="museum-costs">${t("museum.costs")}</h2>
    <${Curve} lines=${lines} text=${texts.join(" ")} />
    ${exhibit ? html`<p class="quiet note">${t("museum.legend")}${cut ? ` ${t("museum.cut", { most: number(cut, 3) })}` : ""}</p>` : null}
    ${texts.map((text) => html`<p class="note" key=${text}>${text}</p>`)}
  </section>`;
}

/** Wrong lines above the right ones. */
export function Fix({ diff }) {
  return html`<section class="card" aria-labelledby="museum-fix">
    <h2 id="museum-fix">${t("museum.fix")}</h2>
    <pre class="code diff" tabindex="0"><code>${diff.map(
      ([name, wrong, right]) => html`<del key=${`${name}-`}>− ${wrong}</del><ins key=${`${name}+`}>+ ${right}</ins>`,
    )}</code></pre>
  </section>`;
}

export function Museum() {
  const page = useApp();
  const museum = museumOf(page);
  const exhibit = exhibitOf(museum, page.exhibit);
  const base = baseOf(museum, exhibit);
  const states = statesOf(museum, exhibit);
  const current = states.some(({ id }) => id === page.quantity) ? page.quantity : (exhibit?.first ?? states[0].id);
  const every = exhibit && (exhibit.layers ?? []).length === 3;
  return html`<div class="museum">
    <${Switches} museum=${museum} shown=${exhibit} />
    <div class="museum-main">
      <section class="card museum-head">
        <h1>${exhibit?.title ?? t("museum.title")}</h1>
        ${
          exhibit
            ? html`<p class="museum-first" data-first=${exhibit.first}><span class="mark" aria-hidden="true">✗</span> ${t("museum.first")} <${Name} name=${exhibit.first} /></p>
              <dl><dt>${t("museum.symptom")}</dt><dd>${exhibit.symptom}</dd><dt>${t("museum.why")}</dt><dd>${exhibit.why}</dd></dl>`
            : html`<p>${t("museum.lead", { n: museum.exhibits.length })}</p>
              <p>${t("museum.game")} <button type="button" class="link" data-open="bugs" onClick=${() => showScreen("bugs")}>${t("screen.bugs")}</button></p>`
        }
      </section>
      <${Steps} states=${states} current=${current} />
      <${Quantity} museum=${museum} exhibit=${exhibit} states=${states} current=${current} />
      ${exhibit ? html`<${Fix} diff=${exhibit.diff} />` : null}
      <div class="museum-pair">
        ${exhibit ? html`<${Check} rows=${exhibit.check} diagnosis=${exhibit.diagnosis} fault=${exhibit.fault} inEvery=${every} />` : null}
        <${Costs} base=${base} exhibit=${exhibit} />
      </div>
    </div>
  </div>`;
}

/** The ways into the museum from Home. */
export function Door() {
  const { carried } = useApp();
  if (!carried?.museum) return null;
  return html`<button type="button" class="button" data-open="bugs" onClick=${() => showScreen("bugs")}>${t("screen.bugs")}</button>
    <button type="button" class="button" data-open="museum" onClick=${() => set({ screen: "museum" })}>${t("museum.door", { n: carried.museum.exhibits.length })}</button>`;
}
