/** The connection to Python, where a server has sent the page. */
import { html } from "./html.js";
import { useApp } from "./store.js";
import { t } from "../messages.js";

export function Server() {
  const { server } = useApp();
  if (!server) return null;
  return html`<p class="check">${t(server.on ? "server.on" : "server.off")}</p>`;
}
