/** The text of a scene beside the stage, its question, and the way to the next one. */
import { h } from "preact";
import { html, useLayoutEffect, useRef, useState } from "./html.js";
import { useApp } from "./store.js";
import { canShow } from "./locks.js";
import { showScreen } from "./walk.js";
import { answerScene, showScene } from "./scenes.js";
import { isRight, scoreOf } from "../lesson/scenes.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const TAGS = new Set(
  "p ul ol li em strong code pre blockquote h2 h3 h4 h5 h6 a img br hr table thead tbody tr th td".split(" "),
);

/** Nodes `[tag, attributes, ...children]` as elements; a tag that no text has is left out. */
function nodes(list) {
  return list.map((node) => {
    if (!Array.isArray(node)) return node;
    const [tag, { href, src, alt, start }, ...children] = node;
    if (!TAGS.has(tag)) return nodes(children);
    const given = tag === "a" && /^(https?|mailto):/i.test(href) ? { href, rel: "noreferrer", target: "_blank" } : {};
    if (tag === "img" && /^data:image\//.test(src)) Object.assign(given, { src, alt });
    return h(tag, tag === "ol" ? { start } : given, ...nodes(children));
  });
}

const MARKS = { right: "✓", missed: "○", wrong: "✗" };

/** What an answer says of a choice. */
function verdict(question, chosen, i) {
  if (!chosen) return "";
  const right = question.answers.includes(i);
  if (chosen.includes(i)) return right ? "right" : "wrong";
  return right ? "missed" : "";
}

function Question({ question, answered, at }) {
  const [chosen, setChosen] = useState([]);
  const given = answered ?? chosen;
  const pick = (i, on) => setChosen(question.several ? chosen.filter((one) => one !== i).concat(on ? [i] : []) : [i]);
  const submit = (event) => {
    event.preventDefault();
    answerScene(chosen);
  };
  const right = answered && isRight(question, answered);
  return html`<form class="question" onSubmit=${submit} data-question>
    <fieldset disabled=${!!answered}>
      <legend>${nodes(question.text)}</legend>
      ${question.several ? html`<p class="quiet">${t("scene.several")}</p>` : null}
      ${question.predict_first && !answered ? html`<p class="quiet">${t("scene.predict")}</p>` : null}
      ${question.choices.map((choice, i) => {
        const found = verdict(question, answered, i);
        return html`<label class=${`answer${found ? ` is-${found}` : ""}`} key=${i} data-verdict=${found || undefined}>
          <input
            type=${question.several ? "checkbox" : "radio"}
            name=${`scene-${at}`}
            checked=${given.includes(i)}
            onChange=${(event) => pick(i, event.target.checked)}
          />
          <span>${nodes(choice)}</span>
          ${found ? html`<b class="answer-mark"><span aria-hidden="true">${MARKS[found]}</span><span class="visually-hidden">${t(`verdict.${found}`)}</span></b>` : null}
        </label>`;
      })}
    </fieldset>
    ${answered ? null : html`<button type="submit" class="button" disabled=${!chosen.length}>${t("scene.check")}</button>`}
    <div role="status" data-result>
      ${answered ? html`<p class=${right ? "is-good" : "is-bad"}><b>${t(right ? "scene.isRight" : "scene.isWrong")}</b> ${t("scene.points", { points: number(right ? question.points : 0), of: number(question.points) })}</p>` : null}
      ${answered ? html`<div class="scene-text">${nodes(question.explanation)}</div>` : null}
    </div>
  </form>`;
}

function Score({ score }) {
  const parts = { points: number(score.points), of: number(score.of), percent: number(score.percent, 3) };
  return html`<p class="scene-score" data-score=${score.percent} data-done=${String(score.done)}>
    ${t("scene.score", parts)}${score.done ? html` <b>${t(score.passed ? "scene.passed" : "scene.failed")}</b>` : null}
  </p>`;
}

export function ScenePanel() {
  const { scenes, platformLost, game } = useApp();
  const title = useRef(null);
  const at = scenes?.state.at;
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current) title.current?.focus({ preventScroll: false });
    first.current = false;
  }, [at]);
  if (!scenes) return null;
  const { lesson, state } = scenes;
  const { title: name, text, question } = lesson.scenes[at];
  const score = scoreOf(lesson, state);
  const n = lesson.scenes.length;
  const { language } = lesson;
  return html`<section class="scene" aria-labelledby="scene-title" data-scene=${at + 1}>
    <p class="quiet scene-of"><span lang=${language}>${lesson.title}</span> · ${t("scene.of", { at: at + 1, n })}</p>
    <div lang=${language}>
      <h2 id="scene-title" ref=${title} tabindex="-1">${nodes(name)}</h2>
      <div class="scene-text">${nodes(text)}</div>
    </div>
    ${question ? html`<div lang=${language}><${Question} question=${question} answered=${state.answers[at]} at=${at} key=${at} /></div>` : null}
    ${score.questions ? html`<${Score} score=${score} />` : null}
    ${at === n - 1 && game && canShow("bugs") ? html`<p class="scene-game">${t("scene.game")} <button type="button" class="button is-quiet is-small" data-open="bugs" onClick=${() => showScreen("bugs")}>${t("screen.bugs")}</button></p>` : null}
    <p class="quiet" role="status" data-platform>${platformLost ? t("scene.platform") : ""}</p>
    <nav class="scene-ways" aria-label=${t("scene.ways")}>
      <button type="button" class="button is-quiet" data-scene-way="back" title=${`${t("scene.back")} (p)`} disabled=${at === 0} onClick=${() => showScene(at - 1)}>${t("scene.back")}</button>
      <ol class="scene-dots" aria-hidden="true">${lesson.scenes.map((_, i) => html`<li key=${i} class=${i === at ? "is-now" : state.seen.includes(i) ? "is-seen" : ""}></li>`)}</ol>
      <button type="button" class="button" data-scene-way="next" title=${`${t("scene.next")} (n)`} disabled=${at === n - 1} onClick=${() => showScene(at + 1)}>${t("scene.next")}</button>
    </nav>
  </section>`;
}

/** What a scene can lock: everything in it stays to be seen and cannot be changed. */
export function Lockable({ lock, children }) {
  return html`<fieldset class="lockable" disabled=${lock} data-locked=${lock ? "true" : undefined}>${children}</fieldset>`;
}
