/** The form: pictures, recipe, and the settings that differ from the recipe's. */

import { batch, computed, effect, signal } from "@preact/signals";
import { picture, RefusedError, type JobIn, type Control, type Picture, type Recipe, type Settings } from "../api";
import { about, controls, recipeNamed } from "./about";
import { choiceOf, orderFilm, type FilmChoice } from "./filmChoice";
import { showError, dismiss, notify } from "./notices";
import { follow } from "./perPainting";
import { count, parts, formatValue, validate, same } from "./values";

/** Masks of one photograph. */
export interface Masks {
  /** The photograph's id. */
  photo: string;
  /** Where each painting goes, by the painting's id: one for each of them, or none. */
  regions: Record<string, Picture>;
  /** Where the photograph stays as it is. */
  keep: Picture | null;
}

export interface Form {
  photo: Picture | null;
  /** Further photographs, to be painted alike. */
  morePhotos: Picture[];
  paintings: Picture[];
  masks: Masks | null;
  film: FilmChoice | null;
  recipe: string;
  changed: Settings;
}

const KEY = "impasto-studio-form";
const stored = loadStored();
export const photo = signal<Picture | null>(stored.photo);
export const morePhotos = signal<Picture[]>(stored.morePhotos);
export const photos = computed(() => (photo.value ? [photo.value, ...morePhotos.value] : []));
export const paintings = signal<Picture[]>(stored.paintings);
/** See `masks.ts`, which keeps them in step with the pictures. */
export const masks = signal<Masks | null>(stored.masks);
/** What of the photograph is painted where it is a clip; see `film.ts`. */
export const film = signal<FilmChoice | null>(stored.film);
/** Empty until the server has named the default. */
export const recipeName = signal(stored.recipe);
/** Changed settings, by name; all others follow the recipe. */
export const changed = signal<Settings>(stored.changed);

/** How many pictures are painted at once, each with another seed. */
export const copies = signal(1);

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

/** Add a photograph to those that are there, each once. */
export function addPhoto(given: Picture): void {
  if (!photo.value) photo.value = given;
  else if (photos.value.every((one) => one.id !== given.id)) morePhotos.value = [...morePhotos.value, given];
}

export function removePhotos(): void {
  batch(() => {
    photo.value = null;
    morePhotos.value = [];
  });
}

/** Returns whether it was added. */
export function addPicture(role: "photo" | "painting", given: Picture): boolean {
  if (role === "photo") batch(() => ((photo.value = given), (morePhotos.value = [])));
  else if (paintings.value.some((one) => one.id === given.id)) return notify("It is among the paintings already."), false;
  else if (paintings.value.length >= most()) return showError(`${most()} paintings are the most at once`, "Remove one first.", "files"), false;
  else setPaintings([...paintings.value, given]);
  return true;
}

export const removePainting = (painting: Picture): void => {
  setPaintings(paintings.value.filter((one) => one.id !== painting.id));
};

/** The settings that have one part for each painting follow. */
function setPaintings(next: Picture[]): void {
  const [before, after] = [paintings.value, next].map((list) => list.map((one) => one.id)) as [string[], string[]];
  batch(() => {
    for (const control of controls.value) {
      if (differs(control)) change(control, follow(control.name, valueOf(control), before, after));
    }
    paintings.value = next;
  });
}

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
  if (control.name !== "style_blend" || !weights || !given) return "";
  if (weights !== given) return `Give one weight for each painting: ${given}, not ${weights}.`;
  return parts(formatValue(value)).every((weight) => Number(weight) === 0) ? "Give at least one painting a weight." : "";
}

/** The first invalid setting. */
export const faulty = computed(() => controls.value.find((control) => applies(control) && problemWith(control)));

effect(() => {
  if (!missing.value && !faulty.value) dismiss("order");
});

export function newJob(): JobIn {
  const settings: Settings = { recipe: recipe.value?.name };
  for (const control of controls.value) if (differs(control) && applies(control)) settings[control.name] = changed.value[control.name];
  const [withPhoto, withPaintings] = [recipe.value?.needs_photo !== false, recipe.value?.needs_painting !== false];
  const drawn = withPhoto && photos.value.length < 2 && !photo.value?.clip && masks.value?.photo === photo.value?.id ? masks.value : null;
  const regions = withPaintings ? paintings.value.map((one) => drawn?.regions[one.id]?.id) : [];
  return {
    photo: withPhoto ? (photo.value?.id ?? null) : null,
    paintings: withPaintings ? paintings.value.map((one) => one.id) : [],
    masks: regions.filter((id) => id !== undefined).length === regions.length ? (regions as string[]) : [],
    keep: drawn?.keep?.id ?? null,
    film: withPhoto && photo.value?.clip && photos.value.length < 2 ? orderFilm(choiceOf(photo.value, film.value)) : null,
    settings,
  };
}

export const snapshot = (): Form => ({
  photo: photo.value,
  morePhotos: morePhotos.value,
  paintings: paintings.value,
  masks: masks.value,
  film: film.value,
  recipe: recipeName.value,
  changed: changed.value,
});

export function fill(form: Form): void {
  batch(() => {
    photo.value = form.photo;
    morePhotos.value = form.morePhotos;
    paintings.value = form.paintings;
    masks.value = form.masks;
    film.value = form.film;
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
      const [first = null, ...more] = photos.value.filter((one) => one.id !== given.id);
      batch(() => ((photo.value = first), (morePhotos.value = more)));
      removePainting(given);
      removeMask(given);
    }
  };
  const drawn = masks.value ? [masks.value.keep, ...Object.values(masks.value.regions)] : [];
  await Promise.all([...photos.value, ...paintings.value, ...drawn].map(removeIfExpired));
}

/** Without one of them the other regions are no use: each painting needs its own. */
function removeMask(mask: Picture): void {
  const drawn = masks.value;
  if (!drawn) return;
  const { keep, regions } = drawn;
  if (keep?.id === mask.id) masks.value = { ...drawn, keep: null };
  else if (Object.values(regions).some((one) => one.id === mask.id)) masks.value = { ...drawn, regions: {} };
}

const most = () => about.value?.max_paintings ?? 16;

function loadStored(): Form {
  const empty: Form = { photo: null, morePhotos: [], paintings: [], masks: null, film: null, recipe: "", changed: {} };
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
