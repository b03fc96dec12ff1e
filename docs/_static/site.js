// What is wider than a narrow screen scrolls in a container that the keyboard reaches.
for (const table of document.querySelectorAll("article table")) {
  if (table.closest(".scroll")) continue;
  const box = document.createElement("div");
  box.className = "scroll";
  table.replaceWith(box);
  box.append(table);
}
// A line does not begin with the comma or full stop behind a formula.
for (const formula of document.querySelectorAll("article p math, article li math, article td math")) {
  const after = formula.nextSibling, sign = after?.nodeType === Node.TEXT_NODE && /^[,.;:?!)]+/.exec(after.data);
  if (!sign) continue;
  const line = document.createElement("span");
  line.className = "together";
  formula.replaceWith(line);
  after.data = after.data.slice(sign[0].length);
  line.append(formula, sign[0]);
}
const boxes = [...document.querySelectorAll("article .scroll, article .math-block, article pre")];
const reach = () => boxes.forEach((box) => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
});
reach();
document.fonts.ready.then(reach);
addEventListener("resize", reach);
