/** The layers over the photograph, each in its own translucent color. */

import type { MaskDrawing, Rect } from "./MaskDrawing";

type Color = [number, number, number];

/** Easy to tell apart, by lightness too. */
const FIRST: Color[] = [
  [232, 96, 44],
  [38, 122, 224],
  [246, 200, 40],
  [20, 150, 106],
  [196, 78, 200],
  [70, 200, 230],
];
/** Pixels of the mask between the stripes of what stays, over both. */
const STRIPES = 12;
const ACTIVE = 0.62;
const OTHER = 0.42;

/** The color of a painting's region. */
export function colorOf(painting: number): Color {
  return FIRST[painting] ?? fromHue((painting * 137.5) % 360);
}

export const cssColor = (color: Color): string => `rgb(${color.join(" ")})`;

export function drawOverlay(context: CanvasRenderingContext2D, drawing: MaskDrawing, active: number, rect: Rect): void {
  const [width, height] = [rect.right - rect.left, rect.bottom - rect.top];
  if (width <= 0 || height <= 0) return;
  const { planes, size } = drawing;
  const colors = planes.map((_, layer) => colorOf(layer - 1));
  const strength = planes.map((_, layer) => (layer === active ? ACTIVE : OTHER) / 255);
  const image = context.createImageData(width, height);
  const pixels = image.data;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = (rect.top + y) * size.width + rect.left; x < width; x++, at++, to += 4) {
      let [red, green, blue, alpha] = [0, 0, 0, 0];
      for (let layer = 1; layer < planes.length; layer++) {
        const value = planes[layer]![at]!;
        if (!value) continue;
        const weight = value * strength[layer]!;
        const [r, g, b] = colors[layer]!;
        red += r * weight;
        green += g * weight;
        blue += b * weight;
        alpha += weight;
      }
      if (alpha) [red, green, blue] = [red / alpha, green / alpha, blue / alpha];
      const keep = planes[0]![at]! * strength[0]! * 1.3;
      if (keep) {
        // Stripes of black and white are seen on any photograph, and over any color.
        const gray = (rect.left + x + rect.top + y) % STRIPES < STRIPES / 2 ? 255 : 0;
        const over = keep + alpha * (1 - keep);
        const mix = keep / over;
        [red, green, blue, alpha] = [red + (gray - red) * mix, green + (gray - green) * mix, blue + (gray - blue) * mix, over];
      }
      pixels[to] = red;
      pixels[to + 1] = green;
      pixels[to + 2] = blue;
      pixels[to + 3] = alpha * 255;
    }
  }
  context.putImageData(image, rect.left, rect.top);
}

function fromHue(hue: number): Color {
  const part = (shift: number) => {
    const place = (shift + hue / 30) % 12;
    return Math.round(255 * (0.55 - 0.35 * Math.max(-1, Math.min(place - 3, 9 - place, 1))));
  };
  return [part(0), part(8), part(4)];
}
