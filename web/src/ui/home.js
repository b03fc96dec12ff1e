/** Home: a toy set, an own table, a lesson. */
import { html, useRef, useState } from "./html.js";
import { useApp } from "./store.js";
import { showScreen } from "./walk.js";
import { TourButton } from "./tour.js";
import { Scatter } from "./scatter.js";
import { Door } from "./museum.js";
import { openText, say, startToy, startData } from "./opening.js";
import { TOY_NAMES, toySet } from "../data/toys.js";
import { readTable } from "../data/csv.js";
import { t } from "../messages.js";

const SETS = TOY_NAMES.map((name) => toySet(name));

export const kindText = ({ kind, classes }) => t(`kind.${kind}`, { n: classes?.length });

function Tile({ data }) {
  return html`<li>
    <button type="button" class="tile" data-toy=${data.name} onClick=${() => startToy({ data: data.name })}>
      <${Scatter} data=${data} size=${132} />
      <span class="tile-name">${t(`toy.${data.name}`)}</span>
      <span class="tile-kind">${kindText(data)}</span>
    </button>
  </li>`;
}

function OwnTable() {
  const text = useRef(null);
  const [error, setError] = useState("");
  const use = () => {
    try {
      startData(readTable(text.current.value));
    } catch (problem) {
      setError(say(problem));
    }
  };
  return html`<section class="card" aria-labelledby="csv-title">
    <h3 id="csv-title"><label for="csv">${t("home.csv")}</label></h3>
    <p class="quiet" id="csv-hint">${t("home.csvHint")}</p>
    <textarea
      id="csv"
      ref=${text}
      rows="5"
      spellcheck="false"
      aria-describedby="csv-hint csv-error"
      placeholder=${t("home.csvExample")}
    ></textarea>
    <p class="error" id="csv-error" role="alert">${error}</p>
    <button type="button" class="button" onClick=${use}>${t("home.csvUse")}</button>
  </section>`;
}

function OwnFile() {
  const open = async (event) => {
    const [file] = event.target.files;
    if (file) await openText(file.name, await file.text());
    event.target.value = "";
  };
  return html`<section class="card" aria-labelledby="file-title">
    <h3 id="file-title"><label for="file">${t("home.file")}</label></h3>
    <p class="quiet" id="file-hint">${t("home.fileHint")}</p>
    <input type="file" id="file" accept=".html,.json,.csv,.txt,.tsv" aria-describedby="file-hint" onChange=${open} />
  </section>`;
}

export function Home() {
  const { session } = useApp();
  return html`<div class="home">
    <div class="hero">
      <h1>${t("home.title")}</h1>
      <p class="lead">${t("home.lead")}</p>
      <p class="quiet">${t("app.offline")}</p>
      <div class="row">
      ${session ? html`<button
        type="button"
        class="button"
        onClick=${() => showScreen(session.isRecorded ? "lab" : "play")}
      >${t("home.continue", { title: session.lesson.title })}</button>` : null}
      <${TourButton} look=" is-quiet" text=${t("tour.start")} />
      <${Door} />
      </div>
    </div>
    <h2>${t("home.play")}</h2>
    <ul class="tiles">${SETS.map((data) => html`<${Tile} data=${data} key=${data.name} />`)}</ul>
    <h2>${t("home.open")}</h2>
    <div class="home-open"><${OwnTable} /><${OwnFile} /></div>
  </div>`;
}
