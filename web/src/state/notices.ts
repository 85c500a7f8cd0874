/** What the page has to say: problems stay until they are over or put away, good news leaves by itself. */

import { signal } from "@preact/signals";
import { Refused, Unreachable } from "../api";
import { knobs } from "./about";

/** What a problem is about: it goes when that is over. */
export type Topic = "order" | "files" | "connection" | "deed";

export interface Notice {
  id: number;
  kind: "problem" | "news";
  topic: Topic | null;
  text: string;
  hint: string;
}

export const notices = signal<Notice[]>([]);
/** Read aloud by screen readers, shown nowhere. */
export const spoken = signal("");
const NEWS_STAYS = 5000;
let last = 0;

export function say(text: string): void {
  const id = add("news", null, text, "");
  setTimeout(() => dismiss(id), NEWS_STAYS);
}

/** Say what was wrong; the same once more is said anew, so that it is noticed. */
export function complain(problem: string, hint = "", topic: Topic = "deed"): void {
  add("problem", topic, sentence(inOurWords(problem)), inOurWords(hint));
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}

/** These problems are over. */
export function forget(...topics: Topic[]): void {
  if (notices.value.some((one) => one.topic && topics.includes(one.topic))) {
    notices.value = notices.value.filter((one) => !one.topic || !topics.includes(one.topic));
  }
}

/** Do something that may be refused; what was wrong is said in one line, and nothing else is lost. */
export async function attempt<Result>(what: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await what();
  } catch (error) {
    explain(error);
    return undefined;
  }
}

export function explain(error: unknown, file = ""): void {
  const topic = file ? "files" : "deed";
  if (error instanceof Refused) complain(naming(file, error.problem), error.hint, topic);
  else if (error instanceof Unreachable) complain(naming(file, "the studio is not answering"), "Nothing is lost: try once more when it is back.", "connection");
  else throw error;
}

const naming = (file: string, problem: string): string => (problem.includes(file) ? problem : `${file}: ${problem}`);

/** The server names settings as the command does, `--style-blend`; the page calls them by their labels. */
export const inOurWords = (text: string): string =>
  text.replace(/--([a-z][a-z0-9-]*)/g, (option, name: string) => knobs.value.find((knob) => knob.name === name.replaceAll("-", "_"))?.label ?? option);

/** A capital at the start, but not where that would change a file's name. */
export function sentence(problem: string): string {
  const first = problem.split(" ", 1)[0]!;
  return /^[a-z]+,?$/.test(first) ? first.charAt(0).toUpperCase() + problem.slice(1) : problem;
}

function add(kind: Notice["kind"], topic: Topic | null, text: string, hint: string): number {
  // The latest news is enough; problems wait for their reader.
  const others = notices.value.filter((one) => one.kind === "problem" && one.text !== text).slice(-2);
  notices.value = [...others, { id: ++last, kind, topic, text, hint }];
  return last;
}
