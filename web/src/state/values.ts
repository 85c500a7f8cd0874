/** Values of settings: how they are written in a field, compared, and checked before they are sent. */

import type { Knob } from "../api";

/** How a text field shows a value: `relu1_1=1,relu2_1=0.5` for layers, `2,1` for numbers. */
export function written(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object") {
    return Object.entries(value).map(([name, weight]) => `${name}=${weight}`).join(",");
  }
  return String(value);
}

export const same = (one: unknown, other: unknown): boolean => written(one) === written(other);

/** What a number field's text stands for; text that is no number stays as it is, and `problemOf` speaks of it. */
export function read(knob: Knob, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return knob.nullable ? null : "";
  const number = Number(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}

/** Why a value cannot be sent; empty where it can. The server checks once more. */
export function problemOf(knob: Knob, value: unknown): string {
  if (knob.kind !== "number" && knob.kind !== "integer") return "";
  if (value === null && knob.nullable) return "";
  if (typeof value !== "number") return `Give a number ${range(knob)}.`;
  if (knob.kind === "integer" && !Number.isInteger(value)) return "Give a whole number.";
  const { minimum, maximum, above, below } = knob;
  const low = minimum !== null && (above ? value <= minimum : value < minimum);
  const high = maximum !== null && (below ? value >= maximum : value > maximum);
  return low || high ? `Give a number ${range(knob)}.` : "";
}

export function range({ minimum, maximum, above, below }: Knob): string {
  const parts = [];
  if (minimum !== null) parts.push(above ? `above ${short(minimum)}` : maximum !== null && !below ? `from ${short(minimum)}` : `of at least ${short(minimum)}`);
  // Limits such as 2 to the 63rd are nobody's concern.
  if (maximum !== null && maximum < 1e15) parts.push(below ? `below ${short(maximum)}` : minimum !== null && !above ? `to ${short(maximum)}` : `of at most ${short(maximum)}`);
  return parts.join(above || below ? " and " : " ");
}

const short = (number: number): string => number.toLocaleString("en");
