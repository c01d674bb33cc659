// A reviewer settles by keyboard: 1 to 4 choose a verdict and lead to the reason, Ctrl+Enter decides.
const typing = "input:not([type='radio']), select, textarea, [contenteditable]";

document.addEventListener("keydown", (event) => {
  const form = document.querySelector("[data-decide]");
  if (!form || event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(event.target)) {
    event.preventDefault();
    form.requestSubmit(form.querySelector("button.primary"));
    return;
  }
  if (event.ctrlKey || event.metaKey || event.target.matches(typing)) return;
  const choice = form.querySelector(`[data-digit="${CSS.escape(event.key)}"]`);
  if (!choice) return;
  event.preventDefault();
  choice.checked = true;
  form.querySelector("textarea[name='reason']").focus();
});
