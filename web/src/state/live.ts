/** Keeping in step with the studio: one stream of events for all, and starting over by itself when it was away. */

import { signal } from "@preact/signals";
import * as api from "../api";
import { about } from "./about";
import { checkPictures } from "./form";
import * as jobs from "./jobs";
import { complain, forget } from "./notices";
import { loadRecent } from "./recent";
import { fetchNamed } from "./watching";

export const answering = signal(true);
const LONGEST_PAUSE = 4000;
/** Browsers allow six streams to a server over all tabs: one that nobody has looked at for a while gives its own up. */
const UNSEEN_FOR = 60_000;
let stream: EventSource | null = null;
let unseen: ReturnType<typeof setTimeout> | undefined;

export async function connect(pause = 500): Promise<void> {
  try {
    about.value ??= await api.about();
    await jobs.resume();
  } catch (error) {
    if (error instanceof api.Refused && error.status < 500) {
      heard();
      return complain(error.problem, error.hint); // such as a missing token
    }
    if (!(error instanceof api.Refused || error instanceof api.Unreachable)) throw error;
    answering.value = false;
    setTimeout(() => void connect(Math.min(pause * 1.5, LONGEST_PAUSE)), pause);
    return;
  }
  heard();
  listen();
  await Promise.all([fetchNamed(), loadRecent(), checkPictures()]);
}

function listen(): void {
  stream?.close();
  stream = null;
  if (document.hidden) return; // once somebody looks
  stream = api.eventsAfter(jobs.version);
  stream.onopen = heard;
  stream.addEventListener("changes", (event) => {
    heard();
    jobs.follow(JSON.parse((event as MessageEvent<string>).data));
  });
  stream.onerror = () => {
    if (!stream) return;
    hangUp();
    setTimeout(() => void connect(), 300);
  };
}

function heard(): void {
  answering.value = true;
  forget("connection");
}

function hangUp(): void {
  stream?.close();
  stream = null;
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(unseen);
  if (document.hidden) unseen = setTimeout(hangUp, UNSEEN_FOR);
  else if (!stream && answering.value) void connect();
});
