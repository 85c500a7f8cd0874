/** The actions of the buttons and keys. */

import { signal } from "@preact/signals";
import * as api from "../api";
import { focusSoon } from "../focus";
import { scrollToStage } from "../scrollToStage";
import type { Axis, Control, Job, JobIn } from "../api";
import { plural } from "../format";
import { about } from "./about";
import { renewEstimate, impossible } from "./estimate";
import { choice, clip, filmOf } from "./film";
import { orderFilm } from "./filmChoice";
import { checkPictures, copies, faulty, missing, newJob, photos, problemWith, recipe } from "./form";
import { queueRows, upsertBatches, upsertJob } from "./jobs";
import { attempt, showError, dismiss, notices, notify } from "./notices";
import { loadRecent } from "./recent";
import { restored } from "./restore";
import { askToNotify } from "./notifications";
import { refused, uploads } from "./uploads";
import { select, selectBatch, selected } from "./selection";
import { varied, withNoise } from "./variation";
import { search } from "./search";

/** Whether an order is on its way: a second click, or key, orders nothing twice. */
export const sending = signal(false);

async function exclusively(what: () => Promise<unknown>): Promise<void> {
  if (sending.value) return;
  sending.value = true;
  try {
    await what();
  } finally {
    sending.value = false;
  }
}

export const paint = (): Promise<void> => exclusively(() => paintForm(false));
/** Paint a few frames of the form's film, small and before all else that waits. */
export const preview = (): Promise<void> => exclusively(() => paintForm(true));

async function paintForm(asPreview: boolean): Promise<void> {
  if (!about.value) return;
  dismiss("order", "files", "action");
  if (uploads.value.length) return showError("A picture is still being uploaded", "Paint when it has arrived.", "files");
  if (missing.value) return showError(missing.value, "One of the examples will do.", "order");
  if (!canSend()) return;
  if (impossible.value) return showError(impossible.value, "", "order");
  if (photos.value.length > 1) await sendBatch([], "");
  else if (clip.value) await send(() => api.paint(filmJob(asPreview)));
  else await sendSeeds(newJob(), copies.value);
  if (notices.value.some((one) => one.topic === "action")) void checkPictures(); // one of them may have expired
}

const filmJob = (asPreview: boolean): JobIn => ({ ...newJob(), film: choice.value && orderFilm(choice.value, asPreview) });

/** Paint the film that a job is a preview of. */
export const paintWhole = (job: Job): Promise<void> => exclusively(() => send(() => api.paint({ ...orderOf(job), film: filmOf(job, false) })));

/** Paint one order several times: first as it is, then with other seeds. */
async function sendSeeds(order: JobIn, count: number): Promise<void> {
  if (!(await send(() => api.paint(order)))) return;
  for (let more = 1; more < count; more++) {
    const job = await attempt(() => api.paint({ ...order, settings: varied(order.settings ?? {}, recipe.value?.values) }));
    if (!job) return;
    upsertJob(job);
  }
  if (count > 1) notify(`${plural(count, "picture")} ordered, each with a seed of its own.`);
}

/** Paint a job once more, with another seed. */
export const again = (job: Job): Promise<void> => exclusively(() => send(() => api.paint({ ...orderOf(job), settings: varied(job.settings) })));

/** Paint a job once more, larger. */
export const enlarge = (job: Job, side: number): Promise<void> =>
  exclusively(() => send(() => api.paint({ ...orderOf(job), settings: { ...job.settings, size: side } })));

/** Paint a job that has not finished again; a film goes on where it was. */
export const retry = (job: Job): Promise<void> => exclusively(() => send(() => (job.film ? api.resume(job.id) : api.retry(job.id))));

const orderOf = (job: Job): JobIn => ({
  photo: job.photo?.id ?? null,
  paintings: job.paintings.map((one) => one.id),
  masks: job.masks.map((one) => one.id),
  keep: job.keep?.id ?? null,
  film: filmOf(job),
  settings: job.settings,
});

/** Paint the form's picture small, with several values of one or two settings; returns whether that was ordered. */
export async function paintSheet(axes: Axis[], name: string, size: number): Promise<boolean> {
  let ordered = false;
  if (canSend()) await exclusively(async () => (ordered = await sendBatch(axes, name, size)));
  return ordered;
}

/** Paint all photographs alike, or one in many ways. */
async function sendBatch(axes: Axis[], name: string, size?: number): Promise<boolean> {
  const { photo, film: _film, ...order } = newJob(); // films are painted one by one, and batches know none
  const seeds = axes.some((axis) => axis.name === "seed");
  const settings = { ...(seeds ? withNoise(order.settings ?? {}, recipe.value?.values) : order.settings), ...(size ? { size } : {}) };
  const files = axes.length ? [] : refused.value.map((one) => ({ name: one.name.slice(0, 200), problem: one.problem.slice(0, 500) }));
  const chosen = axes.length || photos.value.length < 2 ? (photo ? [photo] : []) : photos.value.map((one) => one.id);
  const batch = await attempt(() => api.addBatch({ ...order, settings, photos: chosen, axes, name, refused: files }));
  if (!batch) return false;
  upsertBatches([batch]);
  restored.value = null;
  refused.value = [];
  void loadRecent();
  askToNotify();
  selectBatch(batch.id);
  scrollToStage();
  return true;
}

async function send(what: () => Promise<Job>): Promise<boolean> {
  const job = await attempt(what);
  showJob(job);
  return job !== undefined;
}

/** Whether all settings are valid; otherwise shows the first that is not. */
export function canSend(): boolean {
  if (!faulty.value) return true;
  reveal(faulty.value);
  showError(`${faulty.value.label} cannot be used as it is`, problemWith(faulty.value), "order");
  return false;
}

/** Scroll to a setting's field and focus it. */
function reveal(control: Control): void {
  search.value = "";
  requestAnimationFrame(() => {
    const field = document.getElementById(`field-${control.name}`);
    for (let around = field?.closest("details"); around; around = around.parentElement?.closest("details")) around.open = true;
    field?.focus();
  });
}

/** Show a new job on the stage, unless a running job is shown there. */
function showJob(job: Job | undefined): void {
  if (!job) return;
  upsertJob(job);
  restored.value = null;
  void loadRecent();
  renewEstimate();
  askToNotify();
  if (selected.value?.state === "running" && selected.value.id !== job.id) {
    notify(`Added to the queue${job.queue_position ? ` at position ${job.queue_position}` : ""}.`);
    return;
  }
  const hadFocus = document.activeElement?.closest(".caption");
  select(job.id);
  if (hadFocus) focusSoon(".caption button:not(:disabled)");
  scrollToStage();
}

export async function cancel(job: Job): Promise<void> {
  const after = await attempt(() => api.cancel(job.id));
  if (after) upsertJob(after);
}

export async function keep(job: Job): Promise<void> {
  const after = await attempt(() => api.keep(job.id));
  if (after) upsertJob(after);
}

export async function cancelBatch(id: number): Promise<void> {
  const after = await attempt(() => api.cancelBatch(id));
  if (after) upsertBatches([after]);
}

export async function retryBatch(id: number): Promise<void> {
  const after = await attempt(() => api.retryBatch(id));
  if (after) upsertBatches([after]);
}

/** Move a job by one row of the queue, of which a batch is one. */
export async function moveBy(job: Job, by: -1 | 1): Promise<void> {
  const rows = queueRows.value;
  const place = rows.findIndex((row) => row[0]!.id === job.id);
  const next = rows[by < 0 ? place - 1 : place + 2]?.[0];
  const after = await attempt(() => api.move(job.id, next?.id ?? null));
  if (after) upsertJob(after);
}

/** Milliseconds after a cancel in which Esc does nothing: the next job may just have appeared on the stage. */
const CANCEL_PAUSE = 1500;
let cancelled = -Infinity;

/** Cancel the job on the stage, but none that runs while another is shown. */
export function cancelSelected(): void {
  const job = selected.value;
  if (!job || (job.state !== "running" && job.state !== "queued") || performance.now() - cancelled < CANCEL_PAUSE) return;
  cancelled = performance.now();
  void cancel(job);
}
