/** What is sought among the settings. */

import { signal } from "@preact/signals";
import type { Control } from "../api";

export const search = signal("");

/** Whether a setting's label, name or help has every word that is sought. */
export function matches(control: Control): boolean {
  const text = `${control.label} ${control.name} ${control.name.replaceAll("_", " ")} ${control.help}`.toLowerCase();
  return words().every((word) => text.includes(word));
}

export const isSearching = (): boolean => words().length > 0;

const words = (): string[] => search.value.toLowerCase().split(/\s+/).filter(Boolean);
