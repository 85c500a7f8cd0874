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
  const keep = drawing.planes[0]!;
  const keepStrength = (1.3 * (active === 0 ? ACTIVE : OTHER)) / 255;
  const regions = drawing.planes
    .map((plane, layer) => ({ plane, color: colorOf(layer - 1), strength: (layer === active ? ACTIVE : OTHER) / 255 }))
    .filter((_, layer) => layer > 0 && drawing.used[layer]);
  const image = context.createImageData(width, height);
  const pixels = image.data;
  // Plain numbers: this runs for each pixel under a large brush, and many times a second.
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, at = (rect.top + y) * drawing.size.width + rect.left; x < width; x++, at++, to += 4) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let alpha = 0;
      for (let index = 0; index < regions.length; index++) {
        const region = regions[index]!;
        const weight = region.plane[at]! * region.strength;
        if (weight === 0) continue;
        red += region.color[0] * weight;
        green += region.color[1] * weight;
        blue += region.color[2] * weight;
        alpha += weight;
      }
      // Until here the colors are multiplied by their alpha.
      const over = keep[at]! * keepStrength;
      if (over > 0) {
        // Stripes of black and white are seen on any photograph, and over any color.
        const gray = (rect.left + x + rect.top + y) % STRIPES < STRIPES / 2 ? 255 * over : 0;
        red = gray + red * (1 - over);
        green = gray + green * (1 - over);
        blue = gray + blue * (1 - over);
        alpha = over + alpha * (1 - over);
      }
      if (alpha === 0) continue;
      pixels[to] = red / alpha;
      pixels[to + 1] = green / alpha;
      pixels[to + 2] = blue / alpha;
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
