/** What a job's settings have that its recipe does not: it tells pictures apart. */

import type { Job } from "./api";
import { about, controls, recipeNamed } from "./state/about";
import { formatValue, same } from "./state/values";

/** Such as `strength 0.7` and `768 px`; the layers are only named, since they are long. */
export function differences(job: Job): string[] {
  const recipe = recipeNamed(job.settings.recipe);
  if (!recipe) return [];
  const found: string[] = [];
  for (const control of controls.value) {
    const [value, own] = [job.settings[control.name], recipe.values[control.name] ?? null];
    if (value === undefined || same(value, own)) continue;
    if (control.name === "size" && job.film) continue; // an order of a film always states it
    if (control.name === "size") found.push(`${formatValue(value)} px`);
    else if (control.kind === "layers") found.push(`other ${control.label.toLowerCase()}`);
    else if (control.kind === "boolean") found.push(`${value ? "" : "no "}${control.label.toLowerCase()}`);
    else found.push(`${control.label.toLowerCase()} ${formatValue(value) || "off"}`);
  }
  if (job.masks.length) found.push("masks");
  if (job.keep) found.push("a part kept");
  return found;
}

/** The recipe, unless it is the usual one, and what differs from it. */
export function jobDetails(job: Job): string {
  const parts = differences(job);
  const name = String(job.settings.recipe);
  return (name === about.value?.default_recipe && parts.length ? parts : [name, ...parts]).join(" · ");
}
