/** Notices: errors stay until they are resolved or dismissed, news disappears by itself. */

import { signal } from "@preact/signals";
import { RefusedError, UnreachableError } from "../api";
import { controls } from "./about";

/** The topic of an error, which is dismissed when that topic is resolved. */
export type Topic = "order" | "files" | "connection" | "action";

export interface Notice {
  id: number;
  kind: "problem" | "news";
  topic: Topic | null;
  text: string;
  hint: string;
  action: Action | null;
}

/** A button of a notice. */
export interface Action {
  label: string;
  run: () => void;
}

export const notices = signal<Notice[]>([]);
/** Text for screen readers only. */
export const spoken = signal("");
const NEWS_DURATION = 5000;
const ACTION_DURATION = 60_000;
let last = 0;

export function notify(text: string, action: Action | null = null): void {
  const id = add("news", null, text, "", action);
  setTimeout(() => dismissNotice(id), action ? ACTION_DURATION : NEWS_DURATION);
}

/** Show an error; a repeated one is shown again, so that it is noticed. */
export function showError(problem: string, hint = "", topic: Topic = "action"): void {
  add("problem", topic, sentence(withLabels(problem)), withLabels(hint));
}

export function dismissNotice(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}

/** Dismiss the errors of some topics. */
export function dismiss(...topics: Topic[]): void {
  if (notices.value.some((one) => one.topic && topics.includes(one.topic))) {
    notices.value = notices.value.filter((one) => !one.topic || !topics.includes(one.topic));
  }
}

/** Run a request that may be refused, and show its error. */
export async function attempt<Result>(what: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await what();
  } catch (error) {
    explain(error);
    return undefined;
  }
}

export function explain(error: unknown, file = ""): void {
  const topic = file ? "files" : "action";
  if (error instanceof RefusedError) showError(naming(file, error.problem), error.hint, topic);
  else if (error instanceof UnreachableError) showError(naming(file, "the studio is not answering"), "Nothing is lost: try again when it is back.", "connection");
  else throw error;
}

/** An error in one line, for where notices are out of sight. */
export function describe(error: unknown): string {
  if (error instanceof RefusedError) return `${sentence(withLabels(error.problem))}. ${withLabels(error.hint)}`;
  if (error instanceof UnreachableError) return "The studio is not answering. Try again when it is back.";
  return error instanceof Error ? error.message : String(error);
}

const naming = (file: string, problem: string): string => (problem.includes(file) ? problem : `${file}: ${problem}`);

/** A problem without the file's name at its beginning, which stands beside it. */
export const without = (problem: string, file: string): string => (problem.startsWith(`${file} `) ? problem.slice(file.length + 1) : problem);

/** Replace the command's names of settings, such as `--style-blend`, with the page's labels. */
export const withLabels = (text: string): string =>
  text.replace(/--([a-z][a-z0-9-]*)/g, (option, name: string) => controls.value.find((control) => control.name === name.replaceAll("-", "_"))?.label ?? option);

/** Capitalize the first letter, but not that of a file name. */
export function sentence(problem: string): string {
  const first = problem.split(" ", 1)[0]!;
  return /^[a-z]+,?$/.test(first) ? first.charAt(0).toUpperCase() + problem.slice(1) : problem;
}

function add(kind: Notice["kind"], topic: Topic | null, text: string, hint: string, action: Action | null = null): number {
  // Of the news only the latest is kept, and the latest that can be undone; errors wait for their reader.
  const undoable = action ? undefined : notices.value.filter((one) => one.kind === "news" && one.action).at(-1);
  const others = [...(undoable ? [undoable] : []), ...notices.value.filter((one) => one.kind === "problem" && one.text !== text).slice(-2)];
  notices.value = [...others, { id: ++last, kind, topic, text, hint, action }];
  return last;
}
