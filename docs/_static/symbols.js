// Chapters: a symbol in a formula lights up with its row in the tables, its places in the code, its matrix of numbers
// and its name in the drawings. Pointer: hover. Keyboard: Tab to a formula, arrow keys through its symbols, Escape ends.
const NAME = /^(d?)(A_prev|[XYWZAJwb])(?:\d|L|_row|_column)?$/;
const PREVIOUS = /^(?:prev|\[l[-−]1\])/;
const places = new Map();
const put = (key, element) => {
  element.dataset.symbol ??= key;
  if (!places.has(key)) places.set(key, []);
  places.get(key).push(element);
};
const keyOf = (name) => {
  const parts = NAME.exec(name.trim());
  return parts && parts[1] + parts[2];
};

// The element of a symbol with its scripts, such as that of A in A^[l-1].
const outermost = (letter) => {
  let element = letter;
  while (/^m(sub|sup|subsup)$/.test(element.parentElement.localName) && element.parentElement.firstElementChild === element) {
    element = element.parentElement;
  }
  return element;
};
const matrixAfter = (element) => {
  const [sign, value] = [element.nextElementSibling, element.nextElementSibling?.nextElementSibling];
  return sign?.textContent === "=" && value?.querySelector("mtable") ? value : null;
};
const readFormula = (math) => {
  const keys = [];
  for (const letter of math.querySelectorAll("mi")) {
    if (!/^[XYWZAJwb]$/.test(letter.textContent)) continue;
    const element = outermost(letter);
    const scripts = [...element.children].slice(1).map((script) => script.textContent).join("");
    const before = element.previousElementSibling;
    const derived = before?.localName === "mi" && before.textContent === "d";
    const base = letter.textContent === "A" && PREVIOUS.test(scripts) ? "A_prev" : letter.textContent;
    const key = (derived ? "d" : "") + base;
    if (derived) put(key, before);
    put(key, element);
    const matrix = matrixAfter(element);
    if (matrix) put(key, matrix);
    keys.push([key, element]);
  }
  return keys;
};

const readPage = (article) => {
  for (const math of article.querySelectorAll("math")) {
    const symbols = readFormula(math);
    const cell = math.closest("td");
    if (symbols.length && cell && cell === cell.parentElement.firstElementChild) {
      put(symbols[0][0], cell.parentElement); // what is left of the sign =
    }
    if (math.closest(".math-block")) roving(math, symbols.map(([, element]) => element));
  }
  for (const code of article.querySelectorAll("td:first-child code")) {
    const key = keyOf(code.textContent);
    if (key) put(key, code.closest("tr"));
  }
  for (const name of article.querySelectorAll(".highlight .n, .drawing text, li code, p code")) {
    const key = keyOf(name.textContent.split(" ")[0]);
    if (key) put(key, name);
  }
};

// One stop of the Tab key for a formula; the arrow keys move within it.
const roving = (math, symbols) => {
  symbols.forEach((symbol, index) => {
    symbol.setAttribute("tabindex", index ? -1 : 0);
    symbol.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !symbols[index + step]) return;
      event.preventDefault();
      symbol.setAttribute("tabindex", -1);
      symbols[index + step].setAttribute("tabindex", 0);
      symbols[index + step].focus();
    });
  });
};

const light = (key, status) => {
  for (const element of document.querySelectorAll(".lit")) element.classList.remove("lit");
  const lit = places.get(key) || [];
  for (const element of lit) element.classList.add("lit");
  const row = lit.find((element) => element.localName === "tr");
  status.textContent = row ? [...row.cells].map((cell) => cell.textContent.trim()).join(", ") : "";
};

const article = document.querySelector("article.bd-article");
if (article?.querySelector(".chapter-head")) {
  readPage(article);
  const status = document.createElement("p");
  status.className = "lit-status";
  status.setAttribute("role", "status");
  article.append(status);
  const keyAt = (target) => target.closest?.("[data-symbol]")?.dataset.symbol;
  article.addEventListener("pointerover", (event) => {
    if (event.target.closest("math, code, .highlight, td, .drawing")) light(keyAt(event.target), status);
  });
  article.addEventListener("pointerleave", () => light(undefined, status));
  article.addEventListener("focusin", (event) => light(keyAt(event.target), status));
  article.addEventListener("focusout", () => light(undefined, status));
  article.addEventListener("keydown", (event) => event.key === "Escape" && light(undefined, status));
}
