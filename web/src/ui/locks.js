/** What the scene that is open keeps from its reader. */
import { app } from "./store.js";
import { isLocked } from "../lesson/scenes.js";

/** Whether the scene that is open keeps a control from its reader. */
export const locked = (name) => !!app.scenes && isLocked(app.scenes.lesson, app.scenes.state, name);

/** Whether a reader may go to another screen. */
export const canShow = (screen) => screen === app.screen || !locked(screen === "home" ? "home" : "screens");

/** Whether a reader may go to the micro-step of another quantity. */
export const canMove = () => !locked("transport") && canShow("lab");

const OF_TRANSPORT = [" ", "[", "]", "ArrowLeft", "ArrowRight"];

export const keyLocked = (key) => locked(OF_TRANSPORT.includes(key) ? "transport" : key === "/" ? "find" : "");
