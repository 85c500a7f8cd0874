/** Gray pictures as planes of bytes, and back. */

import type { Picture } from "../api";

/** Pixels of a mask's longer side at most. */
const LONG_SIDE = 1024;
/** How far the aspect of a mask may be from the photograph's; the server accepts twice as much. */
const TOLERANCE = 0.01;
/** The studio shows masks as lossy WebP: values so near to black or white were that. */
const NEAR = 6;

export interface Size {
  width: number;
  height: number;
}

/** The size of a photograph's masks. */
export function maskSize(photo: Size): Size {
  const longest = Math.max(photo.width, photo.height);
  for (let side = Math.min(LONG_SIDE, longest); ; side++) {
    const [width, height] = [photo.width, photo.height].map((one) => Math.max(1, Math.round((one * side) / longest))) as [number, number];
    if (side >= longest || Math.abs((width * photo.height) / (height * photo.width) - 1) <= TOLERANCE) return { width, height };
  }
}

export async function loadImage(address: string): Promise<HTMLImageElement> {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}

/** The pixels of a picture at a size, RGBA. */
export function pixelsOf(image: CanvasImageSource, { width, height }: Size): Uint8ClampedArray {
  const context = contextOf({ width, height });
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

/** The gray values of a picture at a size. */
export async function planeOf(address: string, size: Size): Promise<Uint8Array> {
  const pixels = pixelsOf(await loadImage(address), size);
  const plane = new Uint8Array(size.width * size.height);
  for (let at = 0; at < plane.length; at++) {
    const value = pixels[4 * at]!;
    plane[at] = value <= NEAR ? 0 : value >= 255 - NEAR ? 255 : value;
  }
  return plane;
}

/** A gray PNG. */
export function encodePlane(plane: Uint8Array, size: Size): Promise<Blob> {
  const context = contextOf(size);
  const pixels = context.createImageData(size.width, size.height);
  for (let at = 0; at < plane.length; at++) pixels.data.fill(plane[at]!, 4 * at, 4 * at + 3)[4 * at + 3] = 255;
  context.putImageData(pixels, 0, 0);
  return new Promise((resolve, reject) => {
    context.canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser could not encode the mask"))), "image/png");
  });
}

/** A mask that is white where any of some is. */
export async function mergeMasks(masks: Picture[]): Promise<Blob> {
  const size = { width: masks[0]!.width, height: masks[0]!.height };
  const planes = await Promise.all(masks.map((mask) => planeOf(mask.display, size)));
  return encodePlane(planes[0]!.map((_, at) => Math.min(255, planes.reduce((sum, plane) => sum + plane[at]!, 0))), size);
}

function contextOf({ width, height }: Size): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", { willReadFrequently: true })!;
}
