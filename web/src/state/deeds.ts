/** What the buttons and keys do. */

import * as api from "../api";
import { focusSoon } from "../focus";
import { showStage } from "../stage/showStage";
import type { Job, Knob } from "../api";
import { about } from "./about";
import { checkPictures, faulty, missing, order, problemWith } from "./form";
import { drop, queue, take } from "./jobs";
import { attempt, complain, forget, notices, say } from "./notices";
import { loadRecent } from "./recent";
import { restored } from "./restoring";
import { uploads } from "./uploads";
import { leave, watch, watched } from "./watching";

let asking = false;

export async function paint(): Promise<void> {
  if (asking || !about.value) return;
  forget("order", "files", "deed");
  if (uploads.value.length) return complain("A picture is still on its way", "Paint once it is there.", "files");
  if (missing.value) return complain(missing.value, "One of the examples will do.", "order");
  if (faulty.value) {
    reveal(faulty.value);
    return complain(`${faulty.value.label} cannot be used as it is`, problemWith(faulty.value), "order");
  }
  await ask(() => api.paint(order()));
  if (notices.value.some((one) => one.topic === "deed")) void checkPictures(); // one of them may be gone
}

async function ask(what: () => Promise<Job>): Promise<void> {
  if (asking) return;
  asking = true;
  enter(await attempt(what));
  asking = false;
}

/** Bring a setting's field into sight, and the focus into it. */
function reveal(knob: Knob): void {
  const field = document.getElementById(`field-${knob.name}`);
  const more = field?.closest("details");
  if (more) more.open = true;
  field?.focus();
}

export const retry = (job: Job): Promise<void> => ask(() => api.retry(job.id));

/** A new job goes on the stage, unless that would take one away that is being painted there. */
function enter(job: Job | undefined): void {
  if (!job) return;
  take(job);
  restored.value = null;
  void loadRecent();
  if (watched.value?.state === "running" && watched.value.id !== job.id) {
    say(`Added to the queue${job.place ? ` in place ${job.place}` : ""}.`);
    return;
  }
  const held = document.activeElement?.closest(".caption");
  watch(job.id);
  if (held) focusSoon(".caption button:not(:disabled)");
  showStage();
}

export async function cancel(job: Job): Promise<void> {
  const after = await attempt(() => api.cancel(job.id));
  if (after) take(after);
}

export async function keep(job: Job): Promise<void> {
  const after = await attempt(() => api.keep(job.id));
  if (after) take(after);
}

export async function remove(job: Job): Promise<void> {
  const gone = await attempt(() => api.remove(job.id).then(() => true));
  if (!gone) return;
  if (watched.value?.id === job.id) leave();
  drop(job.id);
}

/** One place forward or back in the queue. */
export async function shift(job: Job, by: -1 | 1): Promise<void> {
  const place = queue.value.findIndex((one) => one.id === job.id);
  const next = queue.value[by < 0 ? place - 1 : place + 2];
  const after = await attempt(() => api.move(job.id, next?.id ?? null));
  if (after) take(after);
}

/** So long after a cancel Esc does nothing: the next picture may just have come on the stage. */
const CALM = 1500;
let cancelled = -Infinity;

/** What Esc cancels: only what is in sight, never another behind a finished picture. */
export function cancelWatched(): void {
  const job = watched.value;
  if (!job || (job.state !== "running" && job.state !== "queued") || performance.now() - cancelled < CALM) return;
  cancelled = performance.now();
  void cancel(job);
}
