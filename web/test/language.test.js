/** The catalogues of the page have keys of English, with its placeholders. */
import test from "node:test";
import assert from "node:assert/strict";
import { addLanguages, CATALOGUES, t, useLanguage } from "../src/messages.js";
import { app } from "../src/ui/store.js";
import { beginLanguage, speak } from "../src/ui/language.js";
import { GERMAN } from "../src/messages_de.js";

addLanguages({ de: GERMAN });

const placeholders = (text) => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

test("every language has keys of English, with its placeholders", () => {
  const { en, ...others } = CATALOGUES;
  assert.deepEqual(Object.keys(others), ["de"]);
  for (const [language, texts] of Object.entries(others)) {
    assert.deepEqual(Object.keys(texts).filter((key) => !(key in en)), [], language); // newer texts are English alone
    for (const [key, text] of Object.entries(texts)) {
      assert.deepEqual([...new Set(placeholders(text))], [...new Set(placeholders(en[key]))], `${language} ${key}`);
      assert.ok(text.trim() === text && text.length > 0, key);
    }
  }
});

test("a language is taken, and unknown ones leave English", () => {
  useLanguage("de");
  assert.equal(t("play.layer", { l: 2 }), "Schicht 2");
  useLanguage("xx");
  assert.equal(t("play.layer", { l: 2 }), "Layer 2");
});

test("a language has any case and region; names of JavaScript are none", () => {
  globalThis.document = /** @type {any} */ ({ documentElement: { lang: "DE" }, getElementById: () => null });
  const cases = { "": "de", "#g=EN": "en", "#g=DE-at": "de", "#g=toString": "en", "#g=constructor": "en" };
  for (const [hash, language] of Object.entries(cases)) {
    document.documentElement.lang = "DE";
    globalThis.location = /** @type {any} */ ({ hash });
    beginLanguage();
    assert.deepEqual([app.language, document.documentElement.lang, app.ownLanguage], [language, language, "de"], hash);
  }
  useLanguage("toString");
  assert.equal(t("app.language"), "Language");
  speak("de");
  assert.equal(t("app.language"), "Sprache");
});
