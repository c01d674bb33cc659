// How long an item was before its reader's eyes: from when it was first shown, without hidden time.
let spent = 0;
let since = null;

const pass = () => {
  if (since !== null) spent += performance.now() - since;
  since = document.hidden ? null : performance.now();
};

export function start(seconds) {
  spent = 1000 * seconds;
  since = document.hidden ? null : performance.now();
}

export function seconds() {
  pass();
  return Math.round(spent / 100) / 10;
}

document.addEventListener("visibilitychange", pass);
