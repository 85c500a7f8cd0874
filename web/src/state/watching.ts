/** Which job the stage shows: the one that the address names (`#job=12`), or else the one that is being painted. */

import { computed, signal } from "@preact/signals";
import * as api from "../api";
import { find, running, take } from "./jobs";
import { say } from "./notices";

const named = signal(fromAddress());
/** Once something was painted before our eyes, it stays on the stage when it is finished. */
const followed = signal<number | null>(null);

export const watched = computed(() => {
  if (named.value) return find(named.value);
  const before = followed.value ? find(followed.value) : undefined;
  return before?.state === "running" ? before : (running.value ?? before);
});
/** Changes only when another job comes on the stage, and not with its steps. */
export const watchedId = computed(() => watched.value?.id);

export function watch(id: number): void {
  if (id !== named.value) history.pushState(null, "", `#job=${id}`);
  named.value = id;
  followed.value = null;
  void fetchNamed();
}

/** The job that is named is gone: nothing leads back to it. */
export function leave(): void {
  history.replaceState(null, "", location.pathname + location.search);
  named.value = null;
  followed.value = null;
}

export const noteRunning = (id: number): void => {
  if (!named.value) followed.value = id;
};

/** A job that is older than what the history has listed is asked for by itself. */
export async function fetchNamed(): Promise<void> {
  const id = named.value;
  if (!id || find(id)) return;
  try {
    take(await api.job(id));
  } catch (error) {
    // Anything else is asked for once more when the studio is back.
    if (!(error instanceof api.Refused && error.status === 404) || named.value !== id) return;
    say("That picture was deleted.");
    leave();
  }
}

function fromAddress(): number | null {
  const found = /^#job=(\d{1,15})$/.exec(location.hash);
  return found ? Number(found[1]) : null;
}

addEventListener("popstate", () => {
  named.value = fromAddress();
  void fetchNamed();
});
