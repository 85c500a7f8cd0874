/**
 * What is drawn in the editor: a plane of bytes for each layer, at the resolution of the masks.
 *
 * Layer 0 is what stays of the photograph. The others are the paintings' regions, which exclude each other: at each
 * pixel they add up to 255 at most, and what is left belongs to the paintings without a region of their own, or to the
 * first.
 */

import type { Size } from "./gray";

export interface Rect {
  left: number;
  top: number;
  /** Exclusive, as is `bottom`. */
  right: number;
  bottom: number;
}

/** What undoing takes: the former values of the layers that changed, within a rectangle. */
interface Step {
  rect: Rect;
  layers: [number, Uint8Array][];
}

export interface Brush {
  /** Diameter in pixels of the mask. */
  size: number;
  /** 0 for a hard edge, 1 for one that fades from the middle. */
  softness: number;
}

export type Mode = "add" | "replace" | "subtract";

const MAX_STEPS = 100;
/** Of all steps together; a step takes a few thousand bytes, as planes hardly vary along a row. */
const MAX_STEP_BYTES = 64e6;
/** Pixels of a piece of a stroke at least, whatever the brush. */
const MIN_PIECE = 16;

/** The brush at a point. */
interface Tip {
  x: number;
  y: number;
  radius: number;
}

export class MaskDrawing {
  readonly planes: Uint8Array[];
  /** Whether anything was ever drawn on a layer. */
  readonly used: boolean[];
  private undoSteps: Step[] = [];
  private redoSteps: Step[] = [];
  private stroke: { layer: number; erases: boolean; base: Uint8Array[]; cover: Uint8Array; touched: Rect; at: Tip | null } | null = null;

  constructor(readonly size: Size, layers: number) {
    this.planes = Array.from({ length: layers }, () => new Uint8Array(size.width * size.height));
    this.used = this.planes.map(() => false);
  }

  get canUndo(): boolean {
    return this.undoSteps.length > 0;
  }

  get canRedo(): boolean {
    return this.redoSteps.length > 0;
  }

  get isDrawing(): boolean {
    return this.stroke !== null;
  }

  /** The share of the photograph that a layer covers, 0 to 1. */
  share(layer: number): number {
    let sum = 0;
    for (const value of this.planes[layer]!) sum += value;
    return sum / (255 * this.planes[layer]!.length);
  }

  isEmpty(layer: number): boolean {
    return this.planes[layer]!.every((value) => value === 0);
  }

  begin(layer: number, erases: boolean): void {
    this.used[layer] = true;
    const base = this.planes.map((plane) => plane.slice());
    this.stroke = { layer, erases, base, cover: new Uint8Array(base[0]!.length), touched: nothing(), at: null };
  }

  /** Continue the stroke to a point, in pixels of the mask; returns what changed. */
  strokeTo(x: number, y: number, brush: Brush): Rect {
    const stroke = this.stroke!;
    const to = { x, y, radius: Math.max(0.5, brush.size / 2) };
    const from = stroke.at ?? to;
    // In pieces: the rectangle around a long oblique one is mostly empty.
    const pieces = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / (2 * to.radius + MIN_PIECE)));
    const between = (share: number): Tip => ({
      x: from.x + (to.x - from.x) * share,
      y: from.y + (to.y - from.y) * share,
      radius: from.radius + (to.radius - from.radius) * share,
    });
    let changed = nothing();
    for (let piece = 0; piece < pieces; piece++) changed = union(changed, this.cover(between(piece / pieces), between((piece + 1) / pieces), brush.softness));
    stroke.at = to;
    stroke.touched = union(stroke.touched, changed);
    return changed;
  }

  /** Cover what is as near to the line between two points as the brush reaches. */
  private cover(from: Tip, to: Tip, softness: number): Rect {
    const { cover, layer, erases, base } = this.stroke!;
    const reach = Math.max(from.radius, to.radius) + 1;
    const rect = this.clip({
      left: Math.floor(Math.min(from.x, to.x) - reach),
      top: Math.floor(Math.min(from.y, to.y) - reach),
      right: Math.ceil(Math.max(from.x, to.x) + reach),
      bottom: Math.ceil(Math.max(from.y, to.y) + reach),
    });
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = dx * dx + dy * dy || 1;
    for (let row = rect.top; row < rect.bottom; row++) {
      const y = row + 0.5 - from.y;
      for (let column = rect.left, at = row * this.size.width + rect.left; column < rect.right; column++, at++) {
        if (cover[at] === 255) continue;
        const x = column + 0.5 - from.x;
        const share = Math.max(0, Math.min(1, (x * dx + y * dy) / length));
        const radius = from.radius + (to.radius - from.radius) * share;
        const distance = Math.sqrt((x - share * dx) ** 2 + (y - share * dy) ** 2);
        const edge = Math.max(1, softness * radius); // at least a pixel wide, so that no stairs are seen
        const inside = (radius + 0.5 - distance) / edge;
        if (inside <= 0) continue;
        const value = inside >= 1 ? 255 : Math.round(255 * inside * inside * (3 - 2 * inside));
        if (value <= cover[at]!) continue;
        cover[at] = value;
        this.blend(layer, at, value, erases, base);
      }
    }
    return rect;
  }

  /** End the stroke as one step. */
  end(): void {
    const stroke = this.stroke;
    this.stroke = null;
    if (stroke) this.remember(stroke.base, stroke.touched);
  }

  /** Take the stroke back. */
  abandon(): Rect {
    const stroke = this.stroke;
    this.stroke = null;
    if (!stroke) return nothing();
    stroke.base.forEach((plane, layer) => this.planes[layer]!.set(plane));
    return stroke.touched;
  }

  /** Add a plane to a layer, replace it, or subtract it, as one step. */
  apply(layer: number, plane: Uint8Array, mode: Mode): void {
    this.used[layer] = true;
    const base = this.planes.map((one) => one.slice());
    if (mode === "replace") base[layer]!.fill(0);
    const before = this.planes.map((one) => one.slice());
    if (mode === "replace") this.planes[layer]!.fill(0);
    for (let at = 0; at < plane.length; at++) if (plane[at]) this.blend(layer, at, plane[at]!, mode === "subtract", base);
    this.remember(before, this.whole());
  }

  invert(layer: number): void {
    this.apply(layer, this.planes[layer]!.map((value) => 255 - value), "replace");
  }

  clear(layer: number): void {
    this.apply(layer, new Uint8Array(this.planes[layer]!.length), "replace");
  }

  undo(): Rect {
    return this.swap(this.undoSteps, this.redoSteps);
  }

  redo(): Rect {
    return this.swap(this.redoSteps, this.undoSteps);
  }

  /**
   * The masks of the paintings, complete: places of no region go to the paintings without one, or to the first.
   * None where no region is drawn; a single painting's is its region.
   */
  complete(): Uint8Array[] {
    const regions = this.planes.slice(1);
    const empty = regions.map((_, index) => this.isEmpty(index + 1));
    if (!empty.includes(false)) return [];
    if (regions.length === 1) return [regions[0]!.slice()];
    const rest = regions[0]!.map((_, at) => 255 - Math.min(255, regions.reduce((sum, plane) => sum + plane[at]!, 0)));
    return regions.map((plane, index) => {
      if (empty[index]) return rest.slice();
      return index === 0 && !empty.includes(true) ? plane.map((value, at) => value + rest[at]!) : plane.slice();
    });
  }

  /** Load what `complete` gave: the places of those that have one mask in common, or of the first, are those of no region. */
  load(keep: Uint8Array | null, regions: Uint8Array[], shared: boolean[]): void {
    if (keep) this.planes[0]!.set(keep);
    this.used.fill(true);
    const rest = shared.includes(true) || regions.length < 2 ? shared : regions.map((_, index) => index === 0);
    regions.forEach((plane, index) => {
      if (!rest[index]) for (let at = 0; at < plane.length; at++) this.blend(index + 1, at, plane[at]!, false, this.planes);
    });
  }

  /** Continue with planes of another drawing. */
  restore(planes: Uint8Array[]): void {
    planes.forEach((plane, layer) => {
      this.planes[layer]!.set(plane);
      this.used[layer] = true;
    });
  }

  private blend(layer: number, at: number, value: number, erases: boolean, base: Uint8Array[]): void {
    const kept = 255 - value;
    if (erases || layer === 0) {
      const before = base[layer]![at]!;
      this.planes[layer]![at] = erases ? Math.round((before * kept) / 255) : before + Math.round(((255 - before) * value) / 255);
      return;
    }
    let others = 0;
    for (let other = 1; other < base.length; other++) {
      const before = base[other]![at]!;
      if (other === layer || !before) continue;
      others += this.planes[other]![at] = Math.round((before * kept) / 255);
    }
    const before = base[layer]![at]!;
    this.planes[layer]![at] = Math.min(255 - others, before + Math.round(((255 - before) * value) / 255));
  }

  private remember(before: Uint8Array[], rect: Rect): void {
    const step = this.stepOf(before, rect, (layer) => this.differs(before[layer]!, this.planes[layer]!, rect));
    if (!step.layers.length) return;
    this.redoSteps = [];
    this.undoSteps.push(step);
    const bytes = (one: Step) => one.layers.reduce((sum, [, data]) => sum + data.length, 0);
    let total = this.undoSteps.reduce((sum, one) => sum + bytes(one), 0);
    while (this.undoSteps.length > 1 && (this.undoSteps.length > MAX_STEPS || total > MAX_STEP_BYTES)) total -= bytes(this.undoSteps.shift()!);
  }

  private swap(from: Step[], to: Step[]): Rect {
    const step = from.pop();
    if (!step) return nothing();
    const layers = new Set(step.layers.map(([layer]) => layer));
    to.push(this.stepOf(this.planes, step.rect, (layer) => layers.has(layer)));
    for (const [layer, data] of step.layers) this.decode(this.planes[layer]!, step.rect, data);
    return step.rect;
  }

  private stepOf(planes: Uint8Array[], rect: Rect, chosen: (layer: number) => boolean): Step {
    const layers = planes.map((_, layer) => layer).filter(chosen);
    return { rect, layers: layers.map((layer) => [layer, this.encode(planes[layer]!, rect)]) };
  }

  private differs(one: Uint8Array, other: Uint8Array, rect: Rect): boolean {
    for (let row = rect.top; row < rect.bottom; row++) {
      for (let at = row * this.size.width + rect.left, end = at + rect.right - rect.left; at < end; at++) if (one[at] !== other[at]) return true;
    }
    return false;
  }

  /** Run lengths, at most 255, each with its value. */
  private encode(plane: Uint8Array, rect: Rect): Uint8Array {
    const runs: number[] = [];
    for (let row = rect.top; row < rect.bottom; row++) {
      for (let at = row * this.size.width + rect.left, end = at + rect.right - rect.left; at < end; at++) {
        const last = runs.length - 2;
        if (last >= 0 && runs[last + 1] === plane[at] && runs[last]! < 255) runs[last]!++;
        else runs.push(1, plane[at]!);
      }
    }
    return Uint8Array.from(runs);
  }

  private decode(plane: Uint8Array, rect: Rect, data: Uint8Array): void {
    const width = rect.right - rect.left;
    for (let run = 0, place = 0; run < data.length; run += 2) {
      for (let left = data[run]!; left > 0; left--, place++) {
        plane[(rect.top + Math.floor(place / width)) * this.size.width + rect.left + (place % width)] = data[run + 1]!;
      }
    }
  }

  whole(): Rect {
    return { left: 0, top: 0, right: this.size.width, bottom: this.size.height };
  }

  private clip(rect: Rect): Rect {
    const [left, top] = [Math.max(0, rect.left), Math.max(0, rect.top)];
    return { left, top, right: Math.max(left, Math.min(this.size.width, rect.right)), bottom: Math.max(top, Math.min(this.size.height, rect.bottom)) };
  }
}

const nothing = (): Rect => ({ left: 0, top: 0, right: 0, bottom: 0 });

export function union(one: Rect, other: Rect): Rect {
  if (one.right <= one.left) return other;
  if (other.right <= other.left) return one;
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}
