/** The actions of the buttons and keys. */

import * as api from "../api";
import { focusSoon } from "../focus";
import { scrollToStage } from "../stage/scrollToStage";
import type { Job, Control } from "../api";
import { about } from "./about";
import { checkPictures, faulty, missing, newJob, problemWith } from "./form";
import { removeJob, queue, upsertJob } from "./jobs";
import { attempt, showError, dismiss, notices, notify } from "./notices";
import { loadRecent } from "./recent";
import { restored } from "./restore";
import { search } from "./search";
import { uploads } from "./uploads";
import { deselect, select, selected } from "./selection";

let sending = false;

export async function paint(): Promise<void> {
  if (sending || !about.value) return;
  dismiss("order", "files", "action");
  if (uploads.value.length) return showError("A picture is still being uploaded", "Paint when it has arrived.", "files");
  if (missing.value) return showError(missing.value, "One of the examples will do.", "order");
  if (!canSend()) return;
  await send(() => api.paint(newJob()));
  if (notices.value.some((one) => one.topic === "action")) void checkPictures(); // one of them may have expired
}

async function send(what: () => Promise<Job>): Promise<void> {
  if (sending) return;
  sending = true;
  showJob(await attempt(what));
  sending = false;
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

export const retry = (job: Job): Promise<void> => send(() => api.retry(job.id));

/** Show a new job on the stage, unless a running job is shown there. */
function showJob(job: Job | undefined): void {
  if (!job) return;
  upsertJob(job);
  restored.value = null;
  void loadRecent();
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

export async function remove(job: Job): Promise<void> {
  const removed = await attempt(() => api.remove(job.id).then(() => true));
  if (!removed) return;
  if (selected.value?.id === job.id) deselect();
  removeJob(job.id);
}

/** Move a job by one position in the queue. */
export async function moveBy(job: Job, by: -1 | 1): Promise<void> {
  const place = queue.value.findIndex((one) => one.id === job.id);
  const next = queue.value[by < 0 ? place - 1 : place + 2];
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
