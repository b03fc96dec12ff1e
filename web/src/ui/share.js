/** Share: one HTML file, the lesson, Python code, a link. */
import { html, useState } from "./html.js";
import { useApp } from "./store.js";
import { hashText, linkLacks } from "./hash.js";
import { copyText, saveText } from "./clipboard.js";
import { lessonNow, pageText } from "../lesson/export.js";
import { lessonText } from "../lesson/codec.js";
import { pythonCode, readable } from "../lesson/python.js";
import { size } from "../format.js";
import { t } from "../messages.js";

const PAGE_SIZE = 150_000; // of script and style, for the estimate

const fileName = (title) =>
  title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "") || "deepstep";

export function Share() {
  const { session, k } = useApp();
  const [said, setSaid] = useState("");
  const lesson = lessonNow(session, hashText());
  const [estimate] = useState(() => PAGE_SIZE + lessonText(lesson).length);
  const code = pythonCode(session, k - 1);
  const shown = readable(code);
  const name = fileName(lesson.title);
  const savePage = async () => {
    const text = await pageText(lesson);
    saveText(`${name}.html`, text, "text/html");
    setSaid(t("share.saved", { name: `${name}.html`, size: size(new Blob([text]).size) }));
  };
  const saveLesson = () => {
    const text = lessonText(lesson);
    saveText(`${name}.json`, text, "application/json");
    setSaid(t("share.saved", { name: `${name}.json`, size: size(text.length) }));
  };
  const copy = async (text) => (await copyText(text)) && setSaid(t("share.copied"));
  const lacks = lesson.origin === "server" ? "" : linkLacks();
  const link = `${location.href.split("#")[0]}#${hashText()}`;
  return html`<section>
      <h3>${t("share.html")}</h3>
      <p class="quiet">${t("share.htmlHint", { size: size(estimate) })}</p>
      <div class="row">
        <button type="button" class="button" data-action="export" onClick=${savePage}>${t("share.save")}</button>
        <button type="button" class="button is-quiet" onClick=${saveLesson}>${t("share.lesson")}</button>
        ${lesson.origin === "server" // its address holds the secret, and ends with the server
          ? null
          : lacks === "share.linkNone"
            ? null
            : html`<button type="button" class="button is-quiet" data-action="link" onClick=${() => copy(link)}>${t("share.link")}</button>`}
      </div>
      ${lacks ? html`<p class="note" data-lacks>${t(lacks, { n: session.log.length })}</p>` : null}
    </section>
    <section>
      <h3 id="code-title">${t("share.code")}</h3>
      ${code.startsWith("# ") // a sentence in the place of code that would be wrong
        ? html`<p data-code="none">${code.slice(2)}</p>`
        : html`${shown === code ? null : html`<p class="note" data-shortened>${t("share.shortened")}</p>`}
          <pre
            class="code"
            tabindex="0"
            role="region"
            aria-labelledby="code-title"
          ><code>${shown}</code></pre>
          <button type="button" class="button is-quiet" data-action="copy-code" onClick=${() => copy(code)}>${t("share.copy")}</button>`}
    </section>
    <p role="status">${said}</p>`;
}
