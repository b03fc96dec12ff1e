// Questions of the course: checked on the page, answered ones are kept in this browser.
const KEY = "deepstep-course";
const stored = () => {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || {};
  } catch {
    return {}; // no storage in this browser, or another page's text
  }
};
const answered = stored();
const keep = (chapter, number) => {
  answered[chapter] = [...new Set([...(answered[chapter] || []), number])];
  try {
    localStorage.setItem(KEY, JSON.stringify(answered));
  } catch {
    return; // progress ends with the page
  }
};
const show = () => {
  for (const box of document.querySelectorAll(".course-progress")) {
    const total = Number(box.dataset.total);
    const right = Math.min(total, (answered[box.dataset.chapter] || []).length);
    box.querySelector("progress").value = right;
    box.lastElementChild.textContent = `${right} of ${total} questions`;
    box.hidden = false;
  }
};
const verdict = (form) => {
  const field = form.querySelector("input[type=text]");
  if (field) {
    const text = field.value.trim().replace("−", "-").replace(",", ".");
    if (!text || !Number.isFinite(Number(text))) return null;
    return Math.abs(Number(text) - Number(form.dataset.value)) <= Number(form.dataset.tolerance);
  }
  const chosen = form.querySelector("input:checked");
  return chosen && chosen.value === form.dataset.answer;
};
for (const form of document.querySelectorAll("form.question")) {
  const { chapter, number } = form.dataset;
  const [button, output, details] = ["button", "output", "details"].map((part) => form.querySelector(part));
  const before = (answered[chapter] || []).includes(number);
  button.hidden = false;
  details.hidden = !before;
  if (before) output.textContent = "Answered right before.";
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const right = verdict(form);
    if (right === null) {
      output.textContent = form.querySelector("input[type=text]") ? "Write a number first." : "Choose an answer first.";
      return;
    }
    form.dataset.verdict = right ? "right" : "wrong";
    output.textContent = right ? "Right." : "Not right. Try again, or read the reason.";
    details.hidden = false;
    if (right) {
      details.open = true;
      keep(chapter, number);
      show();
    }
  });
}
show();
