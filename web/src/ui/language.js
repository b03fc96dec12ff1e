/** The language of the page: that of the document, of the link, or chosen. */
import { html } from "./html.js";
import { app, set, useApp } from "./store.js";
import { addLanguages, CATALOGUES, t, useLanguage } from "../messages.js";

const NAMES = { en: "English", de: "Deutsch" };

/** Take a language: its texts, and the document's attribute for screen readers. Another one than ours is English. */
export function speak(language) {
  const known = language in CATALOGUES ? language : "en";
  useLanguage(known);
  document.documentElement.lang = known;
  set({ language: known });
}

/** The language that a link asks for, or that of the document; the page carries the texts of all but English. */
export function beginLanguage() {
  addLanguages(JSON.parse(document.getElementById("deepstep-texts")?.textContent ?? "{}"));
  const asked = new URLSearchParams(location.hash.slice(1)).get("g");
  app.ownLanguage = document.documentElement.lang.slice(0, 2) || "en";
  speak(asked ?? app.ownLanguage);
}

export function LanguageChoice() {
  const { language } = useApp();
  return html`<label class="field language"><span>${t("app.language")}</span>
    <select data-setting="language" value=${language} onChange=${(event) => speak(event.target.value)}>
      ${Object.keys(CATALOGUES).map((name) => html`<option value=${name} lang=${name}>${NAMES[name]}</option>`)}
    </select>
  </label>`;
}
