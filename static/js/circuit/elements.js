// Elements with their text and properties, tables of numbers, and numbers as texts.
export function make(name, text = "", properties = {}) {
  const element = Object.assign(document.createElement(name), properties);
  if (text) element.append(text);
  return element;
}

// Rows begin with what they are about; the other columns are numbers, as texts.
export function makeTable(titles, rows) {
  const table = make("table", "", { className: "data" });
  const head = make("tr");
  titles.forEach((title, column) => head.append(make("th", title, { scope: "col", className: column ? "num" : "" })));
  const body = make("tbody");
  for (const [about, ...numbers] of rows) {
    const row = make("tr");
    row.append(make("th", about, { scope: "row" }), ...numbers.map((number) => make("td", number, { className: "num" })));
    body.append(row);
  }
  const header = make("thead");
  header.append(head);
  table.append(header, body);
  return table;
}

export const two = (number) => number.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "−");
export const count = (n, what) => `${n.toLocaleString("en")} ${what}${n === 1 ? "" : "s"}`;
