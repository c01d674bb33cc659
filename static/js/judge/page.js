// The queue: an answer is sent, and the next item comes in its place; nothing that was written is lost.
import { seconds, start } from "./clock.js";
import { forget, keep, restore } from "./drafts.js";
import "./keys.js";
import { NOT_CONNECTED, button, tell, tellSignedOut } from "./told.js";

const AGAIN = 3000;
const BUSY = [429, 502, 503, 504];
const formOf = () => document.querySelector("[data-judge]");
let sending = false;
let waiting = null; // what is to be sent when the connection is back

function show(html) {
  const made = new DOMParser().parseFromString(html, "text/html").querySelector("#judging");
  const place = document.querySelector("#judging");
  if (!made || !place) {
    location.reload();
    return;
  }
  place.replaceWith(document.adoptNode(made));
  htmx.process(made);
  scrollTo({ top: 0 });
  made.querySelector("h1")?.focus({ preventScroll: true });
  begin();
}

async function refuse(answer) {
  if (answer.status === 401) {
    tellSignedOut();
    return;
  }
  const said = new DOMParser().parseFromString(await answer.text(), "text/html");
  const words = [...said.querySelectorAll("p")].slice(0, 3).map((line) => line.textContent.trim()).join(" ");
  const address = document.querySelector("[data-judging]").dataset.address;
  const goOn = answer.status === 409 || answer.status === 404;
  tell(words || `The server answered ${answer.status}.`, goOn ? button("Go on to the next", () => post(address, new URLSearchParams(), null)) : null);
}

function wait(words, retry) {
  tell(words);
  clearTimeout(waiting?.timer);
  waiting = { retry, timer: setTimeout(retry, AGAIN) };
}

async function post(address, body, answered) {
  if (sending) return;
  sending = true;
  clearTimeout(waiting?.timer);
  waiting = null;
  const headers = { "hx-request": "true", "hx-target": "section#judging", "hx-current-url": location.href };
  const retry = () => post(address, body, answered);
  try {
    const answer = await fetch(address, { method: "POST", body, headers });
    if (BUSY.includes(answer.status)) wait("The server is busy. What you wrote is kept here, and is sent again.", retry);
    else if (!answer.ok) await refuse(answer);
    else {
      const html = await answer.text();
      if (answered) forget(answered);
      show(html);
    }
  } catch {
    wait(NOT_CONNECTED, retry);
  } finally {
    sending = false;
  }
}

function send(form) {
  form.elements.seconds.value = seconds();
  keep(form, true);
  post(form.action, new URLSearchParams(new FormData(form)), form);
}

function begin() {
  const form = formOf();
  if (!form) return;
  const wasSent = restore(form);
  start(Number(form.elements.seconds.value || 0));
  if (wasSent) send(form);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-judge]")) send(form);
  else if (form.matches("[data-judge-skip]")) post(form.action, new URLSearchParams(new FormData(form)), formOf());
  else return;
  event.preventDefault();
});
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("[data-judge]");
    if (form) keep(form);
  });
}
addEventListener("online", () => waiting?.retry());
begin();
