/** A message of the system when a long picture is done and nobody looks; only where the browser was asked and allows it. */

import { effect, signal } from "@preact/signals";
import type { Job } from "../api";
import { jobTitle } from "../format";
import { estimated } from "./estimate";
import { find, running } from "./jobs";

/** Seconds from which a picture is long enough to do something else meanwhile. */
const LONG = 60;
const available = typeof Notification !== "undefined";

/** Whether the page should offer it: the browser asks its user only after a click. */
export const offered = signal(false);

export function askToNotify(): void {
  offered.value = available && Notification.permission === "default" && (estimated.value?.seconds ?? 0) >= LONG;
}

export function allow(): void {
  offered.value = false;
  void Notification.requestPermission();
}

let last: number | null = null;
effect(() => {
  const now = running.value?.id ?? null;
  const before = last;
  last = now;
  if (before !== null && before !== now) setTimeout(() => tell(find(before)), 0);
});

function tell(job: Job | undefined): void {
  if (!job || !available || Notification.permission !== "granted" || !document.hidden) return;
  if (job.state !== "finished" && job.state !== "failed") return;
  if (job.started && job.ended && job.ended - job.started < LONG) return;
  const text = job.state === "finished" ? "is painted" : "could not be painted";
  const notice = new Notification("Impasto", { body: `${jobTitle(job)} ${text}.`, tag: `job-${job.id}`, ...(job.thumbnail ? { icon: job.thumbnail } : {}) });
  notice.onclick = () => {
    window.focus();
    notice.close();
  };
}
