// What the page says of a state, in words.

import { day, ended } from "./dom.js";

/** Return the headline and the sentence below it. */
export function headline(state) {
  const whys = new Set(state.switches.map((each) => each.why));
  if (state.unusable) {
    return [
      "Nothing is recorded: the configuration cannot be used.",
      `Nothing is recorded until it is mended. ${state.journal ? "What was recorded before is still here. " : ""}` +
        `To have it mended, ask ${whomToAsk(state)}.`,
    ];
  }
  if (!state.collected.length) {
    return [
      "Nothing is recorded here.",
      "Nobody has set this server up to record anything. If that changes, it is said here.",
    ];
  }
  if (state.recording) {
    const all = state.collected.every((each) => each.recorded);
    const lead = all
      ? "This is all of it: in which form, why, and for whom."
      : "This is what, and what is not: in which form, why, and for whom.";
    return [
      "Some of what you do here is recorded.",
      isAwaited(state) ? "You have not decided about all of it yet. Either answer is fine." : lead,
    ];
  }
  if (isAwaited(state)) {
    return [
      "Nothing is recorded until you decide.",
      "Read what would be recorded, and turn it on or leave it off. Either is fine.",
    ];
  }
  if (whys.has("do not track")) {
    return ["Nothing is recorded.", "This environment asks not to be tracked, and that is respected."];
  }
  if (whys.has("refused")) {
    return ["Nothing is recorded.", "You said no. That holds until you say otherwise."];
  }
  return ["Nothing is recorded at the moment.", "This is what could be, and in which form."];
}

/** Say whom to ask about what is recorded. */
export const whomToAsk = (state) => state.notice.contact || "who runs this server";

/** Say whether the user is asked for a decision. */
export const isAwaited = (state) => state.switches.some((each) => offer(each) !== "");

/** Say why a switch stands as it does, and what that means. */
export function explain(each) {
  const since = day(each.decided_at) ? ` on ${day(each.decided_at)}` : "";
  switch (each.why) {
    case "granted":
      return `On: you agreed${since}. You can turn it off at any time.`;
    case "refused":
      return `Off: you said no${since}. Nothing of this is recorded.`;
    case "undecided":
      return each.on
        ? "You have not decided. It is on unless you turn it off."
        : "You have not decided. It stays off unless you turn it on.";
    case "asked again":
      return each.on
        ? "The rules have changed, so you are asked again. It is on unless you turn it off."
        : "The rules have changed since you agreed, so it is off until you agree again.";
    case "do not track":
      return "Off: this environment says DO_NOT_TRACK. While it does, nothing of this is recorded.";
    case "unreadable":
      return "Off: your earlier decision cannot be read. Decide again to replace it.";
    default:
      return each.on ? "There is no switch for this." : "Off: there is nothing to switch.";
  }
}

/** Return what to offer beside the switch to those who are content as it stands; "" if they have said so. */
export function offer(each) {
  if (!each.can_switch || !["undecided", "asked again", "unreadable"].includes(each.why)) return "";
  return each.on ? "Leave it on" : "Leave it off";
}

/** Say how a decision was taken. */
export function thanks(title, on) {
  return on ? `Saved. “${title}” is on.` : `Saved. “${title}” is off: nothing of it is recorded from now on.`;
}

export const NOTICE = [
  ["controller", "Responsible", "who is responsible"],
  ["purpose", "Why", "why"],
  ["legal_basis", "Legal basis", "on which legal basis"],
  ["recipients", "Who receives it", "who receives it"],
  ["retention", "Kept for", "for how long it is kept"],
  ["contact", "Questions to", "whom to ask"],
];

/** Say what an erasure has done. */
export function erased(result, titleOf) {
  const sum = (counts) => Object.values(counts).reduce((one, other) => one + other, 0);
  const count = (number) => (number === 1 ? "1 event" : `${number.toLocaleString()} events`);
  const kept = Object.entries(result.kept).map(
    ([schema, number]) =>
      `${count(number)} of “${titleOf(schema)}” had to stay: ${ended(result.grounds[schema] || "no ground is stated")}`,
  );
  const left = result.left.map((each) => `${count(each.events)} could not be erased: ${ended(each.reason)}`);
  if (result.damaged) left.push(`Lines that are damaged and cannot be read as events were left: ${result.damaged}.`);
  return [left.length ? "" : "Done.", `${count(sum(result.erased))} erased.`, ...kept, ...left].join(" ").trim();
}
