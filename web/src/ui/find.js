/** Find a quantity of the update by its name. */
import { html, useState } from "./html.js";
import { set } from "./store.js";
import { opened, showMaking } from "./walk.js";
import { Name } from "./symbol.js";
import { t } from "../messages.js";

const MOST = 12;

export function Find() {
  const [text, setText] = useState("");
  const asked = text.trim().toLowerCase().replaceAll("'", "′");
  const found = opened().steps.filter(({ id }) => id.toLowerCase().startsWith(asked));
  const go = (id) => {
    set({ dialog: null });
    showMaking({ name: id, row: 0, col: 0 });
  };
  const submit = (event) => {
    event.preventDefault();
    if (found.length) go(found[0].id);
  };
  return html`<form onSubmit=${submit}>
    <label class="field">${t("find.label")}
      <input
        type="text"
        id="find"
        autofocus
        autocomplete="off"
        spellcheck="false"
        value=${text}
        onInput=${(event) => setText(event.target.value)}
      />
    </label>
    <ul class="found" aria-live="polite">
      ${found.slice(0, MOST).map(({ id, phase }) => html`<li key=${id}><button
        type="button"
        class=${`ribbon-step phase-${phase}`}
        onClick=${() => go(id)}
      ><${Name} name=${id} /></button></li>`)}
    </ul>
    ${found.length ? null : html`<p class="quiet">${t("find.none")}</p>`}
  </form>`;
}
