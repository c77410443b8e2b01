// The parts of the page that show a state: each takes data and returns elements.

import { brief, cut, ended, firstParagraph, h, sentence } from "./dom.js";
import { NOTICE, explain, offer, whomToAsk } from "./words.js";

// Your decision

/** One row a switch; `decide(index, on)` is called when the user decides. */
export function switches(state, decide) {
  if (!state.switches.length) return h("p", { class: "note" }, "There is nothing to decide.");
  return h(
    "ul",
    { class: "rows" },
    state.switches.map((each, index) => row(each, index, decide)),
  );
}

function row(each, index, decide) {
  const content = offer(each);
  return h(
    "li",
    { class: "switch-row" },
    h(
      "div",
      { class: "switch-text" },
      h("h3", { id: `switch-${index}-title` }, each.title),
      h("p", { id: `switch-${index}-why`, class: "note" }, explain(each)),
      each.asked_again.length > 0 &&
        h(
          "ul",
          { class: "changes" },
          each.asked_again.map((text) => h("li", {}, sentence(text))),
        ),
      each.reason && h("p", { class: "note" }, h("b", {}, "Reason: "), each.reason),
      each.why === "no switch" && !each.reason && h("p", { class: "note" }, "The operator states no reason."),
      each.legal_basis && h("p", { class: "note" }, h("b", {}, "Legal basis: "), each.legal_basis),
      content &&
        h(
          "button",
          { id: `switch-${index}-stay`, type: "button", class: "quiet", onclick: () => decide(index, each.on) },
          content,
        ),
    ),
    control(each, index, decide),
  );
}

function control(each, index, decide) {
  const word = h("span", { class: "switch-word", "aria-hidden": "true" }, each.on ? "On" : "Off");
  if (!each.can_switch)
    return h("div", { class: "switch-place fixed" }, h("span", { class: "pill" }, each.on ? "Always on" : "Off"));
  return h(
    "div",
    { class: "switch-place" },
    word,
    h("button", {
      id: `switch-${index}`,
      type: "button",
      role: "switch",
      class: "switch",
      "aria-checked": String(each.on),
      "aria-labelledby": `switch-${index}-title`,
      "aria-describedby": `switch-${index}-why`,
      onclick: () => decide(index, !each.on),
    }),
  );
}

// Who and why, and where it goes

/** What the operator states; what is not stated is said to be missing. */
export function notice(state) {
  const stated = NOTICE.filter(([key]) => state.notice[key]);
  const missing = NOTICE.filter(([key]) => !state.notice[key]).map(([, , words]) => words);
  const last = missing.pop();
  const names = missing.length ? `${missing.join(", ")} and ${last}` : last;
  return [
    stated.length > 0 &&
      h(
        "dl",
        { class: "facts" },
        stated.map(([key, label]) => h("div", {}, h("dt", {}, label), h("dd", {}, linked(state.notice[key])))),
      ),
    last &&
      h(
        "p",
        { class: "note" },
        stated.length
          ? `The operator has not stated: ${names}.`
          : "The operator of this server has stated nothing about it. Ask them.",
      ),
  ];
}

function linked(text) {
  if (/^[^\s@<>"]+@[^\s@<>"]+\.[a-z]+$/i.test(text)) return h("a", { href: `mailto:${text}` }, text);
  if (/^https:\/\/[^\s<>"]+$/i.test(text))
    return h("a", { href: text, rel: "noreferrer noopener", target: "_blank" }, text);
  return text;
}

export function destinations(state) {
  if (!state.destinations.length) return h("p", { class: "note" }, "Nowhere.");
  return h(
    "ul",
    { class: "rows tight" },
    state.destinations.map((each) =>
      h(
        "li",
        {},
        h("p", {}, sentence(each.where)),
        h("p", { class: "note" }, each.erasable ? "Can be erased here." : "Cannot be erased from here."),
        each.limits && h("p", { class: "note" }, sentence(each.limits)),
      ),
    ),
  );
}

/** Downloads and the way to erase; `erase` is called when the user asks for it. */
export function data(state, erase) {
  if (!state.journal)
    return h(
      "p",
      { class: "note" },
      "No journal is kept on this machine: there is nothing here to download or to erase.",
    );
  return [
    h("p", { class: "note" }, "All that the journal on this machine holds, from all your servers here."),
    h(
      "div",
      { class: "actions" },
      h("a", { class: "button", href: "telemetry/api/export?format=jsonl", download: true }, "Download everything"),
      h(
        "a",
        { class: "button", href: "telemetry/api/export?format=csv", download: true },
        "Download as a table (CSV)",
      ),
      h("button", { id: "erase-open", type: "button", class: "button danger-text", onclick: erase }, "Erase…"),
    ),
    state.destinations.map((each, index) => !each.erasable && notInIt(each, index, state)),
  ].flat();
}

/** Say of a destination outside the journal that the download lacks what it has, what that is, and whom to ask. */
function notInIt(each, index, state) {
  const [where, ask] = [`what ${each.where} has received`, `Ask ${ended(whomToAsk(state))}`];
  return h(
    "details",
    { class: "elsewhere", id: `elsewhere-${index}` },
    h("summary", { class: "note" }, `Not in the download: ${where}. ${ask}`),
    h(
      "p",
      { class: "note" },
      each.sent.length
        ? "By the configuration as it is now, this is sent there:"
        : "By the configuration as it is now, nothing is sent there.",
    ),
    each.sent.length > 0 && h("ul", { class: "note" }, each.sent.map((told) => h("li", {}, received(told, state)))),
  );
}

/** Write which fields of a group are sent in which form: "Files: kept as it is: What was done; left empty: Which file". */
function received(told, state) {
  const group = state.collected.find((each) => each.schema === told.schema && each.version === told.version);
  const titleOf = (path) => group?.fields.find((field) => field.path === path)?.title || named(path);
  const forms = told.forms.map(({ form, paths }) => `${form}: ${[...new Set(paths.map(titleOf))].join(", ")}`);
  return [h("b", {}, told.title), `${told.recorded ? "" : " (not recorded now)"}: ${forms.join("; ")}`];
}

// What is recorded

export function collected(state) {
  if (!state.collected.length) return h("p", { class: "note" }, "Nothing.");
  return h("div", { class: "groups" }, state.collected.map(group));
}

function group(each) {
  const id = `group-${encodeURIComponent(each.schema)}-${each.version}`;
  const about = firstParagraph(each.description);
  return h(
    "details",
    { class: "group", id },
    h(
      "summary",
      {},
      h("h3", { class: "group-title" }, each.title),
      h("span", { class: each.recorded ? "pill on" : "pill" }, each.recorded ? "Recorded" : "Not recorded"),
      about && h("span", { class: "note group-about" }, cut(about, 200)),
    ),
    each.not_erasable && h("p", { class: "note boxed" }, h("b", {}, "May not be erased: "), each.not_erasable),
    h(
      "ul",
      { class: "fields" },
      each.fields.map((field) => fieldRow(field, each.example)),
    ),
    wholeExample(each, id),
    h("p", { class: "technical" }, "Technical name: ", h("code", {}, each.schema), `, version ${each.version}`),
  );
}

function fieldRow(field, example) {
  const isElse = field.path.endsWith("/*") && !field.kept;
  const [before, after] = [example?.before, example?.after].map((value) =>
    isElse ? undefined : find(value, field.path),
  );
  const description = firstParagraph(field.description);
  return h(
    "li",
    { class: field.kept ? "field" : "field gone" },
    h(
      "div",
      {},
      h("h4", {}, field.title || named(field.path)),
      description && h("p", { class: "note" }, cut(description, 240)),
    ),
    h(
      "div",
      {},
      h("p", { class: "form" }, sentence(field.form)),
      field.reason && h("p", { class: "note" }, sentence(field.reason)),
      before !== undefined && h("p", { class: "example" }, "For example ", shown(before), became(before, after)),
    ),
  );
}

function became(before, after) {
  if (JSON.stringify(before) === JSON.stringify(after)) return null;
  const arrow = [h("span", { "aria-hidden": "true" }, " → "), h("span", { class: "off" }, " becomes ")];
  return [...arrow, after === undefined ? h("i", {}, "gone") : shown(after)];
}

function wholeExample(each, id) {
  if (!each.example?.before) return null;
  const [before, after] = [each.example.before, each.example.after].map((value) => JSON.stringify(value, null, 2));
  const pane = (title, text) =>
    h(
      "div",
      {},
      h("p", { class: "note" }, title),
      h("pre", { tabindex: "0", role: "group", "aria-label": `${title}, ${each.title}` }, text),
    );
  return h(
    "details",
    { class: "whole", id: `${id}-example` },
    h("summary", {}, "A whole example, before and after"),
    h("div", { class: "panes" }, pane("What happened", before), pane("What is recorded", after)),
  );
}

/** Find the value at a path such as /files/STAR/path, STAR being *: the first element's. */
function find(value, path) {
  let found = value;
  for (const part of path.split("/").slice(1)) {
    if (found === null || typeof found !== "object") return undefined;
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    found =
      name === "*" && !Object.hasOwn(found, "*")
        ? Object.values(found)[0]
        : Object.hasOwn(found, name)
          ? found[name]
          : undefined;
  }
  return found;
}

function shown(value) {
  if (value === null) return h("i", {}, "empty");
  return h("code", {}, brief(value, 120));
}

/** Make a name of the last part of a path: "Source path" of /source_path. */
const named = (path) =>
  sentence(
    (
      path
        .split("/")
        .filter((part) => part !== "*")
        .pop() || "Value"
    ).replaceAll("_", " "),
  );
