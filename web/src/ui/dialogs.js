/** Dialogs: help, search, share, gradient check. */
import { html, useLayoutEffect, useRef } from "./html.js";
import { set, useApp } from "./store.js";
import { Help } from "./help.js";
import { Share } from "./share.js";
import { GradientCheck } from "./gradient-check.js";
import { Find } from "./find.js";
import { t } from "../messages.js";

const DIALOGS = {
  help: { title: "app.help", Body: Help },
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
  // "close" comes a moment after the dialog is closed; it may be open again
  const onClosed = () => element.current.open || set({ dialog: null });
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onCancel=${() => set({ dialog: null })} onClose=${onClosed} onClick=${onBackdrop}>
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
