/** Restores pictures and settings from a picture made by Impasto, instead of using it as an input. */

import { batch, signal } from "@preact/signals";
import * as api from "../api";
import type { Job, Picture, Role } from "../api";
import { choiceOfJob } from "./film";
import { film, fill, fillSettings, addPicture, masks, morePhotos, paintings, photo, snapshot, type Form } from "./form";
import { masksOf } from "./masks";
import { notify } from "./notices";

export interface Restored {
  picture: Picture;
  role: Role;
  missing: string[];
  unsupported: string[];
  before: Form;
  /** The form as restored, to detect later changes. */
  filled: string;
}

export const restored = signal<Restored | null>(null);

export async function restore(picture: Picture, role: Role): Promise<void> {
  const origin = picture.origin;
  if (!origin) return;
  const before = snapshot();
  const here = (id: string | null) => (id ? api.picture(id).catch(() => null) : Promise.resolve(null));
  const [first, ...others] = await Promise.all([origin.photo, ...origin.paintings].map(here));
  const [keep, ...regions] = await Promise.all([origin.keep, ...origin.masks].map(here));
  const found = others.filter((one) => one !== null);
  const drawn = first && masksOf(first, others, regions, keep ?? null);
  const lost = (origin.keep && !drawn?.keep) || (origin.masks.length && !Object.keys(drawn?.regions ?? {}).length);
  batch(() => {
    if (first) addPicture("photo", first);
    if (found.length) paintings.value = found;
    if (first) masks.value = drawn ?? null;
    fillSettings(origin.settings);
  });
  const unsupported = [...origin.unsupported, ...(lost ? ["mask"] : [])];
  restored.value = { picture, role, missing: origin.missing, unsupported, before, filled: JSON.stringify(snapshot()) };
}

/** Undo the restore, unless the form was changed since, and use the picture as an input. */
export function useInstead(role: Role): void {
  const last = restored.value;
  if (!last) return;
  if (JSON.stringify(snapshot()) === last.filled) fill(last.before);
  addPicture(role, last.picture);
  restored.value = null;
}

/** Take over the settings of a job alone: the form's pictures and its size stay. */
export function restoreSettings(job: Job): void {
  const before = snapshot();
  const { size } = before.changed;
  fillSettings({ ...job.settings, size: size ?? null });
  notify("Its settings are in the form.", { label: "Undo", run: () => fill(before) });
}

/** Restore from a job of the history. */
export function restoreJob(job: Job): void {
  const before = snapshot();
  batch(() => {
    photo.value = job.photo;
    morePhotos.value = [];
    paintings.value = job.paintings;
    masks.value = job.photo && masksOf(job.photo, job.paintings, job.masks, job.keep);
    film.value = choiceOfJob(job);
    fillSettings(job.settings);
  });
  notify("Its pictures and settings are back in the form.", { label: "Undo", run: () => fill(before) });
}
