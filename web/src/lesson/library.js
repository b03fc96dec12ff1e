/** The library's sources and formulas, as the Python that wrote this page put them into the lesson it carries. */

export const library = { sources: {}, formulas: {} };

/** Take them from the lesson that came with the page: lessons that are made in it show the same. */
export function knowLibrary({ sources, formulas }) {
  Object.assign(library, { sources, formulas });
}
