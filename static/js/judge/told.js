// The line at the top that says what became of an answer; it may offer one thing to do.
export function tell(words, offer = null) {
  const line = document.querySelector("[data-judge-told]");
  if (!line) return;
  line.replaceChildren(words);
  if (offer) line.append(" ", offer);
  line.hidden = !words;
}

// What was told is over; what else is told stays.
export function untell(words) {
  const line = document.querySelector("[data-judge-told]");
  if (line?.textContent.trim() === words) tell("");
}

export function link(words, address) {
  const made = document.createElement("a");
  made.href = address;
  made.textContent = words;
  return made;
}

export function button(words, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", act);
  return made;
}

// Whoever signs in again comes back to their item, with what they wrote.
export function tellSignedOut() {
  const to = `/login?${new URLSearchParams({ next: location.pathname + location.search })}`;
  tell("You are signed out. What you wrote is kept here.", link("Sign in, and carry on", to));
}

export const NOT_CONNECTED = "Not connected. What you wrote is kept here, and is sent when the connection is back.";
