/** What of a clip is to be painted, and as what. */

import type { FilmOrder, Picture } from "../api";

export type FilmFormat = NonNullable<FilmOrder["format"]>;

export interface FilmChoice {
  /** The clip's id: another one begins afresh. */
  clip: string;
  /** Seconds. */
  start: number;
  /** Seconds; null for the clip's end. */
  end: number | null;
  every: number;
  format: FilmFormat;
}

export const FORMATS: [FilmFormat, string][] = [
  ["mp4", "MP4"],
  ["webm", "WebM"],
  ["gif", "GIF"],
  ["webp", "WebP"],
];

/** What is chosen of a clip; all of it, where nothing is: an animation stays one. */
export function choiceOf(clip: Picture, chosen: FilmChoice | null): FilmChoice {
  if (chosen?.clip === clip.id) return chosen;
  const type = clip.clip?.media_type ?? "";
  const format = type === "image/gif" ? "gif" : type.startsWith("image/") ? "webp" : "mp4";
  return { clip: clip.id, start: 0, end: null, every: 1, format };
}

export const orderFilm = ({ start, end, every, format }: Omit<FilmChoice, "clip">, preview = false): FilmOrder => ({ start, end, every, format, preview });
