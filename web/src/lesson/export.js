/** This page as one file, with a lesson in it. */
import { lessonText } from "./codec.js";

const escaped = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** The page's own style and script: inlined, or beside it on the server that sent it. */
async function ownParts() {
  const inline = (selector) =>
    [...document.querySelectorAll(selector)].map((element) => element.textContent).join("\n");
  const fetched = async (address) => (address ? (await fetch(address)).text() : "");
  const css =
    inline("style") || (await fetched(document.querySelector('link[rel="stylesheet"]')?.getAttribute("href")));
  const js =
    inline("script:not([src]):not([type])") ||
    (await fetched(document.querySelector("script[src]")?.getAttribute("src")));
  return { css, js };
}

async function hashOf(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

/** What the page may do: run its own script and style, load nothing, speak to nobody. */
async function policy({ css, js }) {
  const allowed = globalThis.crypto?.subtle
    ? await Promise.all([hashOf(js), hashOf(css)])
    : ["'unsafe-inline'", "'unsafe-inline'"];
  return `default-src 'none'; script-src ${allowed[0]}; style-src ${allowed[1]}; img-src data:; worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'`;
}

/** @returns {Promise<string>} HTML */
export async function pageText(lesson) {
  const parts = await ownParts();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(await policy(parts))}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(lesson.title)}</title>
<style>${parts.css}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="deepstep-lesson">${lessonText(lesson)}</script>
<script>${parts.js}</script>
</body>
</html>
`;
}

/** The lesson as it is now: it opens at this place, trained this far. */
export function lessonNow(session, place) {
  const { lesson } = session;
  const resume = session.isRecorded || !(session.latest.t || session.log.length) ? undefined : session.standing();
  return { ...lesson, resume, place };
}
