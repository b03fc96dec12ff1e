/** Examples that are images, with the network's answer: wrong ones first. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { Picture } from "./picture.js";
import { classOf } from "./scatter.js";
import { predict } from "../engine/forward.js";
import { at, columns } from "../engine/tensor.js";
import { number } from "../format.js";
import { t } from "../messages.js";

const MOST = 20;

/** Target and answer of each example in words, and whether they are the same. */
function answers(data, A) {
  const name = (i) => data.classes?.[i] ?? String(i);
  return Array.from({ length: A.cols }, (_, i) => {
    if (data.kind === "numbers") return { i, target: number(at(data.Y, 0, i), 3), answer: number(at(A, 0, i), 3), right: true };
    const [is, says] = [classOf(data, i), classOf({ Y: A }, i)];
    return { i, target: name(is), answer: name(says), right: is === says };
  });
}

export function Gallery({ parameters, fit }) {
  const { session, k } = useApp();
  const data = session.dataAt(k);
  const few = Math.min(data.X.cols, 500);
  const X = few < data.X.cols ? columns(data.X, Array.from({ length: few }, (_, i) => i)) : data.X;
  const all = answers(data, predict(session.network, parameters, X));
  const shown = all.toSorted((a, b) => Number(a.right) - Number(b.right)).slice(0, MOST);
  return html`<section class="card" aria-labelledby="gallery-title" data-gallery>
    <div class="card-head"><h2 id="gallery-title">${t("gallery.title")}</h2><span class="quiet" data-fit>${fit}</span></div>
    <ul class="gallery">${shown.map(
      ({ i, target, answer, right }) => html`<li key=${i} class=${right ? "is-right" : "is-wrong"}>
        <${Picture} data=${data} example=${i} label=${t("gallery.example", { i, target })} />
        <span>${right ? `✓ ${answer}` : `✗ ${target} → ${answer}`}</span>
      </li>`,
    )}</ul>
    <p class="quiet note">${t("gallery.note", { n: shown.length, of: all.length })}</p>
  </section>`;
}
