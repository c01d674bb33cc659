// A judgement takes two keystrokes: a number, and Enter on the button that the number leads to.
const VERDICTS = ["accept", "edit", "reject", "unsure"];
const LEADS = "button, a, summary, [data-strip]";
const TYPED = "textarea, select, input:not([type=radio], [type=checkbox])";
const find = (selector) => document.querySelector(selector);

function choose(form, name, value) {
  const field = form.elements[name];
  if (!field) return;
  field.value = value;
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

function number(form, key, target) {
  const steps = target.closest?.("[data-steps-of]");
  if (steps && key <= "5") {
    choose(form, steps.querySelector("input").name, key);
  } else if (VERDICTS[key - 1]) {
    choose(form, "verdict", VERDICTS[key - 1]);
    form.querySelector("button.primary").focus({ preventScroll: true });
  }
}

function open(selector, field) {
  const fold = find(selector);
  if (!fold) return;
  fold.open = true;
  fold.querySelector(field)?.focus();
}

function toggle(form) {
  const box = form.elements.several_meanings;
  if (box) box.click();
}

function step(by) {
  const strips = [...document.querySelectorAll(".windows-of [data-strip]")];
  const here = strips.indexOf(document.activeElement);
  const next = here < 0 ? (by > 0 ? 0 : strips.length - 1) : here + by;
  strips[next]?.focus({ focusVisible: true });
  strips[next]?.scrollIntoView({ block: "nearest" });
}

const acts = {
  u: (form) => number(form, "4", form),
  s: () => open("[data-skip]", "input"),
  m: toggle,
  n: (form) => form.elements.note?.focus(),
  t: () => open("[data-test-box]", "textarea"),
  g: () => { const fold = find("[data-guidelines]"); fold.open = !fold.open; },
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Enter: (form) => form.requestSubmit(),
};

document.addEventListener("keydown", (event) => {
  const form = find("[data-judge]");
  const { key, target } = event;
  if (event.defaultPrevented || find("dialog[open]")) return;
  if (!form) {
    if (key === "Enter" && target === document.body) find("[data-judge-begin]")?.requestSubmit();
    return;
  }
  const sends = key === "Enter" && (event.ctrlKey || event.metaKey) && form.contains(target);
  if (sends) {
    event.preventDefault();
    form.requestSubmit();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.matches?.(TYPED)) {
    if (key === "Escape") target.blur();
    return;
  }
  if (key === "Enter" && target.matches?.(LEADS)) return;
  if (key.startsWith("Arrow") && target.matches?.("input")) return;
  if (/^[1-5]$/.test(key)) number(form, key, target);
  else if (acts[key]) acts[key](form);
  else return;
  event.preventDefault();
});
