/** Flood by color: the pixels around one that have about its color. */

import type { Size } from "./gray";

/**
 * Fill from a pixel as far as colors differ by at most a tolerance.
 *
 * @param pixels RGBA.
 * @param tolerance 0 for this color alone, 1 for all.
 * @returns 255 where it is filled, with an edge one pixel softer than that.
 */
export function flood(pixels: Uint8ClampedArray, { width, height }: Size, x: number, y: number, tolerance: number): Uint8Array {
  const filled = new Uint8Array(width * height);
  const seed = 4 * (y * width + x);
  const [red, green, blue] = [pixels[seed]!, pixels[seed + 1]!, pixels[seed + 2]!];
  const most = (tolerance * 255) ** 2 * 3;
  const alike = (at: number): boolean => {
    const [r, g, b] = [pixels[4 * at]! - red, pixels[4 * at + 1]! - green, pixels[4 * at + 2]! - blue];
    return !filled[at] && r * r + g * g + b * b <= most;
  };
  const rows: number[] = [y * width + x];
  while (rows.length) {
    const at = rows.pop()!;
    if (!alike(at)) continue;
    const row = at - (at % width);
    let [left, right] = [at, at];
    while (left > row && alike(left - 1)) left--;
    while (right < row + width - 1 && alike(right + 1)) right++;
    for (let one = left; one <= right; one++) filled[one] = 255;
    for (const next of [row - width, row + width]) {
      if (next < 0 || next >= filled.length) continue;
      for (let one = left - row + next, before = false; one <= right - row + next; one++) {
        const now = alike(one);
        if (now && !before) rows.push(one);
        before = now;
      }
    }
  }
  return soften(filled, width, height);
}

/** Fill pinholes, and soften the edge: the mean over three by three pixels, with a little more contrast. */
function soften(plane: Uint8Array, width: number, height: number): Uint8Array {
  const soft = new Uint8Array(plane.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let [sum, count] = [0, 0];
      for (let near = Math.max(0, row - 1); near <= Math.min(height - 1, row + 1); near++) {
        for (let at = near * width + Math.max(0, column - 1); at <= near * width + Math.min(width - 1, column + 1); at++) {
          sum += plane[at]!;
          count++;
        }
      }
      soft[row * width + column] = Math.max(0, Math.min(255, Math.round((1.5 * sum) / count - 64)));
    }
  }
  return soft;
}
