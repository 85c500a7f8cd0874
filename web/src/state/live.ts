/** The event stream that keeps the page up to date; it reconnects when the server comes back. */

import { signal } from "@preact/signals";
import * as api from "../api";
import { about } from "./about";
import { renewEstimate } from "./estimate";
import { checkPictures } from "./form";
import { loadAlbums } from "./gallery";
import * as jobs from "./jobs";
import { showError, dismiss } from "./notices";
import { isAwaited } from "./notifications";
import { loadRecent } from "./recent";
import { fetchSelected } from "./selection";

export const answering = signal(true);
const MAX_PAUSE = 4000;
/** Browsers allow six streams to a server over all tabs, so a tab that was hidden for a while closes its own. */
const HIDDEN_TIMEOUT = 60_000;
let stream: EventSource | null = null;
let hiddenTimer: ReturnType<typeof setTimeout> | undefined;

export async function connect(pause = 500): Promise<void> {
  try {
    about.value ??= await api.about();
    await jobs.resume();
  } catch (error) {
    if (error instanceof api.RefusedError && error.status < 500) {
      onAnswer();
      return showError(error.problem, error.hint); // such as a missing token
    }
    if (!(error instanceof api.RefusedError || error instanceof api.UnreachableError)) throw error;
    answering.value = false;
    setTimeout(() => void connect(Math.min(pause * 1.5, MAX_PAUSE)), pause);
    return;
  }
  onAnswer();
  listen();
  renewEstimate();
  await Promise.all([fetchSelected(), loadRecent(), checkPictures(), loadAlbums()]);
}

function listen(): void {
  stream?.close();
  stream = null;
  if (document.hidden) return; // connect when the tab is shown
  stream = api.eventsAfter(jobs.version);
  stream.onopen = onAnswer;
  stream.addEventListener("changes", (event) => {
    onAnswer();
    const changes = JSON.parse((event as MessageEvent<string>).data) as api.Changes;
    jobs.applyChanges(changes);
    if (changes.jobs.some((job) => typeof job.film?.whole_seconds === "number")) renewEstimate(); // a preview has told how long it takes
  });
  stream.onerror = () => {
    if (!stream) return;
    disconnect();
    setTimeout(() => void connect(), 300);
  };
}

function onAnswer(): void {
  answering.value = true;
  dismiss("connection");
}

function disconnect(): void {
  stream?.close();
  stream = null;
}

/** Close the stream of a tab that nobody looks at, unless it is to tell when its pictures are done. */
function disconnectIfIdle(): void {
  if (isAwaited()) hiddenTimer = setTimeout(disconnectIfIdle, HIDDEN_TIMEOUT);
  else disconnect();
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) hiddenTimer = setTimeout(disconnectIfIdle, HIDDEN_TIMEOUT);
  else if (!stream && answering.value) void connect();
});
