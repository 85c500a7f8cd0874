/** What the page has to say: problems stay until they are put away, good news leaves by itself. */

import { signal } from "@preact/signals";
import { Refused, Unreachable } from "../api";

export interface Notice {
  id: number;
  kind: "problem" | "news";
  text: string;
  hint: string;
}

export const notices = signal<Notice[]>([]);
/** Read aloud by screen readers, shown nowhere. */
export const spoken = signal("");
const NEWS_STAYS = 5000;
let last = 0;

export function say(text: string): void {
  const id = add("news", text, "");
  setTimeout(() => dismiss(id), NEWS_STAYS);
}

export function complain(problem: string, hint = ""): void {
  const text = sentence(problem);
  if (!notices.value.some((one) => one.text === text && one.hint === hint)) add("problem", text, hint);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
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
  if (error instanceof Refused) complain(naming(file, error.problem), error.hint);
  else if (error instanceof Unreachable) complain(naming(file, "the studio is not answering"), "Nothing is lost: try once more when it is back.");
  else throw error;
}

const naming = (file: string, problem: string): string => (problem.includes(file) ? problem : `${file}: ${problem}`);

/** A capital at the start, but not where that would change a file's name. */
export function sentence(problem: string): string {
  const first = problem.split(" ", 1)[0]!;
  return /^[a-z]+,?$/.test(first) ? first.charAt(0).toUpperCase() + problem.slice(1) : problem;
}

function add(kind: Notice["kind"], text: string, hint: string): number {
  // The latest news is enough; problems wait for their reader.
  const others = notices.value.filter((one) => one.kind === "problem").slice(-3);
  notices.value = [...others, { id: ++last, kind, text, hint }];
  return last;
}
