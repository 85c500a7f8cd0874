/** The jobs, each in its own signal, so that a step of one redraws only that one. */

import { batch, computed, signal, type Signal } from "@preact/signals";
import * as api from "../api";
import type { Changes, Job, JobPage, Message } from "../api";

const known = new Map<number, Signal<Job>>();
/** Ids, newest first. */
const ids = signal<number[]>([]);
/** Pass this as `before` to get more of the history. */
export const more = signal<number | null>(null);
/** Jobs older than this one are not listed yet, even if some are known. */
const oldest = signal(0);
/** Current problems of the workers. */
export const problems = signal<Message[]>([]);
export let version = 0;

export const find = (id: number): Job | undefined => (ids.value, known.get(id)?.value);
export const jobSignal = (id: number): Signal<Job> => known.get(id)!;
export const listed = computed(() => ids.value.filter((id) => id >= oldest.value));
const all = computed(() => ids.value.map((id) => jobSignal(id).value));
/** Several workers may run several jobs. */
export const allRunning = computed(() => all.value.filter((job) => job.state === "running"));
export const running = computed(() => allRunning.value[0]);
export const queue = computed(() =>
  all.value.filter((job) => job.state === "queued").sort((one, other) => (one.queue_position ?? 0) - (other.queue_position ?? 0)),
);

export function upsertJob(job: Job): void {
  const cell = known.get(job.id);
  // A response can arrive after the event of a later change.
  if (cell) {
    if (job.version >= cell.peek().version) cell.value = job;
    return;
  }
  known.set(job.id, signal(job));
  ids.value = [...ids.value, job.id].sort((one, other) => other - one);
}

export function removeJob(id: number): void {
  ids.value = ids.value.filter((one) => one !== id);
  known.delete(id);
}

export function applyChanges(changes: Changes): void {
  version = changes.version;
  batch(() => {
    changes.jobs.forEach(upsertJob);
    changes.deleted.forEach(removeJob);
    problems.value = changes.problems;
  });
}

/** Load the list from the start. */
export async function load(): Promise<void> {
  const pages = [await api.jobPage()];
  // The queue needs all queued jobs at once.
  for (let page = pages[0]; page?.next && page.jobs.at(-1)?.state === "queued"; ) {
    pages.push((page = await api.jobPage(page.next)));
  }
  batch(() => {
    const all = pages.flatMap((page) => page.jobs);
    ids.value.filter((id) => !all.some((job) => job.id === id)).forEach(removeJob);
    for (const job of all) if (known.has(job.id)) jobSignal(job.id).value = job; // perhaps of another folder, so whatever its version
    pages.forEach(list);
    problems.value = pages[0]!.problems;
  });
  version = pages[0]!.version;
}

/** Reload after a reconnect only if the server was restarted with another folder: its events report the changes missed. */
export async function resume(): Promise<void> {
  if (version === 0 || (await api.jobPage()).version < version) await load();
}

export async function showMore(): Promise<void> {
  if (more.value) list(await api.jobPage(more.value));
}

function list(page: JobPage): void {
  batch(() => {
    page.jobs.forEach(upsertJob);
    more.value = page.next;
    oldest.value = page.next === null ? 0 : (page.jobs.at(-1)?.id ?? 0);
  });
}
