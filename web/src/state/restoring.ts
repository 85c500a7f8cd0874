/** A picture that Impasto painted brings back how it was made, instead of being an input. */

import { signal } from "@preact/signals";
import * as api from "../api";
import type { Job, Picture, Role } from "../api";
import { fill, fillSettings, give, paintings, photo, snapshot, type Form } from "./form";
import { say } from "./notices";

export interface Restored {
  picture: Picture;
  role: Role;
  missing: string[];
  leftOut: string[];
  before: Form;
  /** As it was filled in, to see whether it was changed since. */
  filled: string;
}

export const restored = signal<Restored | null>(null);

export async function restore(picture: Picture, role: Role): Promise<void> {
  const origin = picture.origin;
  if (!origin) return;
  const before = snapshot();
  const here = (id: string | null) => (id ? api.picture(id).catch(() => null) : Promise.resolve(null));
  const [first, ...others] = await Promise.all([origin.photo, ...origin.paintings].map(here));
  if (first) photo.value = first;
  const found = others.filter((one) => one !== null);
  if (found.length) paintings.value = found;
  fillSettings(origin.settings);
  restored.value = { picture, role, missing: origin.missing, leftOut: origin.left_out, before, filled: JSON.stringify(snapshot()) };
}

/** The notice's other choice: everything as it was before, unless it was changed since, and the picture an input. */
export function useInstead(role: Role): void {
  const last = restored.value;
  if (!last) return;
  if (JSON.stringify(snapshot()) === last.filled) fill(last.before);
  give(role, last.picture);
  restored.value = null;
}

/** The same from the history. */
export function restoreJob(job: Job): void {
  photo.value = job.photo;
  paintings.value = job.paintings;
  fillSettings(job.settings);
  say("Its pictures and settings are back in the form.");
}
