// An answer is sent until it arrives: kept while there is no connection, and told where it is refused.
import { forget, keep } from "./drafts.js";
import { NOT_CONNECTED, button, tell, tellSignedOut } from "./told.js";

const AGAIN = 3000;
const BUSY = [429, 502, 503, 504];
let sending = false;
let waiting = null; // what is to be sent when the connection is back

async function refuse(answer, show) {
  if (answer.status === 401) {
    tellSignedOut();
    return;
  }
  const said = new DOMParser().parseFromString(await answer.text(), "text/html");
  const words = [...said.querySelectorAll("p")].slice(0, 3).map((line) => line.textContent.trim()).join(" ");
  const address = document.querySelector("[data-judging]").dataset.address;
  const goesOn = answer.status === 409 || answer.status === 404;
  const offer = goesOn ? button("Go on to the next", () => post(address, new URLSearchParams(), null, show)) : null;
  tell(words || `The server answered ${answer.status}.`, offer);
}

function wait(words, retry) {
  tell(words);
  clearTimeout(waiting?.timer);
  waiting = { retry, timer: setTimeout(retry, AGAIN) };
}

// `answered`: the form that the next item takes the place of; `show` puts it there.
export async function post(address, body, answered, show) {
  if (sending) return;
  sending = true;
  clearTimeout(waiting?.timer);
  waiting = null;
  const headers = { accept: "text/html", "hx-request": "true", "hx-target": "section#judging", "hx-current-url": location.href };
  const retry = () => post(address, body, answered, show);
  try {
    const answer = await fetch(address, { method: "POST", body, headers });
    if (BUSY.includes(answer.status)) wait("The server is busy. What you wrote is kept here, and is sent again.", retry);
    else if (answer.ok) {
      const html = await answer.text();
      if (answered) forget(answered);
      show(html);
    } else {
      if (answered && answer.status !== 401) keep(answered);
      await refuse(answer, show);
    }
  } catch {
    wait(NOT_CONNECTED, retry);
  } finally {
    sending = false;
  }
}

addEventListener("online", () => waiting?.retry());
