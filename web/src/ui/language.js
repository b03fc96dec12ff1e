/** The language of the page: that of the document, of the link, or chosen. */
import { html } from "./html.js";
import { app, set, useApp } from "./store.js";
import { addLanguages, CATALOGUES, t, useLanguage } from "../messages.js";

const NAMES = { en: "English", de: "Deutsch" };

/** Take a language: its texts, and the document's attribute for screen readers. Another one than ours is English. */
export function speak(language) {
  const name = language.toLowerCase().split("-")[0];
  const known = Object.hasOwn(CATALOGUES, name) ? name : "en";
  useLanguage(known);
  document.documentElement.lang = known;
  set({ language: known });
}

/** The language that a link asks for, or that of the document; the page carries the texts of all but English. */
export function beginLanguage() {
  addLanguages(JSON.parse(document.getElementById("deepstep-texts")?.textContent ?? "{}"));
  const asked = new URLSearchParams(location.hash.slice(1)).get("g");
  speak(document.documentElement.lang);
  app.ownLanguage = app.language;
  if (asked) speak(asked);
}

/** The choice, where the page carries more than one language. */
export function LanguageChoice() {
  const { language } = useApp();
  if (Object.keys(CATALOGUES).length < 2) return null;
  return html`<label class="field language"><span>${t("app.language")}</span>
    <select data-setting="language" value=${language} onChange=${(event) => speak(event.target.value)}>
      ${Object.keys(CATALOGUES).map((name) => html`<option value=${name} lang=${name}>${NAMES[name]}</option>`)}
    </select>
  </label>`;
}
