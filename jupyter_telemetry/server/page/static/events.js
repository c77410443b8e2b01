// The table of the last events: rows stay where they are while new ones come above them.

import { at, brief, fill, h, say, sentence } from "./dom.js";

const SHORT = 5; // as .short of page.css has it
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DATE_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export class Events {
  #rows = new Map();
  #body = h("tbody");
  #seen = false;
  #long = false;

  constructor() {
    at("more").addEventListener("click", () => this.#toggle());
  }

  /** Show these lines, the oldest first, each as it was written. */
  show(lines, state) {
    const rows = lines.map((line) => this.#row(line, state)).reverse();
    const fresh = rows.filter((row) => !row.isConnected).length;
    const keys = new Set(rows);
    for (const [key, row] of this.#rows) {
      if (keys.has(row)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    rows.forEach((row, place) => {
      if (this.#body.children[place] !== row) this.#body.insertBefore(row, this.#body.children[place] ?? null);
      row.classList.toggle("fresh", row.classList.contains("fresh") && this.#seen);
    });
    if (rows.length && !this.#body.isConnected) fill(at("events"), table(this.#body));
    if (!rows.length) fill(at("events"), h("p", { class: "empty" }, "Nothing has been recorded yet."));
    if (this.#seen && fresh) say("last-status", fresh === 1 ? "1 new event" : `${fresh} new events`);
    this.#seen = true;
    this.#count();
  }

  #row(line, state) {
    let event = {};
    try {
      event = JSON.parse(line);
    } catch {
      // A line that is no JSON is shown as it was written all the same.
    }
    const key = event.__id__ || line;
    const known = this.#rows.get(key);
    if (known) return known;
    const row = rowOf(line, event, state);
    this.#rows.set(key, row);
    return row;
  }

  #toggle() {
    this.#long = !this.#long;
    this.#count();
  }

  #count() {
    const count = this.#rows.size;
    this.#body.classList.toggle("short", !this.#long);
    at("more").hidden = count <= SHORT;
    at("more").setAttribute("aria-expanded", String(this.#long));
    at("more").textContent = this.#long ? "Show fewer" : `Show all ${count}`;
  }
}

function table(body) {
  const head = ["When", "What", "As written"].map((text) => h("th", { scope: "col" }, text));
  return h("table", { class: "events", "aria-labelledby": "last-title" }, h("thead", {}, h("tr", {}, head)), body);
}

function rowOf(line, event, state) {
  const known = state.collected.find((each) => each.schema === event.__schema__);
  const moment = new Date(event.__timestamp__);
  const timed = !Number.isNaN(moment.getTime());
  const today = timed && moment.toDateString() === new Date().toDateString();
  const title = known?.title || String(event.__schema__ || "An event");
  const raw = h(
    "pre",
    { tabindex: "0", role: "group", "aria-label": `${title}, as it was written`, hidden: true },
    line,
  );
  const word = h("span", {}, "Show");
  const button = h(
    "button",
    { type: "button", class: "quiet", "aria-expanded": "false" },
    word,
    h("span", { class: "off" }, ` the line: ${title}`),
  );
  button.addEventListener("click", () => {
    raw.hidden = !raw.hidden;
    button.setAttribute("aria-expanded", String(!raw.hidden));
    word.textContent = raw.hidden ? "Show" : "Hide";
  });
  return h(
    "tr",
    { class: "fresh" },
    h(
      "td",
      { class: "when" },
      timed &&
        h(
          "time",
          { datetime: event.__timestamp__, title: DATE_AND_TIME.format(moment) },
          (today ? TIME : DATE_AND_TIME).format(moment),
        ),
    ),
    h("td", { class: "happened" }, h("b", {}, title), h("p", { class: "note values" }, values(event, known)), raw),
    h("td", { class: "raw" }, button),
  );
}

function values(event, known) {
  const kept = Object.entries(event).filter(([name, value]) => !name.startsWith("__") && value !== null);
  if (!kept.length) return "Nothing but that it happened.";
  return kept.flatMap(([name, value], place) => {
    const field = known?.fields.find((each) => each.path === `/${name}`);
    const label = sentence(field?.title || name.replaceAll("_", " "));
    return [
      place > 0 && " · ",
      h("span", { class: "key" }, label),
      " ",
      h("span", { class: "value" }, brief(value, 90)),
    ];
  });
}
