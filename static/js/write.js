// An example of a program is put into the form with one click; what was written there goes.
function show(root = document) {
  for (const button of root.querySelectorAll("[data-example]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-example]");
  const field = button?.closest(".write")?.querySelector("textarea[name=program]");
  if (!field) return;
  field.value = button.closest("li").querySelector("code").textContent;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
document.addEventListener("htmx:after:swap", () => show());
show();
