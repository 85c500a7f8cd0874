/** What is on the stage: what the URL names (`#job=12`, `#batch=3`, `#compare=12,15`), or else the running job. */

import { computed, signal } from "@preact/signals";
import * as api from "../api";
import { find, findBatch, loadBatch, running, upsertJob } from "./jobs";
import { notify } from "./notices";

export type View = { kind: "job"; id: number } | { kind: "batch"; id: number } | { kind: "compare"; id: number; other: number };

const named = signal(fromUrl());
/** The job that was last seen running; it stays on the stage when it is finished. */
const followed = signal<number | null>(null);

export const view = computed<View | null>(() => named.value);
export const selected = computed(() => {
  if (named.value) return named.value.kind === "job" ? find(named.value.id) : undefined;
  const before = followed.value ? find(followed.value) : undefined;
  return before?.state === "running" ? before : (running.value ?? before);
});
/** Changes only with the selection, and not with each step of the job. */
export const selectedId = computed(() => selected.value?.id);

export const select = (id: number): void => show({ kind: "job", id });
export const selectBatch = (id: number): void => show({ kind: "batch", id });
export const compare = (id: number, other: number): void => show({ kind: "compare", id, other });

function show(next: View): void {
  if (address(next) !== location.hash) history.pushState(null, "", address(next));
  named.value = next;
  followed.value = null;
  void fetchSelected();
}

/** Deselect what was deleted, and remove it from the URL. */
export function deselect(): void {
  history.replaceState(null, "", location.pathname + location.search);
  named.value = null;
  followed.value = null;
}

export const followRunning = (id: number): void => {
  if (!named.value) followed.value = id;
};

/** Fetch what is selected if it is older than what is listed. */
export async function fetchSelected(): Promise<void> {
  const shown = named.value;
  if (!shown) return;
  const missing = shown.kind === "batch" ? [] : [shown.id, ...(shown.kind === "compare" ? [shown.other] : [])].filter((id) => !find(id));
  try {
    if (shown.kind === "batch") await loadBatch(shown.id);
    for (const id of missing) upsertJob(await api.job(id));
    if (shown.kind === "batch" && !findBatch(shown.id)) gone();
  } catch (error) {
    // Other errors are temporary: it is fetched again after reconnecting.
    if (error instanceof api.RefusedError && error.status === 404 && named.value === shown) gone();
  }
}

function gone(): void {
  notify("That picture was deleted.");
  deselect();
}

function address(shown: View): string {
  return shown.kind === "compare" ? `#compare=${shown.id},${shown.other}` : `#${shown.kind}=${shown.id}`;
}

function fromUrl(): View | null {
  const found = /^#(job|batch|compare)=(\d{1,15})(?:,(\d{1,15}))?$/.exec(location.hash);
  if (!found) return null;
  const [kind, id, other] = [found[1], Number(found[2]), found[3]];
  if (kind === "compare") return other ? { kind, id, other: Number(other) } : null;
  return kind === "batch" ? { kind, id } : { kind: "job", id };
}

addEventListener("popstate", () => {
  named.value = fromUrl();
  void fetchSelected();
});
