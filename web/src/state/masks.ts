/** The masks of the form: kept in step with its pictures, and sent as gray pictures. */

import { computed, effect } from "@preact/signals";
import { upload, type Picture } from "../api";
import { mergeMasks } from "../masks/gray";
import { masks, paintings, photo, type Masks } from "./form";
import { attempt } from "./notices";

/** The masks of a job or a dropped result; null where there are none, or not one for each painting. */
export function masksOf(photo: Picture, paintings: (Picture | null)[], regions: (Picture | null)[], keep: Picture | null): Masks | null {
  const complete = regions.length === paintings.length && [...regions, ...paintings].every((one) => one !== null);
  if (!keep && !(complete && regions.length)) return null;
  const pairs = complete ? regions.map((one, index) => [paintings[index]!.id, one!]) : [];
  return { photo: photo.id, regions: Object.fromEntries(pairs), keep };
}

/** Paintings with a place of their own; several that share what is left have one mask, and count as none. */
export const regionCount = computed(() => {
  const ids = Object.values(masks.value?.regions ?? {}).map((one) => one.id);
  return ids.filter((id) => ids.indexOf(id) === ids.lastIndexOf(id)).length;
});

/** What is drawn, such as "2 regions, keep". */
export const summary = computed(() => {
  const count = regionCount.value;
  const drawn = count ? [`${count} ${count === 1 ? "region" : "regions"}`] : [];
  if (masks.value?.keep) drawn.push("keep");
  return drawn.join(", ");
});

/** Masks belong to one photograph and to the paintings for which they were drawn. */
effect(() => {
  const drawn = masks.value;
  if (!drawn) return;
  if (drawn.photo !== photo.value?.id) return void (masks.value = null);
  const known = Object.keys(drawn.regions);
  if (!known.length) {
    if (!drawn.keep) masks.value = null;
    return;
  }
  const ids = paintings.value.map((one) => one.id);
  const lost = known.filter((id) => !ids.includes(id));
  const added = ids.filter((id) => !known.includes(id));
  if (!lost.length && !added.length) return;
  const left = known.filter((id) => ids.includes(id));
  // A single painting needs no region, and without the first there is none to share.
  const heir = ids.length > 1 ? left[0] : undefined;
  const regions: Masks["regions"] = {};
  // A painting that is added shares the place of the first.
  if (heir) for (const id of ids) regions[id] = drawn.regions[id] ?? drawn.regions[heir]!;
  const several = new Set(Object.values(regions).map((one) => one.id)).size > 1; // one for all of them says nothing
  if (!several) return void (masks.value = drawn.keep && { ...drawn, regions: {} });
  masks.value = { ...drawn, regions };
  const holes = lost.map((id) => drawn.regions[id]!).filter((one) => !Object.values(regions).some((other) => other.id === one.id));
  if (heir && holes.length) void inherit(drawn.photo, regions[heir]!, holes);
});

/** Give the places of paintings that were removed to those that have another mask. */
async function inherit(photo: string, mask: Picture, holes: Picture[]): Promise<void> {
  const merged = await attempt(async () => sendMask(await mergeMasks([mask, ...holes]), mask.name));
  const drawn = masks.value;
  if (!merged || drawn?.photo !== photo) return;
  const regions = Object.entries(drawn.regions).map(([id, one]) => [id, one.id === mask.id ? merged : one]);
  masks.value = { ...drawn, regions: Object.fromEntries(regions) };
}

export const sendMask = (mask: Blob, name: string): Promise<Picture> => upload(new File([mask], name, { type: "image/png" }), () => undefined);
