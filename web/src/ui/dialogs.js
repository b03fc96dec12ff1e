/** Dialogs: help, search, share, gradient check. */
import { html, useLayoutEffect, useRef } from "./html.js";
import { set, useApp } from "./store.js";
import { Share } from "./share.js";
import { GradientCheck } from "./gradient-check.js";
import { Find } from "./find.js";
import { t } from "../messages.js";

const KEYS = [
  ["Space", "help.space"],
  ["←  →", "help.micro"],
  ["Shift ←  →", "help.layer"],
  ["[  ]", "help.update"],
  ["/", "help.find"],
  ["?", "help.help"],
];

function Help() {
  const { singleKeys } = useApp();
  return html`<dl class="keys">${KEYS.map(([keys, key]) => html`<dt><kbd>${keys}</kbd></dt><dd>${t(key)}</dd>`)}</dl>
    <p class="quiet">${t("help.grid")}</p>
    <p class="quiet">${t("help.count")}</p>
    <label class="choice"><input
      type="checkbox"
      checked=${singleKeys}
      onChange=${(event) => set({ singleKeys: event.target.checked })}
    /> ${t("help.single")}</label>`;
}

const DIALOGS = {
  help: { title: "help.title", Body: Help },
  find: { title: "find.title", Body: Find },
  share: { title: "share.title", Body: Share },
  check: { title: "check.title", Body: GradientCheck },
};

export function Dialogs() {
  const { dialog } = useApp();
  const element = useRef(null);
  useLayoutEffect(() => {
    if (dialog && !element.current.open) element.current.showModal();
    if (!dialog && element.current.open) element.current.close();
  }, [dialog]);
  const { title, Body } = DIALOGS[dialog] ?? {};
  const onBackdrop = (event) => event.target === element.current && element.current.close();
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onClose=${() => set({ dialog: null })} onClick=${onBackdrop}>
    ${
      Body
        ? html`<div class="dialog-body">
          <div class="dialog-head">
            <h2 id="dialog-title">${t(title)}</h2>
            <button
              type="button"
              class="button is-quiet is-round"
              aria-label=${t("app.close")}
              onClick=${() => element.current.close()}
            >✕</button>
          </div>
          <${Body} />
        </div>`
        : null
    }
  </dialog>`;
}
