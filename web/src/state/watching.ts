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
  return running.value ?? (followed.value ? find(followed.value) : undefined);
});

export function watch(id: number | null): void {
  const address = id ? `#job=${id}` : location.pathname + location.search;
  if (id !== named.value) history.pushState(null, "", address);
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
    if (!(error instanceof api.Refused)) return; // asked for once more when the studio is back
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
