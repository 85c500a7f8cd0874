/** The jobs, each in its own signal, so that a step of one redraws only that one; and the batches that they belong to. */

import { batch, computed, signal, type Signal } from "@preact/signals";
import * as api from "../api";
import type { Batch, Changes, Job, JobPage, Message } from "../api";

const known = new Map<number, Signal<Job>>();
/** Ids, newest first. */
const ids = signal<number[]>([]);
/** Increases when jobs come, go, or change their state, but not with their steps. */
const shape = signal(0);
const batches = signal<ReadonlyMap<number, Batch>>(new Map());
/** Pass this as `before` to get more of the history. */
export const more = signal<number | null>(null);
/** Jobs older than this one are not listed yet, even if some are known. */
const oldest = signal(0);
/** Current problems of the workers. */
export const problems = signal<Message[]>([]);
export let version = 0;

export const find = (id: number): Job | undefined => (ids.value, known.get(id)?.value);
export const jobSignal = (id: number): Signal<Job> => known.get(id)!;
export const findBatch = (id: number): Batch | undefined => batches.value.get(id);

const inState = (...states: Job["state"][]): number[] => (shape.value, ids.value.filter((id) => states.includes(jobSignal(id).peek().state)));
const runningIds = computed(() => inState("running"));
const queuedIds = computed(() => inState("queued"));
/** Several workers may run several jobs. */
export const allRunning = computed(() => runningIds.value.map((id) => jobSignal(id).value));
export const running = computed(() => allRunning.value[0]);
export const queue = computed(() =>
  queuedIds.value.map((id) => jobSignal(id).value).sort((one, other) => (one.queue_position ?? 0) - (other.queue_position ?? 0)),
);

/** How far a batch is: its jobs, those that have not ended, and those that have in each way. */
export function tally({ counts }: Batch) {
  const { finished = 0, failed = 0, cancelled = 0, queued = 0, running = 0 } = counts;
  const [left, ended] = [queued + running, finished + failed + cancelled];
  return { finished, failed, cancelled, left, ended, total: left + ended };
}

/** The queue by rows: a job, or all waiting jobs of a batch. */
export const queueRows = computed(() => {
  const rows: Job[][] = [];
  const ofBatch = new Map<number, Job[]>();
  for (const job of queue.value) {
    const row = job.batch === null ? undefined : ofBatch.get(job.batch);
    if (row) row.push(job);
    else rows.push([job]);
    if (job.batch !== null && !row) ofBatch.set(job.batch, rows.at(-1)!);
  }
  return rows;
});

/** A card of the gallery: a job that has ended, or a batch of which some have. */
export type Entry = { job: number; batch: null } | { job: number; batch: number };

/** What has ended, newest first; what waits or is painted stands in the queue and on the stage. */
export const listed = computed<Entry[]>(() => {
  shape.value;
  const [entries, seen]: [Entry[], Set<number>] = [[], new Set()];
  for (const id of ids.value) {
    if (id < oldest.value) break;
    const job = jobSignal(id).peek();
    if (job.batch === null) {
      if (isEnded(job)) entries.push({ job: id, batch: null });
      continue;
    }
    const batch = batches.value.get(job.batch);
    if (seen.has(job.batch) || !batch || !tally(batch).ended) continue;
    seen.add(job.batch);
    entries.push({ job: id, batch: job.batch });
  }
  return entries;
});

/** Whether a job is known, without a look at it. */
export const isKnown = (id: number): boolean => (ids.value, known.has(id));

export const isEnded = (job: Job): boolean => job.state !== "running" && job.state !== "queued";

/** The jobs of a batch as far as they are known, in the order in which they were ordered. */
export const jobsOf = (id: number): number[] => (shape.value, ids.value.filter((job) => jobSignal(job).peek().batch === id).reverse());

export function upsertJob(job: Job): void {
  const cell = known.get(job.id);
  // A response can arrive after the event of a later change.
  if (cell) {
    const before = cell.peek();
    if (job.version < before.version) return;
    cell.value = job;
    if (before.state !== job.state) shape.value++;
    return;
  }
  known.set(job.id, signal(job));
  const list = ids.peek();
  if (!list.length || job.id > list[0]!) ids.value = [job.id, ...list];
  else if (job.id < list.at(-1)!) ids.value = [...list, job.id];
  else ids.value = [...list, job.id].sort((one, other) => other - one);
}

export function upsertBatches(found: Batch[]): void {
  // Each step of a batch's job brings the batch along, mostly as it was.
  const changed = found.filter((one) => JSON.stringify(one) !== JSON.stringify(batches.peek().get(one.id)));
  if (changed.length) batches.value = new Map([...batches.value, ...changed.map((one) => [one.id, one] as const)]);
}

export function removeJob(id: number): void {
  if (!known.delete(id)) return;
  ids.value = ids.value.filter((one) => one !== id);
}

export function applyChanges(changes: Changes): void {
  version = changes.version;
  batch(() => {
    upsertBatches(changes.batches);
    changes.jobs.forEach(upsertJob);
    changes.deleted.forEach(removeJob);
    problems.value = changes.problems;
  });
}

/** Load the list from the start, and the whole queue. */
export async function load(): Promise<void> {
  const [first, waiting, painting] = await Promise.all([api.jobPage(), api.jobPage({ state: "queued" }), api.jobPage({ state: "running" })]);
  batch(() => {
    const pages = [first, waiting, painting];
    const all = pages.flatMap((page) => page.jobs);
    const present = new Set(all.map((job) => job.id));
    ids.value.filter((id) => !present.has(id)).forEach(removeJob);
    for (const job of all) if (known.has(job.id)) jobSignal(job.id).value = job; // perhaps of another folder, so whatever its version
    shape.value++;
    pages.forEach(take);
    list(first);
    problems.value = first.problems;
  });
  version = Math.min(first.version, waiting.version, painting.version);
}

/** Reload after a reconnect only if the server was restarted with another folder: its events report the changes missed. */
export async function resume(): Promise<void> {
  if (version === 0 || (await api.jobPage()).version < version) await load();
}

export async function showMore(): Promise<void> {
  const before = more.value;
  if (!before) return;
  const page = await api.jobPage({}, before);
  if (before === more.value) list(page);
}

/** Fetch all jobs of a batch. */
export async function loadBatch(id: number): Promise<void> {
  take(await api.jobPage({ batch: id }));
}

export function take(page: JobPage): void {
  batch(() => {
    upsertBatches(page.batches);
    page.jobs.forEach(upsertJob);
  });
}

function list(page: JobPage): void {
  batch(() => {
    take(page);
    more.value = page.next;
    oldest.value = page.next === null ? 0 : (page.jobs.at(-1)?.id ?? 0);
  });
}
