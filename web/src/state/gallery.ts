/** The gallery: what is searched for, what is selected, and what is done with it. */

import { batch, computed, effect, signal } from "@preact/signals";
import * as api from "../api";
import type { Album, Job } from "../api";
import { plural } from "../format";
import { about } from "./about";
import { find, findBatch, isEnded, isKnown, jobSignal, jobsOf, listed, loadBatch, more, removeJob, showMore, take, type Entry } from "./jobs";
import { attempt, notify, spoken } from "./notices";
import { deselect, select, selectBatch, selected, view } from "./selection";

export const search = signal("");
export const album = signal("");
export const favoritesOnly = signal(false);
export const albums = signal<Album[]>([]);
/** The keys of the cards that are selected; see `keyOf`. */
export const marked = signal<ReadonlySet<string>>(new Set());
export const keyOf = (entry: Entry): string => (entry.batch === null ? `job-${entry.job}` : `batch-${entry.batch}`);
/** Those of them that are in sight: nothing is done to others. */
export const markedEntries = computed(() => entries.value.filter((entry) => marked.value.has(keyOf(entry))));

/** What was found, and how to get more of it; null while nothing is searched for. */
const found = signal<{ ids: number[]; next: number | null } | null>(null);
const query = computed(() => ({ search: search.value.trim(), album: album.value, favorite: favoritesOnly.value }));
export const isFiltered = computed(() => Object.values(query.value).some((wanted) => wanted));

export const entries = computed<Entry[]>(() => {
  if (!found.value) return listed.value;
  return found.value.ids.filter(isKnown).map((job) => ({ job, batch: null }));
});
export const nextPage = computed(() => (found.value ? found.value.next : more.value));

/** Milliseconds without a key until the server is asked. */
const PAUSE = 120;
let timer: ReturnType<typeof setTimeout> | undefined;
let turn = 0;

effect(() => {
  const asked = query.value;
  clearTimeout(timer);
  const mine = ++turn;
  if (!isFiltered.value) found.value = null;
  else timer = setTimeout(() => void look(asked, mine), PAUSE);
});

async function look(asked: api.Query, mine: number, before?: number): Promise<void> {
  const page = await attempt(() => api.jobPage(asked, before));
  if (!page || mine !== turn || (before && before !== found.peek()?.next)) return;
  batch(() => {
    take(page);
    const earlier = before ? (found.peek()?.ids ?? []) : [];
    found.value = { ids: [...earlier, ...page.jobs.map((job) => job.id)], next: page.next };
  });
  if (!before) spoken.value = `${plural(page.jobs.length, "picture")}${page.next ? " and more" : ""} found.`;
}

export async function loadMore(): Promise<void> {
  if (!found.value) return void (await attempt(showMore));
  if (found.value.next) await look(query.value, turn, found.value.next);
}

export async function loadAlbums(): Promise<void> {
  albums.value = await api.albums().catch(() => albums.value); // not essential
  if (album.value && !albums.value.some((one) => one.name === album.value)) album.value = "";
}

export function mark(entry: Entry, on: boolean): void {
  const after = new Set(marked.value);
  if (on) after.add(keyOf(entry));
  else after.delete(keyOf(entry));
  marked.value = after;
}

export const unmark = (): void => void (marked.value = new Set());

/** The jobs behind the selected cards: of a batch, all that have ended. */
export const markedJobs = (): Promise<number[]> => jobsBehind(markedEntries.value);

async function jobsBehind(cards: Entry[]): Promise<number[]> {
  const jobs: number[] = [];
  for (const entry of cards) {
    if (entry.batch === null) jobs.push(entry.job);
    else {
      await attempt(() => loadBatch(entry.batch));
      jobs.push(...jobsOf(entry.batch));
    }
  }
  return jobs.filter((id) => isKnown(id) && isEnded(jobSignal(id).peek()));
}

export async function deleteMarked(): Promise<void> {
  const jobs = await markedJobs();
  unmark();
  await remove(jobs);
}

/** Delete the picture of a card, or all of a batch. */
export const removeEntry = async (entry: Entry): Promise<void> => remove(await jobsBehind([entry]));

async function inSlices(jobs: number[], what: (some: number[]) => Promise<void>): Promise<boolean> {
  const most = about.value?.max_at_once ?? jobs.length;
  for (let at = 0; at < jobs.length; at += most) {
    if (!(await attempt(() => what(jobs.slice(at, at + most)).then(() => true)))) return false;
  }
  return true;
}

/** What was deleted last, for Ctrl+Z. */
let lastRemoved: number[] = [];

/** Put jobs into the trash, and offer to bring them back. */
export async function remove(jobs: number[]): Promise<void> {
  if (!jobs.length || !(await inSlices(jobs, api.trash))) return;
  const shown = view.value;
  batch(() => {
    // All at once: else the stage shows another of them for a moment, whose picture is gone.
    if ((shown?.kind === "job" && jobs.includes(shown.id)) || (shown?.kind === "compare" && (jobs.includes(shown.id) || jobs.includes(shown.other)))) deselect();
    if (shown?.kind === "batch" && jobsOf(shown.id).every((id) => jobs.includes(id))) deselect();
    jobs.forEach(removeJob);
  });
  lastRemoved = jobs;
  void loadAlbums();
  notify(`${plural(jobs.length, "picture")} deleted.`, { label: "Undo", run: () => void bringBack(jobs) });
}

/** Bring back what was deleted last; for a while it is there. */
export const undoRemoval = (): void => void (lastRemoved.length && bringBack(lastRemoved));

async function bringBack(jobs: number[]): Promise<void> {
  if (lastRemoved === jobs) lastRemoved = [];
  if (!(await inSlices(jobs, api.untrash))) return;
  for (const id of jobs) {
    const job = await attempt(() => api.job(id));
    if (job) take({ jobs: [job], batches: [], next: null, version: 0, problems: [] });
  }
  for (const id of new Set(jobs.map((job) => find(job)?.batch))) if (id) await attempt(() => loadBatch(id));
  void loadAlbums();
  notify(`${plural(jobs.length, "picture")} brought back.`);
}

export async function favor(jobs: number[], favorite: boolean): Promise<void> {
  if (await inSlices(jobs, (some) => api.edit(some, { favorite }))) change(jobs, { favorite });
}

export async function putInto(jobs: number[], name: string): Promise<void> {
  if (!(await inSlices(jobs, (some) => api.edit(some, { album: name })))) return;
  change(jobs, { album: name.trim() });
  await loadAlbums();
  notify(name ? `${plural(jobs.length, "picture")} put into ${name}.` : `${plural(jobs.length, "picture")} taken out of the album.`);
}

/** Show at once what the server has agreed to; its event brings the same. */
function change(jobs: number[], edits: Partial<Job>): void {
  batch(() => {
    for (const id of jobs) if (find(id)) jobSignal(id).value = { ...jobSignal(id).peek(), ...edits };
  });
}

/** Show the picture before or after the one on the stage: of its batch, or else in the gallery. */
export function step(by: -1 | 1): void {
  const shown = view.value;
  const job = selected.value;
  if (shown?.kind === "job" && job && job.batch !== null) {
    const siblings = jobsOf(job.batch);
    const next = siblings[siblings.indexOf(job.id) + by];
    if (next) select(next);
    return;
  }
  const cards = entries.value;
  const place = cards.findIndex((entry) => (shown?.kind === "batch" ? entry.batch === shown.id : entry.batch === null && entry.job === job?.id));
  const next = place < 0 ? cards[0] : cards[place + by];
  if (!next) return;
  if (next.batch !== null && findBatch(next.batch)) selectBatch(next.batch);
  else select(next.job);
}
