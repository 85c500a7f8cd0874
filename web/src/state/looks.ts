/** Looks: recipes of one's own. */

import * as api from "../api";
import type { Control, Job, Recipe, Settings } from "../api";
import { about, controls, recipeNamed, recipes } from "./about";
import { applies, changed, differs, newJob, recipe, recipeName, valueOf } from "./form";
import { attempt, explain, notify } from "./notices";
import { selected } from "./selection";
import { same } from "./values";

/** Longest name of a look. */
const NAME_LENGTH = 80;
/** What belongs to a picture and not to its look: it is not saved, and stays in the form. */
const NO_LOOK = new Set(["seed", "size"]);

/** The changed settings that a look would be saved with. */
export const changesOfLook = (): Control[] => controls.value.filter((control) => differs(control) && applies(control) && !NO_LOOK.has(control.name));

/** The recipe and what of it is changed, without what belongs to a picture. */
export function settingsOfLook(): Settings {
  return Object.fromEntries(Object.entries(newJob().settings ?? {}).filter(([name]) => !NO_LOOK.has(name)));
}

/** Turn what was typed into a name of a-z, 0-9 and -: "Été à Paris!" is `ete-a-paris`. */
export function toName(text: string): string {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").slice(0, NAME_LENGTH).replace(/^-+|-+$/g, "");
}

/** The finished job on the stage, if the form's recipe and settings are those that it was painted with. */
export function shownJob(): Job | undefined {
  const job = selected.value;
  if (job?.state !== "finished" || !job.thumbnail || job.settings.recipe !== recipe.value?.name) return undefined;
  const alike = controls.value.every((control) => NO_LOOK.has(control.name) || same(job.settings[control.name], valueOf(control)));
  return alike ? job : undefined;
}

/** Save the form's settings, and select what was saved; throws what the server refuses. */
export async function saveLook(name: string, description: string, settings: Settings, job: Job | undefined): Promise<void> {
  const saved = await api.saveRecipe({ name, description, settings, job: job?.id ?? null });
  await refreshRecipes();
  recipeName.value = saved.name;
  changed.value = Object.fromEntries(Object.entries(changed.value).filter(([setting]) => NO_LOOK.has(setting)));
  notify(`Saved as ${saved.name}.`);
}

/** Throws what the server refuses. */
export async function renameLook(look: Recipe, name: string): Promise<void> {
  const isSelected = recipe.value?.name === look.name;
  const renamed = await api.renameRecipe(look.name, name);
  await refreshRecipes();
  if (isSelected) recipeName.value = renamed.name;
}

export async function deleteLook(look: Recipe): Promise<void> {
  if (!(await attempt(() => api.deleteRecipe(look.name).then(() => true)))) return;
  await refreshRecipes();
  notify(`Deleted ${look.name}.`);
}

export const isLookFile = (file: File): boolean => /\.toml$/i.test(file.name);

/** Import TOML files, one after another, and select the last. */
export async function importLooks(files: File[]): Promise<void> {
  let last = "";
  for (const file of files) {
    try {
      last = (await api.importRecipe(freeName(toName(file.name.replace(/\.toml$/i, "")) || "look"), file)).name;
      await refreshRecipes();
    } catch (error) {
      explain(error, file.name);
    }
  }
  if (!last) return;
  recipeName.value = last;
  notify(`Added the look ${last}.`);
}

function freeName(wanted: string): string {
  for (let number = 1; ; number++) {
    const end = number > 1 ? `-${number}` : "";
    const name = wanted.slice(0, NAME_LENGTH - end.length) + end;
    if (!recipeNamed(name)) return name;
  }
}

/** Fetch the recipes again: another tab, or the command, may have changed them. */
export async function refreshRecipes(): Promise<void> {
  try {
    const { recipes: found } = await api.about();
    if (about.value && JSON.stringify(found) !== JSON.stringify(recipes.value)) about.value = { ...about.value, recipes: found };
  } catch {
    // the banner shows whether the server answers
  }
}

addEventListener("focus", () => void (about.value && refreshRecipes()));
