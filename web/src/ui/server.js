/** The connection to Python, where a server has sent the page: its lesson, its events, commands to it. */
import { html } from "./html.js";
import { Session } from "../engine/session.js";
import { app, changed, set, useApp } from "./store.js";
import { openUpdate } from "./walk.js";
import { startCarried } from "./opening.js";
import { decodeLesson } from "../lesson/codec.js";
import { t } from "../messages.js";

const address = (path) => `./${path}${location.search}`;

/** Whether this page was sent by a server. */
export const isServed = () => document.getElementById("app").dataset.source === "server";

/** Take the lesson from the server, and listen to its training. */
export async function connect() {
  const answer = await fetch(address("lesson"));
  if (!answer.ok) throw new Error("server.refused");
  const lesson = await answer.json();
  startCarried(lesson);
  if (app.session.isRecorded) return;
  const events = new EventSource(address("events"));
  const send = (command) =>
    fetch(address("command"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(command),
    });
  const off = (why) => {
    events.close();
    set({ server: { on: false, why }, playing: false, ended: "" });
  };
  /** The page goes another way than the training in Python, which stops. */
  const leave = () => {
    send({ do: "stop" });
    off("server.left");
  };
  events.onmessage = ({ data }) => hear(JSON.parse(data), off);
  // what happens before the stream is open is told to nobody: until then the page takes no commands
  const opened = new Promise((done) => {
    events.onopen = done;
    events.onerror = () => done(off("server.off"));
  });
  set({ server: { on: true, send, leave } });
  if (lesson.now?.step) hear({ kind: "epoch", ...lesson.now }, off);
  await opened;
}

function hear(message, off) {
  let { session } = app;
  if (message.kind === "closed") return off("server.off");
  if (message.kind === "end") {
    if (app.unit !== "micro") set({ playing: false });
    if (message.why) set({ ended: message.why, playing: false });
    return;
  }
  const { parameters, slots } = decodeLesson({
    format: "deepstep-lesson",
    version: 1,
    parameters: message.parameters,
    slots: message.slots,
  });
  if (message.step < session.latest.t) {
    session = new Session(session.lesson); // it began again
    set({ session, ended: "" });
  }
  if (message.step) session.arrive(message.step, parameters, Number(message.cost), slots);
  openUpdate(message.step + 1, app.unit === "micro" ? 0 : app.micro);
  changed();
}

export function Server() {
  const { server } = useApp();
  if (!server) return null;
  return server.on
    ? html`<p class="check" data-server="on">${t("server.on")}</p>`
    : html`<p class="check server-off" role="status" data-server="off">${t(server.why)}</p>`;
}
