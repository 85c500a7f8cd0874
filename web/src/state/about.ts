/** The limits, controls, recipes and samples of the server. */

import { computed, signal } from "@preact/signals";
import type { About, Control, Recipe } from "../api";

export const about = signal<About | null>(null);
export const controls = computed<Control[]>(() => about.value?.controls.filter((control) => control.name !== "recipe") ?? []);
export const recipes = computed<Recipe[]>(() => about.value?.recipes ?? []);

export const recipeNamed = (name: unknown): Recipe | undefined => recipes.value.find((recipe) => recipe.name === name);
