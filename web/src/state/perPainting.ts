/** The settings that have one part for each painting: crops and shares. */

import { formatValue, parts } from "./values";

/** A part of a painting, in its own pixels. */
export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The crop of each of some paintings; null for a whole one. Text that cannot be read is that of whole ones. */
export function readCrops(value: unknown, paintings: number): (Crop | null)[] {
  const texts = formatValue(value).split(";");
  return Array.from({ length: paintings }, (_, index) => (texts.length === paintings ? readCrop(texts[index]!) : null));
}

function readCrop(text: string): Crop | null {
  const numbers = text.split(",").map((one) => one.trim());
  if (numbers.length !== 4 || !numbers.every((one) => /^\d+$/.test(one))) return null;
  const [x, y, width, height] = numbers.map(Number) as [number, number, number, number];
  return width && height ? { x, y, width, height } : null;
}

/** Empty where every painting is whole. */
export function writeCrops(crops: (Crop | null)[]): string {
  return crops.some(Boolean) ? crops.map((it) => (it ? `${it.x},${it.y},${it.width},${it.height}` : "")).join(";") : "";
}

/** Shares that are nearer to each other than this, in percent, are equal: they are written with one decimal. */
const EQUAL = 0.11;

/** The share of each of some paintings in percent; equal ones where none, or too few, are stated. */
export function readShares(value: unknown, paintings: number): number[] {
  const weights = parts(formatValue(value)).map(Number);
  const sum = weights.reduce((one, other) => one + other, 0);
  const stated = weights.length === paintings && weights.every((one) => one >= 0) && sum > 0 && Number.isFinite(sum);
  return stated ? weights.map((one) => (100 * one) / sum) : Array<number>(paintings).fill(100 / paintings);
}

/** Give one painting a share, and the others what is left, in the proportions that they have. */
export function withShare(shares: number[], index: number, share: number): number[] {
  const others = shares.reduce((sum, one, place) => (place === index ? sum : sum + one), 0);
  const left = 100 - share;
  return shares.map((one, place) => (place === index ? share : others > 0 ? (one / others) * left : left / (shares.length - 1)));
}

/** None where they are equal, which is what the recipes have. */
export function writeShares(shares: number[]): string {
  if (Math.max(...shares) - Math.min(...shares) < EQUAL) return "";
  return shares.map((one) => Number(one.toFixed(1))).join(",");
}

/** What becomes of a setting when paintings, by their ids, are added, removed or moved. */
export function follow(name: string, value: unknown, before: string[], after: string[]): unknown {
  const from = after.map((id) => before.indexOf(id));
  if (name === "style_crop") {
    if (formatValue(value).split(";").length !== before.length) return value;
    const crops = readCrops(value, before.length);
    return writeCrops(from.map((index) => crops[index] ?? null));
  }
  if (name === "style_blend") {
    const weights = parts(formatValue(value)).map(Number);
    if (weights.length !== before.length || weights.some(Number.isNaN)) return value;
    const mean = weights.reduce((sum, one) => sum + one, 0) / weights.length;
    const next = from.map((index) => weights[index] ?? Number(mean.toFixed(1)));
    return next.length < 2 || next.every((one) => one === next[0]) ? "" : next.join(",");
  }
  return value;
}
