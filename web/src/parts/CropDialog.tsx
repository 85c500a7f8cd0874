import { useEffect, useRef, useState } from "preact/hooks";
import type { Picture } from "../api";
import { title } from "../format";
import type { Crop } from "../state/perPainting";

interface Props {
  painting: Picture;
  crop: Crop | null;
  onCrop: (crop: Crop | null) => void;
  onEnd: () => void;
}

/** Pixels of a side at least. */
const LEAST = 16;
/** Of the painting's side, for an arrow key. */
const STEP = 0.01;
/** Where each handle is, in halves of the frame, which also says the sides that it moves. */
const HANDLES = [
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
] as const;
const CURSORS = ["nwse", "ns", "nesw", "ew", "nwse", "ns", "nesw", "ew"];
const ARROWS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const NUMBERS = [
  ["x", "Left"],
  ["y", "Top"],
  ["width", "Width"],
  ["height", "Height"],
] as const;

/** A painting with a frame around the part to learn from. */
export function CropDialog({ painting, crop, onCrop, onEnd }: Props) {
  const whole = { x: 0, y: 0, width: painting.width, height: painting.height };
  const dialog = useRef<HTMLDialogElement>(null);
  const picture = useRef<HTMLDivElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [now, setNow] = useState(inside(crop ?? whole));
  const held = useRef<{ x: number; y: number; from: Crop; sides: readonly [number, number] | null } | null>(null);
  useEffect(() => {
    dialog.current?.showModal();
    frame.current?.focus();
  }, []);

  function inside(it: Crop): Crop {
    const fit = (value: number, low: number, high: number) => Math.round(Math.min(Math.max(value, low), high));
    const width = fit(it.width, Math.min(LEAST, painting.width), painting.width);
    const height = fit(it.height, Math.min(LEAST, painting.height), painting.height);
    return { x: fit(it.x, 0, painting.width - width), y: fit(it.y, 0, painting.height - height), width, height };
  }

  /** Move a side, which stops at the painting's edge and before the other side. */
  function side(start: number, length: number, which: number, by: number, most: number): [number, number] {
    const least = Math.min(LEAST, most);
    if (which < 0) {
      const to = Math.min(Math.max(start + by, 0), start + length - least);
      return [to, start + length - to];
    }
    return [start, which ? Math.min(Math.max(length + by, least), most - start) : length];
  }

  function changed(from: Crop, sides: readonly [number, number] | null, dx: number, dy: number): Crop {
    if (!sides) return inside({ ...from, x: from.x + dx, y: from.y + dy });
    const [x, width] = side(from.x, from.width, sides[0], dx, painting.width);
    const [y, height] = side(from.y, from.height, sides[1], dy, painting.height);
    return inside({ x, y, width, height });
  }

  const down = (event: PointerEvent, sides: readonly [number, number] | null) => {
    event.stopPropagation();
    frame.current!.setPointerCapture(event.pointerId);
    held.current = { x: event.clientX, y: event.clientY, from: now, sides };
  };
  const motion = (event: PointerEvent) => {
    if (!held.current) return;
    const { x, y, from, sides } = held.current;
    const scale = painting.width / picture.current!.clientWidth;
    setNow(changed(from, sides, (event.clientX - x) * scale, (event.clientY - y) * scale));
  };
  const keys = (event: KeyboardEvent) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const [dx, dy] = [arrow[0] * Math.max(1, STEP * painting.width), arrow[1] * Math.max(1, STEP * painting.height)];
    setNow(changed(now, event.shiftKey ? [1, 1] : null, dx, dy));
  };
  const end = (chosen?: Crop) => {
    dialog.current?.close();
    if (chosen) onCrop(chosen.width === painting.width && chosen.height === painting.height ? null : chosen);
  };
  const percent = (part: number, of: number) => `${(100 * part) / of}%`;
  const place = { left: percent(now.x, painting.width), top: percent(now.y, painting.height), width: percent(now.width, painting.width), height: percent(now.height, painting.height) };
  const text = `${now.width} × ${now.height} pixels, ${now.x} from the left, ${now.y} from the top`;
  return (
    <dialog class="crop-dialog" ref={dialog} aria-labelledby="crop-heading" onClose={onEnd}>
      <h2 id="crop-heading">The part of {title(painting)} to learn from</h2>
      <p class="help" id="crop-keys">
        Arrow keys move the frame; with Shift they resize it.
      </p>
      <div class="crop-room" style={{ "--ratio": painting.width / painting.height }}>
        <div class="crop-picture" ref={picture}>
          <img src={painting.display} alt={title(painting)} draggable={false} />
          <div class="crop-shade">
            <span style={place} />
          </div>
          <div
            class="crop-frame"
            ref={frame}
            tabIndex={0}
            role="group"
            aria-label="Frame"
            aria-describedby="crop-text crop-keys"
            style={place}
            onKeyDown={keys}
            onPointerDown={(event) => down(event, null)}
            onPointerMove={motion}
            onPointerUp={() => (held.current = null)}
            onPointerCancel={() => (held.current = null)}
          >
            {HANDLES.map((sides, index) => (
              <span key={index} class="crop-handle" style={{ left: `${50 + 50 * sides[0]}%`, top: `${50 + 50 * sides[1]}%`, cursor: `${CURSORS[index]}-resize` }} onPointerDown={(event) => down(event, sides)} />
            ))}
          </div>
        </div>
      </div>
      <p class="unseen" id="crop-text" role="status">
        {text}
      </p>
      <div class="crop-numbers">
        {NUMBERS.map(([name, label]) => (
          <label key={name} class="text-field">
            {label}
            <input type="number" min={0} max={name === "x" || name === "width" ? painting.width : painting.height} value={now[name]} onChange={(event) => setNow(inside({ ...now, [name]: Number(event.currentTarget.value) || 0 }))} />
          </label>
        ))}
      </div>
      <div class="row">
        <button type="button" class="plain" onClick={() => setNow(whole)}>
          Whole painting
        </button>
        <button type="button" onClick={() => end()}>
          Cancel
        </button>
        <button type="button" class="strong" onClick={() => end(now)}>
          Done
        </button>
      </div>
    </dialog>
  );
}
