/** Find the bug: a step with a hidden mistake; its reader points at the first wrong quantity, and then says what is wrong. */
import { html, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { app, set, useApp } from "./store.js";
import { Costs, Fix, Side, Steps } from "./museum.js";
import { Operands } from "./lab.js";
import { say } from "./opening.js";
import { Equation, Name } from "./symbol.js";
import { check, COSTS, differs, draw, fits, pointsOf, POINTS, recomputed, stateOf } from "../lesson/bugs.js";
import { explain } from "../engine/explain.js";
import { microSteps } from "../engine/microsteps.js";
import { shapeText } from "../engine/numpy.js";
import { map } from "../engine/tensor.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const NETWORKS = 9999; // that are drawn at random; a reader may ask for any other number
const LAMBDA = 0.3; // of the museum's program with L2
const NETWORK = { activations: ["tanh", "sigmoid", "sigmoid"], output: "sigmoid" };

/** Draw the network of a number, or of any. */
export function startRound(seed) {
  const known = Number.isSafeInteger(seed) && seed > 0 && seed <= 0xffffffff;
  try {
    const round = draw(app.game, known ? seed : 1 + Math.floor(NETWORKS * Math.random()));
    set({ bugs: { round, stage: "point", asked: [], tried: [], denied: [], shown: {}, said: "" }, error: "" });
    show(round.order[0].id);
  } catch (problem) {
    set({ bugs: null, error: say(problem) });
  }
}

/** The step as the Step lab shows it: the right equations, the numbers of the mistake. */
function openedOf({ l2, values, start }) {
  const training = { optimizer: "gd", learning_rate: 1, l2: l2 ? LAMBDA : 0 };
  const all = new Map([...Object.entries(start), ...values]);
  const [name, end] = [(base) => ({ name: base }), l2 ? " + λ/(2m) Σ W²" : ""];
  const formula = `J = −1/m Σ (Y log A3 + (1 − Y) log(1 − A3))${end}`;
  const cost = { id: "J", phase: "cost", layer: 3, kind: "", formula, tokens: [name("J"), "=", "loss", "(", name("A3"), ",", name("Y"), ")"] };
  if (l2) for (const l of [1, 2, 3]) all.set(`dW${l}_L2`, map(start[`W${l}`], (w) => (LAMBDA / start.m.data[0]) * w));
  const steps = microSteps(NETWORK, training, null).map((step) => (step.id === "J" ? cost : step));
  return { steps, values: all, problem: { network: NETWORK, training } };
}

/** A quantity in the middle of the screen, the cursor on its first number. */
function show(id) {
  set({ bugs: { ...app.bugs, quantity: id }, cursor: { name: id, row: 0, col: 0 } });
}

function change(changes) {
  set({ bugs: { ...app.bugs, ...changes }, live: changes.said ?? app.live });
}

const spoken = (id) => id.replace("′", " after the update");

/** What costs points: a hint, or an answer that is not right. */
const pay = (name) => [...app.bugs.asked, name];

function point(id) {
  const { round, tried } = app.bugs;
  const state = stateOf(round, id);
  if (state === "first") return change({ stage: "choose", said: t("bugs.pointed", { name: spoken(id) }) });
  change({ asked: pay("quantity"), tried: [...tried, id], said: t(`bugs.point.${state}`, { name: spoken(id), n: COSTS.quantity }) });
}

function end(asked, said) {
  const points = pointsOf(asked);
  const { points: sum, rounds } = app.score;
  set({ score: { points: sum + points, rounds: rounds + 1 } });
  change({ stage: "done", asked, points, said: `${said} ${t("bugs.points", { points, of: POINTS })}` });
  show(app.bugs.round.first);
}

function choose(exhibit) {
  const { round, asked, denied } = app.bugs;
  if (exhibit === round.exhibit) return end(asked, t("bugs.right"));
  change({ asked: pay("mistake"), denied: [...denied, exhibit], said: t("bugs.notThat", { n: COSTS.mistake }) });
}

const giveUp = () => end(Array(POINTS).fill("recompute"), t("bugs.given"));

function hint(name, what = true) {
  change({ asked: pay(name), shown: { ...app.bugs.shown, [what === true ? name : `${name} ${what}`]: true } });
}

function Head({ bugs, score }) {
  const { round, stage, asked } = bugs;
  const seed = useRef(null);
  const open = (event) => {
    event.preventDefault();
    startRound(Number(seed.current.value));
  };
  const title = useRef(null);
  useEffect(() => {
    title.current.focus({ preventScroll: true });
    if (app.scenes) requestAnimationFrame(() => title.current?.scrollIntoView()); // below the scene in a narrow window
  }, [round]);
  return html`<section class="card bugs-head">
    <div>
      <h1 tabindex="-1" ref=${title}>${t("screen.bugs")}</h1>
      <p>${t(`bugs.lead.${stage}`)}</p>
      <p class="quiet note">${t("bugs.network", { dims: round.dims.join(" – "), m: round.m })}${round.l2 ? ` ${t("bugs.l2")}` : ""}</p>
    </div>
    <form class="bugs-number" onSubmit=${open}>
      <label class="field"><span>${t("bugs.number")}</span>
        <input type="number" min="1" max="4294967295" required ref=${seed} key=${round.seed} defaultValue=${round.seed} data-seed=${round.seed} />
      </label>
      <button type="submit" class="button is-quiet">${t("bugs.open")}</button>
      <p class="bugs-score" data-points=${pointsOf(asked)}>
        ${stage === "done" ? null : html`<b>${t("bugs.left", { points: pointsOf(asked), of: POINTS })}</b> `}
        ${score.rounds ? html`<span class="quiet" data-score=${score.points}>${t("bugs.score", { points: score.points, of: POINTS * score.rounds })}</span>` : null}
      </p>
    </form>
  </section>`;
}

/** How the number under the cursor is made: its formula with the numbers put in, but not what they come to. */
function Made({ explanation, place }) {
  if (!explanation) return null;
  const sumOf = (values) => values.map(({ value }) => number(value, 3)).join(" + ");
  const { symbols, terms, added = [], scale } = explanation;
  const sum = terms && [scale ? `1/${scale} · (${sumOf(terms)})` : sumOf(terms), ...added.map((term) => sumOf([term]))].join(" + ");
  const puts = sum?.replaceAll("+ −", "− ") ?? explanation.puts?.split("   ")[0];
  return html`<p class="formula bugs-made"><${Name} name=${place.name} />[${place.row}, ${place.col}] = ${symbols}${puts ? html`<br />= ${puts}` : null}</p>`;
}

function Quantity({ bugs, cursor }) {
  const { round, stage, quantity, tried, shown } = bugs;
  const open = openedOf(round);
  const step = open.steps.find(({ id }) => id === quantity);
  const value = round.values.get(quantity);
  const right = round.right.get(quantity);
  const same = fits(value, right);
  const place = cursor?.name === quantity ? cursor : { name: quantity, row: 0, col: 0 };
  const explanation = same ? explain(open, quantity, place.row, place.col) : null;
  const again = stage === "point" && shown[`recompute ${quantity}`] ? recomputed(round, quantity) : null;
  const isSame = again && !differs(again, value);
  const toStep = (event) => {
    // Enter on an operand goes to the step that made it, as in the Step lab
    if (event.key !== "Enter" || !event.target.dataset.tensor) return;
    event.stopPropagation();
    if (round.values.has(event.target.dataset.tensor)) show(event.target.dataset.tensor);
  };
  return html`<section class=${`card bugs-quantity phase-${step.phase}`} aria-labelledby="bugs-equation" data-shown=${quantity}>
    <p class="lab-where"><b class="phase-word">${t(`phase.${step.phase}`)}</b> · ${t("bugs.should")}</p>
    <h2 id="bugs-equation" class="lab-equation" aria-label=${quantity}><${Equation} step=${step} optimizer="gd" output="sigmoid" /></h2>
    <div onKeyDownCapture=${toStep}><${Operands} open=${open} step=${step} lit=${explanation?.lit ?? []} /></div>
    ${value.rank < 2 && quantity !== "J" ? html`<p class="note is-bad">${t("bugs.shape", { shape: shapeText(value) })}</p>` : null}
    <${Made} explanation=${explanation} place=${place} />
    ${again ? html`<div class="bugs-again" data-again=${isSame ? "same" : "differs"}>
      <p class=${isSame ? "is-good" : "is-bad"}>${t(isSame ? "bugs.again.same" : same ? "bugs.again.differs" : "bugs.again.shape")}</p>
      ${isSame ? null : html`<${Side} side="right" matrix=${again} />`}
    </div>` : null}
    ${stage === "point" ? html`<div class="row bugs-presses">
      <button
        type="button"
        class="button"
        data-action="point"
        disabled=${tried.includes(quantity)}
        onClick=${() => point(quantity)}
      >${t("bugs.point")}</button>
      <button
        type="button"
        class="button is-quiet"
        data-action="recompute"
        disabled=${!!again}
        onClick=${() => hint("recompute", quantity)}
      >${t("bugs.recompute", { n: COSTS.recompute })}</button>
    </div>` : null}
  </section>`;
}

function Hints({ bugs }) {
  const { round, shown } = bugs;
  const { phase } = round.order.find(({ id }) => id === round.first);
  return html`<section class="card bugs-hints" aria-labelledby="bugs-hints">
    <h2 id="bugs-hints">${t("bugs.hints")}</h2>
    ${shown.part ? html`<p data-hint="part">${t("bugs.part.is", { part: t(`phase.${phase}`) })}</p>` : null}
    ${shown.check ? html`<div data-hint="check"><p>${t("bugs.check.is")}</p>
      <ul class="bugs-check">${check(round).map(({ of, verdict }) => html`<li key=${of} data-check=${of} data-verdict=${verdict} class=${verdict === "good" ? "is-good" : "is-bad"}>
        <${Name} name=${`d${of}`} /> ${verdict === "shape" ? t("museum.verdict.shape", { shapes: shapeText(round.values.get(`d${of}`)) }) : t(`museum.verdict.${verdict}`)}
      </li>`)}</ul></div>` : null}
    <div class="row">
      ${shown.part ? null : html`<button type="button" class="button is-quiet is-small" data-action="part" onClick=${() => hint("part")}>${t("bugs.part", { n: COSTS.part })}</button>`}
      ${shown.check ? null : html`<button type="button" class="button is-quiet is-small" data-action="check" onClick=${() => hint("check")}>${t("bugs.check", { n: COSTS.check })}</button>`}
      <button type="button" class="link" data-action="giveUp" onClick=${giveUp}>${t("bugs.giveUp")}</button>
    </div>
  </section>`;
}

function Choice({ bugs }) {
  const { round, denied } = bugs;
  const [chosen, setChosen] = useState(null);
  const form = useRef(null);
  useLayoutEffect(() => form.current.querySelector("input").focus(), []);
  const submit = (event) => {
    event.preventDefault();
    choose(chosen);
    setChosen(null);
  };
  return html`<form class="card question" ref=${form} onSubmit=${submit} data-question>
    <fieldset>
      <legend>${t("bugs.choose")} <${Name} name=${round.first} />?</legend>
      ${round.choices.map((exhibit) => html`<label class=${`answer${denied.includes(exhibit) ? " is-wrong" : ""}`} key=${exhibit.id}>
        <input
          type="radio"
          name="bug"
          value=${exhibit.id}
          disabled=${denied.includes(exhibit)}
          checked=${chosen === exhibit}
          onChange=${() => setChosen(exhibit)}
        />
        <span>${exhibit.title}</span>
        ${denied.includes(exhibit) ? html`<b class="answer-mark"><span aria-hidden="true">✗</span><span class="visually-hidden">${t("verdict.wrong")}</span></b>` : null}
      </label>`)}
    </fieldset>
    <button type="submit" class="button" disabled=${!chosen}>${t("scene.check")}</button>
  </form>`;
}

function Solution({ bugs }) {
  const { round } = bugs;
  const { exhibit, first, lines } = round;
  const [right, wrong] = [round.right.get(first), round.values.get(first)];
  const same = fits(right, wrong);
  const marks = Array.from(wrong.data, (x, i) => !same || !Object.is(x, right.data[i]));
  const next = useRef(null);
  useEffect(() => next.current.focus(), []);
  return html`<section class="card bugs-solution" aria-labelledby="bugs-solution" data-solution=${exhibit.id}>
      <h2 id="bugs-solution">${exhibit.title}</h2>
      <p>${t("bugs.first")} <${Name} name=${first} />. ${exhibit.why}</p>
      <div class="row">
        <button type="button" class="button" ref=${next} data-action="next" onClick=${() => startRound(NaN)}>${t("bugs.next")}</button>
      </div>
      <div class="pair">
        <${Side} side="right" matrix=${right} />
        <${Side} side="wrong" matrix=${wrong} differs=${marks} shape=${same ? "" : shapeText(wrong)} />
      </div>
    </section>
    <${Fix} diff=${lines} />`;
}

export function Bugs() {
  const { bugs, score, cursor } = useApp();
  useLayoutEffect(() => {
    const before = app.cursor;
    if (!app.bugs) startRound(NaN);
    else show(app.bugs.quantity);
    return () => (app.cursor = before);
  }, []);
  if (!bugs) return null;
  const { round, stage, quantity, said } = bugs;
  const { right, wrong } = round.trainings;
  const row = (costs) => ({ data: Float64Array.from(costs) });
  const states = round.order.map((line) => ({ ...line, state: stage === "done" ? stateOf(round, line.id) : "same" }));
  return html`<div class="bugs" data-stage=${stage}>
    <${Head} bugs=${bugs} score=${score} />
    <div class="bugs-main">
      <${Steps} states=${states} current=${quantity} onPick=${show} />
      ${said ? html`<p class="bugs-said" data-said>${said}</p>` : null}
      ${stage === "choose" ? html`<${Choice} bugs=${bugs} key=${round.seed} />` : null}
      ${stage === "done" ? html`<${Solution} bugs=${bugs} key=${round.seed} />` : null}
      <${Quantity} bugs=${bugs} cursor=${cursor} />
    </div>
    <div class="bugs-side">
      <${Costs} base=${{ costs: row(right.costs) }} exhibit=${{ costs: row(wrong.costs), stopped: wrong.stopped }} />
      ${stage === "done" ? null : html`<${Hints} bugs=${bugs} />`}
    </div>
  </div>`;
}
