/** The bug museum of a lesson: the step of a right program, beside what a mistake makes of it. */
import { highest } from "../engine/curve.js";
import { isCount, isList, need } from "./check.js";

export const PLAIN = "plain";

/** The exhibits by group, both in their order. */
export function groupsOf({ exhibits }) {
  const groups = new Map();
  for (const exhibit of exhibits) groups.set(exhibit.group, [...(groups.get(exhibit.group) ?? []), exhibit]);
  return [...groups];
}

export const exhibitOf = ({ exhibits }, id) => exhibits.find((exhibit) => exhibit.id === id) ?? null;

/** The right program of an exhibit; without one the plain program. */
export const baseOf = ({ bases }, exhibit) => bases[exhibit?.base ?? PLAIN];

/**
 * The quantities of the step in the order of computation, each the same as in the right program, the first that
 * differs, or another that differs.
 *
 * @returns {{id: string, phase: string, code: string, state: "same" | "first" | "differs"}[]}
 */
export function statesOf(museum, exhibit) {
  return baseOf(museum, exhibit).order.map((line) => {
    const wrong = exhibit && line.id in exhibit.quantities;
    return { ...line, state: !wrong ? "same" : line.id === exhibit.first ? "first" : "differs" };
  });
}

/** Whether two numbers differ by more than rounding; both may be not finite. */
const apart = (a, b) => !Object.is(a, b) && !(Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)));

/** A quantity of the right program and, where it differs, of the wrong one; the places that differ, if shapes fit. */
export function pairOf(museum, exhibit, id) {
  const right = baseOf(museum, exhibit).quantities[id];
  const wrong = exhibit?.quantities[id] ?? null;
  const shape = exhibit?.shapes?.[id] ?? "";
  const fits = !shape && wrong?.rows === right.rows && wrong.cols === right.cols;
  const differs = [...(wrong?.data ?? [])].map((value, i) => !fits || apart(value, right.data[i]));
  return { right, wrong, differs, shape, fits };
}

/** Points of the two curves, cut where the wrong one leaves the right one's surroundings. */
export function curvesOf(right, wrong) {
  const most = 2 * highest(right.data);
  const points = ({ data }) =>
    [...data].flatMap((J, i) => (Number.isFinite(J) ? [[i + 1, Math.max(-most, Math.min(most, J))]] : []));
  const cut = wrong ? wrong.data.some((J) => Math.abs(J) > most) : false;
  return { lines: [points(right), ...(wrong ? [points(wrong)] : [])], cut: cut ? most : null };
}

/** The first and the last finite cost, and the update from which on it is not finite, from 1; 0 for none. */
export function courseOf({ data }) {
  const broken = data.findIndex((J) => !Number.isFinite(J));
  const last = broken < 0 ? data.length - 1 : broken - 1;
  return { first: data[0], last: data[last], updates: last + 1, broken: broken + 1 };
}

const isTexts = (list) => isList(list) && list.every((text) => typeof text === "string");

/** Right lines and wrong ones that came from outside. */
export function checkPrograms({ bases, exhibits }, where) {
  const isProgram = ({ order }) => isList(order) && order.every(({ id, phase, code }) => isTexts([id, phase, code]));
  need(bases && Object.values(bases).every(isProgram), `${where}.bases`, "lines with id, phase and code", bases);
  const isMistake = ({ id, title, why, base, diff }) =>
    isTexts([id, title, why]) && bases[base] && isList(diff) && diff.every((lines) => isTexts(lines) && lines.length === 3);
  need(isList(exhibits) && exhibits.every(isMistake), `${where}.exhibits`, "mistakes with their lines", exhibits);
}

/** Names and sizes of a museum that came from outside. */
export function checkMuseum(museum) {
  const { bases, exhibits } = museum;
  const isStep = ({ order, quantities, costs }) =>
    isList(order) && order.every(({ id }) => quantities?.[id]?.data) && isCount(costs?.cols);
  need(bases?.[PLAIN] && Object.values(bases).every(isStep), "museum.bases", "steps with their quantities", bases);
  need(isList(exhibits) && exhibits.length, "museum.exhibits", "a list", exhibits);
  exhibits.forEach((exhibit, i) => {
    const { id, base, first, quantities = {}, check, costs, diff } = exhibit ?? {};
    const where = `museum.exhibits[${i}]`;
    const known = new Set(bases[base]?.order.map((line) => line.id));
    need(known.has(first), `${where}.first`, "the name of a quantity", first);
    const fits = Object.entries(quantities).every(([name, value]) => known.has(name) && value?.data);
    need(fits && quantities[first], `${where}.quantities`, "matrices by name", Object.keys(quantities));
    need(typeof id === "string" && isList(check) && isList(diff), where, "id, check and diff", id);
    need(isCount(costs?.cols), `${where}.costs`, "a row of numbers", costs);
  });
}
