// What somebody is writing is kept in this browser at once, and on the server soon after.
import { seconds } from "./clock.js";
import { NOT_CONNECTED, link, tell, tellSignedOut, untell } from "./told.js";

const SOON = 700;
const AGAIN = 3000;
const nameOf = (form) => `patchclamp:judge:${form.dataset.assignment}`;
const numberOf = (text) => (text ? Number(text) : null);
let timer = null;

export function read(form) {
  const fields = new FormData(form);
  return {
    verdict: fields.get("verdict"),
    specificity: numberOf(fields.get("specificity")),
    sensitivity: numberOf(fields.get("sensitivity")),
    several_meanings: fields.get("several_meanings") === "1",
    tags: (fields.get("tags") ?? "").split(",").map((tag) => tag.trim()).filter(Boolean),
    note: fields.get("note") ?? "",
    seconds: seconds(),
  };
}

function fill(form, draft) {
  const { elements } = form;
  elements.seconds.value = draft.seconds ?? "";
  if (draft.verdict) elements.verdict.value = draft.verdict;
  for (const name of ["specificity", "sensitivity"]) {
    if (elements[name]) elements[name].value = String(draft[name] ?? "");
  }
  if (elements.several_meanings) elements.several_meanings.checked = draft.several_meanings;
  if (elements.tags) elements.tags.value = draft.tags.join(", ");
  if (elements.note) elements.note.value = draft.note;
}

function stored(form) {
  try {
    return JSON.parse(localStorage.getItem(nameOf(form)));
  } catch {
    return null;
  }
}

function store(form, draft) {
  try {
    localStorage.setItem(nameOf(form), JSON.stringify(draft));
  } catch {
    // full or forbidden: the server has it
  }
}

// True where it had been sent, and nobody answered. Of two drafts the one that took longer is newer.
export function restore(form) {
  const own = stored(form);
  if (!own) return false;
  if (own.seconds >= Number(form.elements.seconds.value || 0)) fill(form, own);
  say("restored");
  return Boolean(own.sent);
}

export function keep(form, sent = false) {
  store(form, { ...read(form), sent });
  clearTimeout(timer);
  if (!sent) timer = setTimeout(() => put(form), SOON);
}

export function forget(form) {
  clearTimeout(timer);
  localStorage.removeItem(nameOf(form));
}

function say(words) {
  const place = document.querySelector("[data-judge-kept]");
  if (place) place.textContent = words;
}

async function put(form) {
  if (!form.isConnected) return;
  let answer;
  try {
    answer = await fetch(form.dataset.draft, { method: "PUT", headers: { "content-type": "application/json" }, body: JSON.stringify(read(form)) });
  } catch {
    tell(NOT_CONNECTED);
    timer = setTimeout(() => put(form), AGAIN);
    return;
  }
  if (answer.status === 401) tellSignedOut();
  if (!answer.ok) return;
  const kept = await answer.json();
  if (!form.isConnected) return;
  say("draft kept");
  const shown = Number(form.elements.guideline_version.value);
  if (kept.guideline_version > shown) tell(`Version ${kept.guideline_version} of the guidelines is new.`, link("Read it; your draft stays", location.pathname));
  else untell(NOT_CONNECTED);
}
