/** The form: pictures, recipe, and the settings that differ from the recipe's. */

import { batch, computed, effect, signal } from "@preact/signals";
import { picture, RefusedError, type JobIn, type Control, type Picture, type Recipe, type Settings } from "../api";
import { about, controls, recipeNamed } from "./about";
import { showError, dismiss, notify } from "./notices";
import { count, validate, same } from "./values";

export interface Form {
  photo: Picture | null;
  paintings: Picture[];
  recipe: string;
  changed: Settings;
}

const KEY = "impasto-studio-form";
const stored = loadStored();
export const photo = signal<Picture | null>(stored.photo);
export const paintings = signal<Picture[]>(stored.paintings);
/** Empty until the server has named the default. */
export const recipeName = signal(stored.recipe);
/** Changed settings, by name; all others follow the recipe. */
export const changed = signal<Settings>(stored.changed);

export const recipe = computed<Recipe | undefined>(
  () => recipeNamed(recipeName.value) ?? recipeNamed(about.value?.default_recipe),
);

export const recipeValue = (control: Control): unknown => recipe.value?.values[control.name] ?? (control.nullable ? null : control.default);
export const valueOf = (control: Control): unknown => (control.name in changed.value ? changed.value[control.name] : recipeValue(control));
export const differs = (control: Control): boolean => control.name in changed.value && !same(changed.value[control.name], recipeValue(control));

/** Whether another value could change the picture: one condition of each list must be met. */
export const applies = (control: Control): boolean =>
  control.applies.every((conditions) => conditions.some(({ setting, values, negated }) => values.some((value) => same(value, valueNamed(setting))) !== negated));

function valueNamed(name: string): unknown {
  const control = controls.value.find((one) => one.name === name);
  return control && valueOf(control);
}

export function change(control: Control, value: unknown): void {
  const { [control.name]: _, ...others } = changed.value;
  changed.value = same(value, recipeValue(control)) ? others : { ...others, [control.name]: value };
}

export const reset = (control: Control): void => change(control, recipeValue(control));

/** Returns whether it was added. */
export function addPicture(role: "photo" | "painting", given: Picture): boolean {
  if (role === "photo") photo.value = given;
  else if (paintings.value.some((one) => one.id === given.id)) return notify("It is among the paintings already."), false;
  else if (paintings.value.length >= most()) return showError(`${most()} paintings are the most at once`, "Remove one first.", "files"), false;
  else paintings.value = [...paintings.value, given];
  return true;
}

export const removePainting = (painting: Picture): void => {
  paintings.value = paintings.value.filter((one) => one.id !== painting.id);
};

/** The inputs still missing; empty if there are none. */
export const missing = computed(() => {
  const wanted = [];
  if (recipe.value?.needs_photo && !photo.value) wanted.push("a photograph");
  if (recipe.value?.needs_painting && !paintings.value.length) wanted.push("a painting");
  return wanted.length ? `Choose ${wanted.join(" and ")} to begin` : "";
});

/** Why a setting is invalid; empty where it is valid. */
export function problemWith(control: Control): string {
  const value = valueOf(control);
  const problem = validate(control, value);
  if (problem || !differs(control)) return problem;
  if (control.kind === "layers" && !count(value)) return "Name at least one layer.";
  const [weights, given] = [count(value), paintings.value.length];
  return control.name === "style_blend" && weights && given && weights !== given ? `Give one weight for each painting: ${given}, not ${weights}.` : "";
}

/** The first invalid setting. */
export const faulty = computed(() => controls.value.find((control) => applies(control) && problemWith(control)));

effect(() => {
  if (!missing.value && !faulty.value) dismiss("order");
});

export function newJob(): JobIn {
  const settings: Settings = { recipe: recipe.value?.name };
  for (const control of controls.value) if (differs(control) && applies(control)) settings[control.name] = changed.value[control.name];
  return {
    photo: recipe.value?.needs_photo === false ? null : (photo.value?.id ?? null),
    paintings: recipe.value?.needs_painting === false ? [] : paintings.value.map((one) => one.id),
    settings,
  };
}

export const snapshot = (): Form => ({
  photo: photo.value,
  paintings: paintings.value,
  recipe: recipeName.value,
  changed: changed.value,
});

export function fill(form: Form): void {
  batch(() => {
    photo.value = form.photo;
    paintings.value = form.paintings;
    recipeName.value = form.recipe;
    changed.value = form.changed;
  });
}

/** Fill in all settings of a picture, as differences from its recipe. */
export function fillSettings(settings: Settings): void {
  batch(() => {
    recipeName.value = recipeNamed(settings.recipe)?.name ?? about.value?.default_recipe ?? "";
    changed.value = {};
    for (const control of controls.value) if (control.name in settings) change(control, settings[control.name]);
  });
}

/** Remove pictures that have expired on the server. */
export async function checkPictures(): Promise<void> {
  const removeIfExpired = async (given: Picture | null) => {
    if (!given) return;
    try {
      await picture(given.id);
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 404)) return;
      if (photo.value?.id === given.id) photo.value = null;
      removePainting(given);
    }
  };
  await Promise.all([photo.value, ...paintings.value].map(removeIfExpired));
}

const most = () => about.value?.max_paintings ?? 16;

function loadStored(): Form {
  const empty: Form = { photo: null, paintings: [], recipe: "", changed: {} };
  try {
    return { ...empty, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return empty; // storage is disabled, or contains something else
  }
}

effect(() => {
  const form = JSON.stringify(snapshot());
  try {
    sessionStorage.setItem(KEY, form);
  } catch {
    // storage is disabled or full: the form is lost with the page
  }
});
