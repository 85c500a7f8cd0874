/** The order that is being put together: pictures, recipe, and the settings that differ from the recipe's. */

import { batch, computed, effect, signal } from "@preact/signals";
import { picture, Refused, type JobIn, type Knob, type Picture, type Recipe, type Settings } from "../api";
import { about, knobs, recipeNamed } from "./about";
import { complain, forget, say } from "./notices";
import { count, problemOf, same } from "./values";

export interface Form {
  photo: Picture | null;
  paintings: Picture[];
  recipe: string;
  changed: Settings;
}

const KEY = "impasto-studio-form";
const kept = restored();
export const photo = signal<Picture | null>(kept.photo);
export const paintings = signal<Picture[]>(kept.paintings);
/** Empty until the studio has said which is the default. */
export const recipeName = signal(kept.recipe);
/** Settings that were touched, by name; whatever is not here follows the recipe. */
export const changed = signal<Settings>(kept.changed);

export const recipe = computed<Recipe | undefined>(
  () => recipeNamed(recipeName.value) ?? recipeNamed(about.value?.default_recipe),
);

export const recipeValue = (knob: Knob): unknown => recipe.value?.values[knob.name] ?? (knob.nullable ? null : knob.default);
export const valueOf = (knob: Knob): unknown => (knob.name in changed.value ? changed.value[knob.name] : recipeValue(knob));
export const differs = (knob: Knob): boolean => knob.name in changed.value && !same(changed.value[knob.name], recipeValue(knob));

export function change(knob: Knob, value: unknown): void {
  const { [knob.name]: _, ...others } = changed.value;
  changed.value = same(value, recipeValue(knob)) ? others : { ...others, [knob.name]: value };
}

export const reset = (knob: Knob): void => change(knob, recipeValue(knob));

/** Returns whether there was a place for it. */
export function give(role: "photo" | "painting", given: Picture): boolean {
  if (role === "photo") photo.value = given;
  else if (paintings.value.some((one) => one.id === given.id)) return say("It is among the paintings already."), false;
  else if (paintings.value.length >= most()) return complain(`${most()} paintings are the most at once`, "Take one away first.", "files"), false;
  else paintings.value = [...paintings.value, given];
  return true;
}

export const takeAway = (painting: Picture): void => {
  paintings.value = paintings.value.filter((one) => one.id !== painting.id);
};

/** What is still missing before it can be painted; empty if nothing is. */
export const missing = computed(() => {
  const wanted = [];
  if (recipe.value?.needs_photo && !photo.value) wanted.push("a photograph");
  if (recipe.value?.needs_painting && !paintings.value.length) wanted.push("a painting");
  return wanted.length ? `Choose ${wanted.join(" and ")} to begin` : "";
});

/** Why a setting cannot be sent as it is; empty where it can. */
export function problemWith(knob: Knob): string {
  const value = valueOf(knob);
  const problem = problemOf(knob, value);
  if (problem || !differs(knob)) return problem;
  if (knob.kind === "layers" && !count(value)) return "Name at least one layer.";
  const [weights, given] = [count(value), paintings.value.length];
  return knob.name === "style_blend" && weights && given && weights !== given ? `Give one weight for each painting: ${given}, not ${weights}.` : "";
}

/** The first setting that cannot be sent as it is. */
export const faulty = computed(() => knobs.value.find(problemWith));

effect(() => {
  if (!missing.value && !faulty.value) forget("order");
});

export function order(): JobIn {
  const settings: Settings = { recipe: recipe.value?.name };
  for (const knob of knobs.value) if (differs(knob)) settings[knob.name] = changed.value[knob.name];
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

/** Put all the settings of a picture back, as differences from its recipe. */
export function fillSettings(settings: Settings): void {
  batch(() => {
    recipeName.value = recipeNamed(settings.recipe)?.name ?? about.value?.default_recipe ?? "";
    changed.value = {};
    for (const knob of knobs.value) if (knob.name in settings) change(knob, settings[knob.name]);
  });
}

/** After a reload: drop the pictures that the studio does not know any more. */
export async function checkPictures(): Promise<void> {
  const gone = async (given: Picture | null) => {
    if (!given) return;
    try {
      await picture(given.id);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 404)) return;
      if (photo.value?.id === given.id) photo.value = null;
      takeAway(given);
    }
  };
  await Promise.all([photo.value, ...paintings.value].map(gone));
}

const most = () => about.value?.max_paintings ?? 16;

function restored(): Form {
  const empty: Form = { photo: null, paintings: [], recipe: "", changed: {} };
  try {
    return { ...empty, ...JSON.parse(sessionStorage.getItem(KEY) ?? "{}") };
  } catch {
    return empty; // storage is switched off, or holds something else
  }
}

effect(() => {
  const form = JSON.stringify(snapshot());
  try {
    sessionStorage.setItem(KEY, form);
  } catch {
    // storage is switched off or full: the form lives as long as the page
  }
});
