/** What the studio offers: settings, recipes, and the pictures that ship. */

import { computed, signal } from "@preact/signals";
import type { About, Knob, Recipe } from "../api";

export const about = signal<About | null>(null);
export const knobs = computed<Knob[]>(() => about.value?.knobs.filter((knob) => knob.name !== "recipe") ?? []);
export const recipes = computed<Recipe[]>(() => about.value?.recipes ?? []);

export const recipeNamed = (name: unknown): Recipe | undefined => recipes.value.find((recipe) => recipe.name === name);
