/** A message of the system when long work is done and nobody looks; only where the browser was asked and allows it. */

import { computed, effect, signal } from "@preact/signals";
import { estimated } from "./estimate";
import { copies, photos } from "./form";
import { allRunning, queue } from "./jobs";

/** Seconds from which work is long enough to do something else meanwhile. */
const LONG = 60;
/** Milliseconds without any job until the work counts as done: the next one may only be about to begin. */
const QUIET = 2000;
const available = typeof Notification !== "undefined" && "serviceWorker" in navigator;

/** Whether the page should offer it: the browser asks its user only after a click. */
export const offered = signal(false);
/** Whether anything waits or is painted. */
export const busy = computed(() => allRunning.value.length + queue.value.length > 0);
/** Whether the events are needed even while nobody looks. */
export const isAwaited = (): boolean => available && Notification.permission === "granted" && busy.peek();

export function askToNotify(): void {
  const count = Math.max(photos.value.length, copies.value);
  offered.value = available && Notification.permission === "default" && (estimated.value?.seconds ?? 0) * count >= LONG;
}

export function allow(): void {
  offered.value = false;
  void Notification.requestPermission();
}

let since = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
effect(() => {
  clearTimeout(timer);
  if (busy.value) since ||= performance.now();
  else if (since) timer = setTimeout(() => void tell(), QUIET);
});

async function tell(): Promise<void> {
  const seconds = (performance.now() - since) / 1000;
  since = 0;
  offered.value = false;
  if (!available || Notification.permission !== "granted" || !document.hidden || seconds < LONG) return;
  const worker = await navigator.serviceWorker.ready;
  await worker.showNotification("Impasto", { body: "Everything in the queue is done.", tag: "impasto-done", icon: "/icon-192.png" });
}
