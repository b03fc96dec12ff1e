/** What the reader changes: parameters, settings, the network's shape, the examples. */
import { Session } from "../engine/session.js";
import { makeLesson } from "../lesson/make.js";
import { app, set } from "./store.js";
import { begin, openUpdate, leaveServer, work } from "./walk.js";
import { startToy } from "./opening.js";
import { expanded, wholeOf } from "../data/examples.js";
import { tensor } from "../engine/tensor.js";

/** Another number for a parameter, from the present update on. */
export function editParameter(name, row, col, value) {
  if (!Number.isFinite(value)) return;
  leaveServer();
  app.session.edit(app.k - 1, name, row, col, value);
  set({ born: null, check: null });
  openUpdate(app.k);
}

/** Other settings of training, from the present update on. */
export function editTraining(changes) {
  if (Object.keys(changes).some((name) => name !== "learning_rate")) leaveServer();
  if (app.server?.on) app.server.send({ do: "set", learning_rate: changes.learning_rate });
  app.session.retrain(app.k - 1, changes);
  set({ born: null });
  openUpdate(app.k);
}

const FORMER = 10; // trainings that are kept for taking back

/** Begin another training, such that it can be taken back. */
export function anew(start) {
  const { session, k, check, unitOpen } = app;
  start();
  app.session.former = { session, k, check, unitOpen };
  let last = app.session;
  for (let i = 0; last.former && i < FORMER; i++) last = last.former.session;
  last.former = undefined;
}

/** The last edit taken back: the training is made again without it, or is the one before this. */
export function undo() {
  const { session, k } = app;
  const { former } = session;
  if (!session.log.length) {
    if (!former) return;
    set({ ...former, playing: false, born: null, firstUnit: {} });
    return openUpdate(former.k);
  }
  const log = session.log.slice(0, -1);
  const again = new Session({ ...session.lesson, resume: undefined });
  again.former = former;
  if (session.base) again.startFrom(session);
  work(again.replaying(log.filter(({ t }) => t >= (session.base?.t ?? 0))), () => {
    set({ session: again, born: null });
    openUpdate(Math.min(k, session.latest.t + 1));
  });
}

/** What the network and its training are now, as a choice for a new one. */
function choiceNow() {
  const { session } = app;
  const { layer_dims, activations, initialization } = session.network;
  const { features, share } = session.dataAt(app.k);
  return {
    ...(initialization && { initialization }),
    ...(features && { features }),
    ...(share && { test: share }),
    ...(session.lesson.toy?.noise && { noise: session.lesson.toy.noise }),
    hidden: layer_dims.slice(1, -1),
    activations: activations.slice(0, -1),
    training: { ...session.trainingAt(app.k), lr_multipliers: undefined, weight_decay_multipliers: undefined, optimizer_params: { ...session.trainingAt(app.k).optimizer_params } },
  };
}

/** Another network on the same data, with fresh weights. */
export function rebuild(changes = {}, seed = undefined) {
  const { lesson } = app.session;
  const choice = { ...choiceNow(), ...changes };
  if (seed !== undefined) choice.training.seed = seed;
  anew(() => {
    if (lesson.toy && ("noise" in changes || app.session.datas.length < 2))
      startToy({ data: lesson.toy.data, ...choice }, app.screen);
    else begin({ ...makeLesson(wholeOf(app.session.dataAt(app.k)), choice), title: lesson.title }, app.screen);
  });
}

/** One more example at these coordinates, from the present update on. */
export function addPoint(place, targets) {
  leaveServer();
  const { features } = app.session.dataAt(app.k);
  if (features) {
    const inputs = expanded(tensor(place.length, 1, place), features);
    app.session.add(app.k - 1, [...inputs.data], targets, place);
  } else {
    app.session.add(app.k - 1, place, targets);
  }
  set({ born: null, check: null });
  openUpdate(app.k);
}
