/** Preact and htm in one place. */
import { h } from "preact";
import htm from "htm";

export const html = /** @type {any} */ (htm).bind(h);
export { Fragment, render } from "preact";
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
