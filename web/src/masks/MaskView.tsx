import { useEffect, useRef, useState } from "preact/hooks";
import type { Ref } from "preact";
import type { Picture } from "../api";
import { flood } from "./flood";
import { union, type Brush, type MaskDrawing, type Rect } from "./MaskDrawing";
import { drawOverlay } from "./overlay";

export type Tool = "brush" | "eraser" | "flood";

export interface ViewHandle {
  zoomBy: (factor: number) => void;
  fit: () => void;
  focus: () => void;
  /** Draw all that is drawn over the photograph once more. */
  redraw: () => void;
}

interface Props {
  photo: Picture;
  drawing: MaskDrawing;
  /** The photograph's pixels at the size of the masks. */
  pixels: Uint8ClampedArray;
  layer: number;
  label: string;
  tool: Tool;
  brush: Brush;
  tolerance: number;
  handle: Ref<ViewHandle>;
  onChange: () => void;
}

const MAX_ZOOM = 16;
/** A light touch of a pen still draws something. */
const LEAST_PRESSURE = 0.15;

/** The photograph with what is drawn over it; it can be moved and zoomed. */
export function MaskView({ photo, drawing, pixels, layer, label, tool, brush, tolerance, handle, onChange }: Props) {
  const view = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const ring = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState({ width: 1, height: 1 });
  const fitted = Math.min(room.width / photo.width, room.height / photo.height);
  const paper = { width: photo.width * fitted, height: photo.height * fitted };
  const centered = { zoom: 1, x: (room.width - paper.width) / 2, y: (room.height - paper.height) / 2 };
  const [moved, setMoved] = useState<typeof centered | null>(null);
  const at = moved ?? centered;
  const latest = useRef({ at, paper, brush, tool });
  latest.current = { at, paper, brush, tool };
  const hands = useRef(new Map<number, [number, number]>()).current;
  const panning = useRef(false);
  const filling = useRef(false);
  const space = useRef(false);

  const shownLayer = useRef(layer);
  shownLayer.current = layer;
  const stale = useRef<Rect | null>(null);
  /** Draw what changed at the next frame: several events may come before it. */
  const redraw = (rect: Rect = drawing.whole()) => {
    if (stale.current) return void (stale.current = union(stale.current, rect));
    stale.current = rect;
    requestAnimationFrame(() => {
      const context = overlay.current?.getContext("2d");
      if (context && stale.current) drawOverlay(context, drawing, shownLayer.current, stale.current);
      stale.current = null;
    });
  };
  useEffect(() => redraw(), [layer, drawing]);

  const move = (to: typeof centered) => {
    latest.current.at = to;
    setMoved(to);
  };
  const zoomAt = (factor: number, x: number, y: number) => {
    const { at: from } = latest.current;
    const zoom = Math.min(MAX_ZOOM, Math.max(1, from.zoom * factor));
    if (zoom === 1) return setMoved(null);
    const ratio = zoom / from.zoom;
    move({ zoom, x: x - (x - from.x) * ratio, y: y - (y - from.y) * ratio });
  };
  const api: ViewHandle = {
    zoomBy: (factor) => zoomAt(factor, room.width / 2, room.height / 2),
    fit: () => setMoved(null),
    focus: () => view.current?.focus({ preventScroll: true }),
    redraw,
  };
  if (typeof handle === "function") handle(api);
  else if (handle) handle.current = api;

  useEffect(() => {
    const element = view.current!;
    const measure = () => {
      setRoom({ width: element.clientWidth, height: element.clientHeight });
      setMoved(null);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    const wheel = (event: WheelEvent) => {
      event.preventDefault(); // else the browser zooms the page; a listener of Preact's could not
      const [x, y] = inView(event);
      zoomAt(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.0015)), x, y);
      showRing(event);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    const keys = (event: KeyboardEvent) => {
      const pressed = event.type === "keydown";
      // Elsewhere it presses a button, by its end.
      if (event.code !== "Space" || (pressed ? event.target !== element : !space.current)) return;
      event.preventDefault();
      space.current = pressed;
      element.classList.toggle("movable", space.current);
    };
    addEventListener("keydown", keys);
    addEventListener("keyup", keys);
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", wheel);
      removeEventListener("keydown", keys);
      removeEventListener("keyup", keys);
    };
  }, []);

  function inView(event: { clientX: number; clientY: number }): [number, number] {
    const box = view.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function inMask(event: { clientX: number; clientY: number }): [number, number] {
    const [x, y] = inView(event);
    const { at: from, paper: sheet } = latest.current;
    return [((x - from.x) / (from.zoom * sheet.width)) * drawing.size.width, ((y - from.y) / (from.zoom * sheet.height)) * drawing.size.height];
  }

  function draw(event: PointerEvent): void {
    const coalesced = event.getCoalescedEvents?.() ?? [];
    for (const one of coalesced.length ? coalesced : [event]) {
      const pressure = one.pointerType === "pen" ? Math.max(LEAST_PRESSURE, one.pressure) : 1;
      const [x, y] = inMask(one);
      redraw(drawing.strokeTo(x, y, { ...brush, size: brush.size * pressure }));
    }
  }

  function down(event: PointerEvent): void {
    view.current!.setPointerCapture(event.pointerId);
    const hovers = event.pointerType !== "touch";
    if (hovers && event.button > 1) return;
    hands.set(event.pointerId, [event.clientX, event.clientY]);
    if (hands.size > 1 || space.current || event.button === 1) {
      redraw(drawing.abandon()); // the first finger of two drew something
      filling.current = false;
      panning.current = true;
      return;
    }
    if (tool === "flood") return void (filling.current = true); // when it is lifted: two fingers zoom
    drawing.begin(layer, tool === "eraser" || event.buttons === 32); // the other end of a pen
    draw(event);
  }

  function fillAt(event: PointerEvent): void {
    const [x, y] = inMask(event).map(Math.floor) as [number, number];
    if (x < 0 || y < 0 || x >= drawing.size.width || y >= drawing.size.height) return;
    drawing.apply(layer, flood(pixels, drawing.size, x, y, tolerance), event.altKey ? "subtract" : "add");
    redraw();
    onChange();
  }

  function motion(event: PointerEvent): void {
    showRing(event);
    const before = hands.get(event.pointerId);
    if (!before) return;
    const now: [number, number] = [event.clientX, event.clientY];
    if (panning.current) {
      const other = [...hands].find(([id]) => id !== event.pointerId)?.[1];
      const { at: from } = latest.current;
      if (other) {
        const [x, y] = inView({ clientX: (now[0] + other[0]) / 2, clientY: (now[1] + other[1]) / 2 });
        const spread = (hand: [number, number]) => Math.max(1, Math.hypot(hand[0] - other[0], hand[1] - other[1]));
        move({ ...from, x: from.x + (now[0] - before[0]) / 2, y: from.y + (now[1] - before[1]) / 2 });
        zoomAt(spread(now) / spread(before), x, y);
      } else {
        move({ ...from, x: from.x + now[0] - before[0], y: from.y + now[1] - before[1] });
      }
    } else if (drawing.isDrawing) {
      draw(event);
    }
    hands.set(event.pointerId, now);
  }

  function up(event: PointerEvent): void {
    hands.delete(event.pointerId);
    if (filling.current) {
      filling.current = false;
      fillAt(event);
    }
    if (!hands.size) panning.current = false;
    if (!drawing.isDrawing) return;
    drawing.end();
    onChange();
  }

  function cancelled(event: PointerEvent): void {
    hands.delete(event.pointerId);
    if (!hands.size) panning.current = false;
    redraw(drawing.abandon());
  }

  /** The brush's size under the pointer. */
  function showRing(event: { clientX: number; clientY: number; pointerType?: string }): void {
    const element = ring.current!;
    const { at: now, paper: sheet, brush: shown, tool: holding } = latest.current;
    const diameter = (shown.size / drawing.size.width) * sheet.width * now.zoom;
    const [x, y] = inView(event);
    element.hidden = holding === "flood" || event.pointerType === "touch";
    element.style.width = element.style.height = `${diameter}px`;
    element.style.transform = `translate(${x - diameter / 2}px, ${y - diameter / 2}px)`;
  }

  return (
    <div
      class={`mask-view ${tool}`}
      ref={view}
      tabIndex={0}
      role="group"
      aria-label={label}
      onPointerDown={down}
      onPointerMove={motion}
      onPointerUp={up}
      onPointerCancel={cancelled}
      onPointerLeave={() => (ring.current!.hidden = true)}
      onContextMenu={(event) => event.preventDefault()}
    >
      <div class="mask-paper" style={{ width: `${paper.width}px`, height: `${paper.height}px`, transform: `translate(${at.x}px, ${at.y}px) scale(${at.zoom})` }}>
        <img src={photo.display} alt="" draggable={false} />
        <canvas ref={overlay} width={drawing.size.width} height={drawing.size.height} />
      </div>
      <div class="mask-ring" ref={ring} hidden />
    </div>
  );
}
