/** The clip of the form. */

import { computed } from "@preact/signals";
import type { Job } from "../api";
import { film, photo, photos } from "./form";
import { choiceOf, orderFilm, type FilmChoice } from "./filmChoice";

/** The photograph, where it is a clip by itself. */
export const clip = computed(() => (photos.value.length === 1 && photo.value?.clip ? photo.value : null));
export const choice = computed(() => clip.value && choiceOf(clip.value, film.value));

export function choose(part: Partial<FilmChoice>): void {
  if (choice.value) film.value = { ...choice.value, ...part };
}

/** The choice that a job was ordered with. */
export const choiceOfJob = (job: Job): FilmChoice | null => {
  if (!job.film || !job.photo) return null;
  const { start, end, every, format } = orderOf(job.film);
  return { clip: job.photo.id, start, end, every, format };
};

/** What a film's job has ordered of it; whether as a preview is for the caller to say. */
export const filmOf = (job: Job, preview = job.film?.preview) => (job.film ? orderFilm(orderOf(job.film), preview) : null);

const orderOf = ({ start, end, every, format }: NonNullable<Job["film"]>) => ({ start: start ?? 0, end: end ?? null, every: every ?? 1, format: format ?? "mp4" });
