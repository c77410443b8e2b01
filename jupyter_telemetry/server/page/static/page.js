// The page: it asks the server for the state, shows it, and brings the user's decisions back.

import { at, ended, fill, say } from "./dom.js";
import { Events } from "./events.js";
import { collected, data, destinations, notice, switches } from "./parts.js";
import { erased, headline, isAwaited, thanks } from "./words.js";

const API = new URL("telemetry/api/", document.baseURI);
const XSRF = document.querySelector("meta[name=xsrf-token]").content;
const INTERVAL_MS = 3000;
const UNREACHABLE = "The server cannot be reached at the moment. This page shows what was last known.";

const events = new Events();
let state = null;
let mark = "";
let paused = false;

// The server

class Problem extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function ask(path, body) {
  const options = { cache: "no-store", credentials: "same-origin" };
  if (body !== undefined) {
    options.method = "POST";
    options.headers = { "Content-Type": "application/json", "X-XSRFToken": XSRF };
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(new URL(path, API), options);
  } catch {
    throw new Problem(UNREACHABLE, 0);
  }
  const found = await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  if (answer.status === 403)
    throw new Problem(`${found.message || "This is not allowed."} Reloading the page may help.`, 403);
  throw new Problem(found.message || `The server answered with an error (${answer.status}).`, answer.status);
}

async function load() {
  show(await ask("state"));
}

// What is shown

function show(found) {
  state = found;
  mark = found.events.mark;
  const [title, lead] = headline(state);
  say("headline", title);
  say("lead", lead);
  say("unusable", state.unusable && `What is wrong, for who runs this server: ${ended(state.unusable)}`);
  at("unusable").hidden = !state.unusable;
  at("standing").textContent = state.recording ? "Recording" : "Not recording";
  at("standing").classList.toggle("on", state.recording);
  at("decide").classList.toggle("awaiting", isAwaited(state));
  fill(at("switches"), switches(state, decide));
  fill(at("who"), notice(state));
  fill(at("where"), destinations(state));
  fill(at("data"), data(state, openErase));
  fill(at("collected"), collected(state));
  say("policy", state.policy.replace(/^(sha256:.{12}).+$/, "$1…"));
  at("policy").title = state.policy;
  say(
    "last-note",
    state.journal
      ? "Live, from the journal on this machine."
      : "Live, since this page was first opened: no journal is kept here.",
  );
  events.show(found.events.lines, state);
  for (const id of ["decide", "what", "who-card", "where-card"]) at(id).hidden = !state.collected.length;
  at("last").hidden = !state.collected.length && !found.events.lines.length;
  at("about").hidden = !state.collected.length && !state.journal;
  at("columns").classList.toggle("bare", at("last").hidden);
  at("columns").hidden = at("footer").hidden = false;
  say("problem", "");
}

// Live

async function look() {
  if (paused || document.visibilityState !== "visible") return;
  try {
    const found = await ask(`events?after=${encodeURIComponent(mark)}`);
    say("problem", "");
    if (!state || found.standing !== state.standing) return await load();
    mark = found.mark;
    if (found.lines) events.show(found.lines, state);
  } catch (problem) {
    say("problem", problem.message);
  }
}

async function watch() {
  await look();
  setTimeout(watch, INTERVAL_MS);
}

at("pause").addEventListener("click", () => {
  paused = !paused;
  at("pause").setAttribute("aria-pressed", String(paused));
  if (!paused) look();
});

// Decisions

async function decide(index, on) {
  const { subject, title } = state.switches[index];
  const control = at(`switch-${index}`);
  if (control.getAttribute("aria-busy")) return;
  control.setAttribute("aria-busy", "true");
  try {
    show(await ask("consent", { choices: { [subject]: on }, policy: state.policy }));
    say("decide-status", thanks(title, on));
  } catch (problem) {
    if (problem.status === 409) await load().catch(() => {});
    say("decide-status", problem.message);
  }
  at(`switch-${index}`)?.removeAttribute("aria-busy");
  at(`switch-${index}`)?.focus({ preventScroll: true });
}

// Erasure

const dialog = at("erase");

function openErase() {
  const stay = state.collected
    .filter((each) => each.not_erasable)
    .map((each) => `“${each.title}” has to stay: ${ended(each.not_erasable)}`);
  const elsewhere = state.destinations.filter((each) => !each.erasable).map((each) => each.where);
  const texts = [
    "All events that the journal on this machine holds are removed. This cannot be undone.",
    "What happens from now on is not affected: that is what the switches are for.",
    ...stay,
    elsewhere.length > 0 && `It does not reach what already went elsewhere: ${elsewhere.join(", ")}.`,
  ];
  fill(at("erase-text"), texts.filter(Boolean).map(paragraph));
  say("erase-status", "");
  dialog.showModal();
  at("erase-no").focus();
}

function paragraph(text) {
  const made = document.createElement("p");
  made.textContent = text;
  return made;
}

at("erase-no").addEventListener("click", () => dialog.close());

// Not the browser's own way: the button may be another one than that which opened the dialog.
dialog.addEventListener("close", () => at("erase-open")?.focus());

at("erase-yes").addEventListener("click", async () => {
  if (dialog.getAttribute("aria-busy")) return;
  dialog.setAttribute("aria-busy", "true");
  say("erase-status", "Erasing. This may take some seconds…");
  try {
    const result = await ask("erase", { confirm: true });
    await load();
    dialog.close();
    say(
      "data-status",
      erased(result, (schema) => state.collected.find((each) => each.schema === schema)?.title || schema),
    );
  } catch (problem) {
    say("erase-status", problem.message);
  }
  dialog.removeAttribute("aria-busy");
});

// Start

// A token in the address would stay in the history, and on screen.
if (new URLSearchParams(location.search).has("token")) history.replaceState(null, "", location.pathname);

load()
  .catch((problem) => say("problem", problem.message))
  .finally(() => setTimeout(watch, INTERVAL_MS));
document.addEventListener("visibilitychange", look);
