// What is wider than a narrow screen scrolls in a container that the keyboard reaches.
for (const table of document.querySelectorAll("article table")) {
  if (table.closest(".scroll")) continue;
  const box = document.createElement("div");
  box.className = "scroll";
  table.replaceWith(box);
  box.append(table);
}
const boxes = [...document.querySelectorAll("article .scroll, article .math-block, article pre")];
const reach = () => boxes.forEach((box) => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
});
reach();
document.fonts.ready.then(reach);
addEventListener("resize", reach);
