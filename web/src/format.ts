/** Formats titles, durations and states. */

import type { Job, Picture } from "./api";
import { about } from "./state/about";

/** `starry_night.jpg` of the samples is "The Starry Night"; a `my_garden.jpg` is "my garden". */
export function title(picture: Picture): string {
  const known = picture.sample && about.value?.samples.find((one) => one.name === picture.sample);
  if (known) return known.title;
  const stem = picture.name.replace(/\.[a-z0-9]{2,5}$/i, "");
  return (stem.replace(/[_-]+/g, " ").trim() || picture.name);
}

export function jobTitle(job: Job): string {
  const paintings = job.paintings.map(title).join(", ");
  if (job.photo && paintings) return `${title(job.photo)}, after ${paintings}`;
  return job.photo ? title(job.photo) : paintings || "picture";
}

export const STATES: Record<Job["state"], string> = {
  queued: "Waiting",
  running: "Painting",
  finished: "Finished",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `0:12`, `1:02:03`: the length of a film. */
export function clock(seconds: number): string {
  const whole = Math.max(seconds >= 0.5 ? 1 : 0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** `1.1 GB`, `740 MB`. */
export const fileSize = (bytes: number): string => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`);

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function when(seconds: number): string {
  const then = new Date(seconds * 1000);
  return then.toDateString() === new Date().toDateString() ? CLOCK.format(then) : DAY.format(then);
}

/** The progress of a job, 0 to 1. */
export function share(job: Job): number {
  if (job.film) return job.film.painted / Math.max(job.film.frames, 1);
  const progress = job.progress;
  return progress ? progress.elapsed / Math.max(progress.elapsed + progress.remaining, 1e-9) : 0;
}
