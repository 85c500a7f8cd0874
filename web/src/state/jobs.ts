/** Every job that the page knows of, each in a signal of its own: a step of one redraws that one alone. */

import { batch, computed, signal, type Signal } from "@preact/signals";
import * as api from "../api";
import type { Changes, Job, JobPage, Message } from "../api";

const known = new Map<number, Signal<Job>>();
/** Ids, the newest first. */
const ids = signal<number[]>([]);
/** Give this as `before` for more of the history. */
export const more = signal<number | null>(null);
/** Jobs older than this one have not been listed yet, even where one of them is known. */
const oldest = signal(0);
/** What keeps painters from painting. */
export const troubles = signal<Message[]>([]);
export let version = 0;

export const find = (id: number): Job | undefined => (ids.value, known.get(id)?.value);
export const cell = (id: number): Signal<Job> => known.get(id)!;
export const listed = computed(() => ids.value.filter((id) => id >= oldest.value));
const all = computed(() => ids.value.map((id) => cell(id).value));
/** Several, where several painters paint. */
export const allRunning = computed(() => all.value.filter((job) => job.state === "running"));
export const running = computed(() => allRunning.value[0]);
export const queue = computed(() =>
  all.value.filter((job) => job.state === "queued").sort((one, other) => (one.place ?? 0) - (other.place ?? 0)),
);

export function take(job: Job): void {
  const cell = known.get(job.id);
  // An answer to a request can arrive after the event that tells of something later.
  if (cell) {
    if (job.version >= cell.peek().version) cell.value = job;
    return;
  }
  known.set(job.id, signal(job));
  ids.value = [...ids.value, job.id].sort((one, other) => other - one);
}

export function drop(id: number): void {
  ids.value = ids.value.filter((one) => one !== id);
  known.delete(id);
}

export function follow(changes: Changes): void {
  version = changes.version;
  batch(() => {
    changes.jobs.forEach(take);
    changes.removed.forEach(drop);
    troubles.value = changes.troubles;
  });
}

/** The list from the start. */
export async function load(): Promise<void> {
  const pages = [await api.jobPage()];
  // All that waits is wanted at once, for the queue.
  for (let page = pages[0]; page?.next && page.jobs.at(-1)?.state === "queued"; ) {
    pages.push((page = await api.jobPage(page.next)));
  }
  batch(() => {
    const all = pages.flatMap((page) => page.jobs);
    ids.value.filter((id) => !all.some((job) => job.id === id)).forEach(drop);
    for (const job of all) if (known.has(job.id)) cell(job.id).value = job; // of another folder, perhaps: whatever its version
    pages.forEach(list);
    troubles.value = pages[0]!.troubles;
  });
  version = pages[0]!.version;
}

/** After the studio was away: its events tell what was missed, unless it was started anew with another folder. */
export async function resume(): Promise<void> {
  if (version === 0 || (await api.jobPage()).version < version) await load();
}

export async function showMore(): Promise<void> {
  if (more.value) list(await api.jobPage(more.value));
}

function list(page: JobPage): void {
  batch(() => {
    page.jobs.forEach(take);
    more.value = page.next;
    oldest.value = page.next === null ? 0 : (page.jobs.at(-1)?.id ?? 0);
  });
}
