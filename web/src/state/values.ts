/** Formats, parses, compares and validates values of settings. */

import type { Control } from "../api";
import { about } from "./about";

/** Format a value for a text field: `relu1_1=1,relu2_1=0.5` for layers, `2,1` for numbers. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object") {
    return Object.entries(value).map(([name, weight]) => `${name}=${weight}`).join(",");
  }
  return String(value);
}

export const same = (one: unknown, other: unknown): boolean => formatValue(one) === formatValue(other);

/** Parse a number field's text; text that is no number is returned as it is, for `validate` to report. */
export function parseValue(control: Control, text: string): unknown {
  // Accept a decimal comma, except in 1,000, which is ambiguous.
  const trimmed = text.trim().replace(/^(?![1-9]\d{0,2},\d{3}$)([^,]*),([^,]*)$/, "$1.$2");
  if (trimmed === "") return control.nullable ? null : "";
  const number = Number(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}

/** Why a value is invalid; empty where it is valid. The server validates again. */
export function validate(control: Control, value: unknown): string {
  if (control.kind === "layers") return validateLayers(formatValue(value));
  if (control.kind === "numbers") return parts(formatValue(value)).every(isWeight) ? "" : "Give numbers of at least 0, with commas between them.";
  if (control.kind !== "number" && control.kind !== "integer") return "";
  if (value === null && control.nullable) return "";
  if (typeof value !== "number") return `Give a number ${range(control)}.`;
  if (control.kind === "integer" && !Number.isInteger(value)) return "Give a whole number.";
  const { minimum, maximum, exclusive_minimum: above, exclusive_maximum: below } = control;
  const low = minimum !== null && (above ? value <= minimum : value < minimum);
  const high = maximum !== null && (below ? value >= maximum : value > maximum);
  return low || high ? `Give a number ${range(control)}.` : "";
}

function validateLayers(text: string): string {
  for (const part of parts(text)) {
    const [name = "", weight] = part.split("=", 2).map((one) => one.trim());
    if (!about.value?.layers.includes(name)) return `There is no layer ${name || "without a name"}. Write them like relu4_2=1,relu5_1=0.5.`;
    if (weight !== undefined && !isWeight(weight)) return `The weight of ${name} must be a number of at least 0.`;
  }
  return "";
}

const isWeight = (text: string): boolean => text !== "" && Number(text) >= 0 && Number.isFinite(Number(text));

/** Count the numbers in a text. */
export const count = (value: unknown): number => parts(formatValue(value)).length;

export const parts = (text: string): string[] => (text.trim() ? text.split(",").map((part) => part.trim()) : []);

export function range({ minimum, maximum, exclusive_minimum: above, exclusive_maximum: below }: Control): string {
  const parts = [];
  if (minimum !== null) parts.push(above ? `above ${minimum}` : maximum !== null && !below ? `from ${minimum}` : `of at least ${minimum}`);
  // Limits such as 2 to the 63rd do not help the user.
  if (maximum !== null && maximum < 1e15) parts.push(below ? `below ${maximum}` : minimum !== null && !above ? `to ${maximum}` : `of at most ${maximum}`);
  return parts.join(above || below ? " and " : " ");
}

