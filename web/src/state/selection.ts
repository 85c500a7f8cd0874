/** The job on the stage: the one named by the URL (`#job=12`), or else the running one. */

import { computed, signal } from "@preact/signals";
import * as api from "../api";
import { find, running, upsertJob } from "./jobs";
import { notify } from "./notices";

const named = signal(fromUrl());
/** The job that was last seen running; it stays on the stage when it is finished. */
const followed = signal<number | null>(null);

export const selected = computed(() => {
  if (named.value) return find(named.value);
  const before = followed.value ? find(followed.value) : undefined;
  return before?.state === "running" ? before : (running.value ?? before);
});
/** Changes only with the selection, and not with each step of the job. */
export const selectedId = computed(() => selected.value?.id);

export function select(id: number): void {
  if (id !== named.value) history.pushState(null, "", `#job=${id}`);
  named.value = id;
  followed.value = null;
  void fetchSelected();
}

/** Deselect a deleted job and remove it from the URL. */
export function deselect(): void {
  history.replaceState(null, "", location.pathname + location.search);
  named.value = null;
  followed.value = null;
}

export const followRunning = (id: number): void => {
  if (!named.value) followed.value = id;
};

/** Fetch the selected job if it is older than the listed ones. */
export async function fetchSelected(): Promise<void> {
  const id = named.value;
  if (!id || find(id)) return;
  try {
    upsertJob(await api.job(id));
  } catch (error) {
    // Other errors are temporary: it is fetched again after reconnecting.
    if (!(error instanceof api.RefusedError && error.status === 404) || named.value !== id) return;
    notify("That picture was deleted.");
    deselect();
  }
}

function fromUrl(): number | null {
  const found = /^#job=(\d{1,15})$/.exec(location.hash);
  return found ? Number(found[1]) : null;
}

addEventListener("popstate", () => {
  named.value = fromUrl();
  void fetchSelected();
});
