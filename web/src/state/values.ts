/** Values of settings: how they are written in a field, compared, and checked before they are sent. */

import type { Knob } from "../api";
import { about } from "./about";

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
  // A decimal comma; but whether 1,000 is one or a thousand, nobody can know.
  const trimmed = text.trim().replace(/^(?![1-9]\d{0,2},\d{3}$)([^,]*),([^,]*)$/, "$1.$2");
  if (trimmed === "") return knob.nullable ? null : "";
  const number = Number(trimmed);
  return Number.isNaN(number) ? trimmed : number;
}

/** Why a value cannot be sent; empty where it can. The server checks once more. */
export function problemOf(knob: Knob, value: unknown): string {
  if (knob.kind === "layers") return problemOfLayers(written(value));
  if (knob.kind === "numbers") return parts(written(value)).every(isWeight) ? "" : "Give numbers of at least 0, with commas between them.";
  if (knob.kind !== "number" && knob.kind !== "integer") return "";
  if (value === null && knob.nullable) return "";
  if (typeof value !== "number") return `Give a number ${range(knob)}.`;
  if (knob.kind === "integer" && !Number.isInteger(value)) return "Give a whole number.";
  const { minimum, maximum, above, below } = knob;
  const low = minimum !== null && (above ? value <= minimum : value < minimum);
  const high = maximum !== null && (below ? value >= maximum : value > maximum);
  return low || high ? `Give a number ${range(knob)}.` : "";
}

function problemOfLayers(text: string): string {
  for (const part of parts(text)) {
    const [name = "", weight] = part.split("=", 2).map((one) => one.trim());
    if (!about.value?.layers.includes(name)) return `There is no layer ${name || "without a name"}. Write them like relu4_2=1,relu5_1=0.5.`;
    if (weight !== undefined && !isWeight(weight)) return `The weight of ${name} is to be a number of at least 0.`;
  }
  return "";
}

const isWeight = (text: string): boolean => text !== "" && Number(text) >= 0 && Number.isFinite(Number(text));

/** How many numbers a text holds. */
export const count = (value: unknown): number => parts(written(value)).length;

const parts = (text: string): string[] => (text.trim() ? text.split(",").map((part) => part.trim()) : []);

export function range({ minimum, maximum, above, below }: Knob): string {
  const parts = [];
  if (minimum !== null) parts.push(above ? `above ${minimum}` : maximum !== null && !below ? `from ${minimum}` : `of at least ${minimum}`);
  // Limits such as 2 to the 63rd are nobody's concern.
  if (maximum !== null && maximum < 1e15) parts.push(below ? `below ${maximum}` : minimum !== null && !above ? `to ${maximum}` : `of at most ${maximum}`);
  return parts.join(above || below ? " and " : " ");
}

