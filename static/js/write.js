// An example of a program is put into the form with one click; what was written there goes.
function show(root = document) {
  for (const button of root.querySelectorAll("[data-example]")) button.hidden = false;
}

// A form that was just put into a page, perhaps below the fold, is scrolled to, with the cursor in it.
// Once: each try swaps its answer beside the form, and must not move the page.
function bring() {
  const form = document.querySelector("[data-write]:not([data-brought])");
  if (!form) return;
  form.dataset.brought = "";
  form.closest(".write").scrollIntoView({ block: "start" });
  form.elements.program.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-example]");
  const field = button?.closest(".write")?.querySelector("textarea[name=program]");
  if (!field) return;
  field.value = button.closest("li").querySelector("code").textContent;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
document.addEventListener("htmx:after:swap", () => {
  show();
  bring();
});
show();
for (const form of document.querySelectorAll("[data-write]")) form.dataset.brought = "";
