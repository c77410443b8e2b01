// Elements, made of text alone: whatever a value holds, it is never read as HTML.

/** Make an element. A property that is a function listens to the event of its name without "on". */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Give a container other children; what was open stays open, and the focus stays where it was, by id. */
export function fill(container, ...children) {
  const focused = container.contains(document.activeElement) ? document.activeElement.id : "";
  const open = new Set([...container.querySelectorAll("details[open]")].map((each) => each.id));
  container.replaceChildren(...children.flat(2).filter(Boolean));
  for (const each of container.querySelectorAll("details")) each.open = open.has(each.id);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Find an element of the page by its id. */
export const at = (id) => document.getElementById(id);

/** Say something in a live region. */
export function say(id, text) {
  at(id).textContent = text;
}

/** Return the first paragraph of a longer text, on one line. */
export const firstParagraph = (text) =>
  (text || "")
    .trim()
    .split(/\n\s*\n/)[0]
    .replace(/\s+/g, " ");

/** Cut a text that is too long for its place. */
export const cut = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);

/** Write a value of an event shortly: of a pseudonym or a digest what tells it from others. */
export function brief(value, length) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const long = /^(pseudonym|sha256):(?:[0-9a-f]{8}:)?([0-9a-f]{8})[0-9a-f]{24,}$/.exec(text);
  return long ? `${long[1]} ${long[2]}…` : cut(text, length);
}

/** Begin a text with a capital. */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** End a text with a full stop. */
export const ended = (text) => (/[.!?]$/.test(text) ? text : `${text}.`);

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

/** Write the day of a time of RFC 3339; "" if it is none. */
export function day(time) {
  const moment = new Date(time);
  return time && !Number.isNaN(moment.getTime()) ? DAY.format(moment) : "";
}
