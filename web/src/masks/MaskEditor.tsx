import { useEffect, useRef, useState } from "preact/hooks";
import type { Picture, Region } from "../api";
import { Confirm } from "../parts/Confirm";
import { title } from "../format";
import { masks, paintings, photo, type Masks } from "../state/form";
import { sendMask } from "../state/masks";
import { describe } from "../state/notices";
import { FoundRegions } from "./FoundRegions";
import { encodePlane, loadImage, maskSize, pixelsOf, planeOf } from "./gray";
import { MaskDrawing, type Mode } from "./MaskDrawing";
import { KEEP, MaskLayers, percent } from "./MaskLayers";
import { HistoryButtons, MaskTools, SIZES, ZOOM_STEP, ZoomButtons, type ToolState } from "./MaskTools";
import { MaskView, type ViewHandle } from "./MaskView";

interface Opened {
  photo: Picture;
  paintings: Picture[];
  drawing: MaskDrawing;
  pixels: Uint8ClampedArray;
}

/** As drawn last, with the masks that were made of it: from these alone not every region is told from what is left over. */
let last: { masks: Masks; paintings: string; planes: Uint8Array[] } | null = null;
const idsOf = (list: Picture[]): string => list.map((one) => one.id).join();

/** Brush sizes from key to key. */
const SIZE_STEP = 1.25;

/** A window over the whole page, to draw the masks in. */
export function MaskEditor({ onEnd }: { onEnd: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [opened, setOpened] = useState<Opened | null>(null);
  const [problem, setProblem] = useState("");
  /** What the back gesture and Esc do: ask, where something would be lost. */
  const leave = useRef<() => void>(() => undefined);
  useEffect(() => {
    dialog.current?.showModal();
    open().then(setOpened, (error: unknown) => setProblem(describe(error)));
  }, []);
  const close = () => dialog.current?.close();
  return (
    <dialog class="mask-editor" ref={dialog} aria-label="Masks" onClose={onEnd} onCancel={(event) => opened && (event.preventDefault(), leave.current())}>
      {opened ? <Editor opened={opened} leave={leave} onClose={close} /> : <Waiting problem={problem} onClose={close} />}
    </dialog>
  );
}

function Waiting({ problem, onClose }: { problem: string; onClose: () => void }) {
  return (
    <div class="mask-waiting">
      <p role={problem ? "alert" : "status"}>{problem || "Opening the photograph …"}</p>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
    </div>
  );
}

/** Load the photograph, and the masks that are there. */
async function open(): Promise<Opened> {
  const [given, list, drawn] = [photo.value!, paintings.value, masks.value];
  const drawing = new MaskDrawing(maskSize(given), list.length + 1);
  const image = await loadImage(given.display);
  const opened = { photo: given, paintings: list, drawing, pixels: pixelsOf(image, drawing.size) };
  if (last && last.masks === drawn && last.paintings === idsOf(list)) {
    drawing.restore(last.planes);
    return opened;
  }
  const plane = (mask: Picture) => planeOf(mask.display, drawing.size);
  const stored = list.map((one) => drawn?.regions[one.id]).filter((one) => one !== undefined);
  const [keep, regions] = await Promise.all([drawn?.keep ? plane(drawn.keep) : null, Promise.all(stored.map(plane))]);
  const shared = stored.map((mask) => stored.filter((other) => other.id === mask.id).length > 1);
  drawing.load(keep, regions, shared);
  return opened;
}

function Editor({ opened, leave, onClose }: { opened: Opened; leave: { current: () => void }; onClose: () => void }) {
  const { drawing } = opened;
  const [layer, setLayer] = useState(opened.paintings.length > 1 ? 2 : 0);
  const [tools, setTools] = useState<ToolState>({ tool: "brush", size: 8, softness: 30, tolerance: 12 });
  const [shares, setShares] = useState(() => measure(drawing));
  const [news, setNews] = useState("");
  const [problem, setProblem] = useState("");
  const [saving, setSaving] = useState("");
  const [changed, setChanged] = useState(false);
  const [asking, setAsking] = useState(false);
  const view = useRef<ViewHandle>(null);
  useEffect(() => view.current?.focus(), []);
  const name = layer ? title(opened.paintings[layer - 1]!) : KEEP;
  const long = Math.max(drawing.size.width, drawing.size.height);

  const onChange = () => {
    const now = measure(drawing);
    setShares(now);
    setChanged(true);
    setProblem("");
    setNews(`${name}: ${percent(now[layer]!)}`);
  };
  const act = (change: () => void) => {
    if (drawing.isDrawing) return;
    change();
    view.current?.redraw();
    onChange();
  };
  const applyFound = async (regions: Region[], mode: Mode) => {
    try {
      const planes = await Promise.all(regions.map((region) => planeOf(region.url, drawing.size)));
      act(() => drawing.apply(layer, planes[0]!.map((_, at) => Math.max(...planes.map((plane) => plane[at]!))), mode));
    } catch (error) {
      setProblem(describe(error));
    }
  };
  const done = async () => {
    if (saving) return;
    if (!changed) return onClose();
    setSaving("Saving …");
    try {
      await save(opened);
      onClose();
    } catch (error) {
      setProblem(describe(error));
    } finally {
      setSaving("");
    }
  };
  const cancel = () => {
    if (saving) return;
    if (changed) setAsking(true);
    else onClose();
  };
  leave.current = cancel;
  const undo = () => drawing.canUndo && act(() => drawing.undo());
  const redo = () => drawing.canRedo && act(() => drawing.redo());
  const invert = () => act(() => drawing.invert(layer));
  const zoom = (factor: number) => view.current?.zoomBy(factor);
  const resize = (factor: number) => setTools({ ...tools, size: Math.min(SIZES.high, Math.max(SIZES.low, tools.size * factor)) });

  const keys = (event: KeyboardEvent) => {
    const key = event.key.toLowerCase();
    // Many keyboards have brackets only by another key, which browsers report as well.
    const composed = event.getModifierState("AltGraph") || (event.altKey && "[]".includes(key));
    if (event.altKey && !composed) return;
    const act: (() => void) | undefined =
      (event.ctrlKey || event.metaKey) && !composed
        ? { z: event.shiftKey ? redo : undo, y: redo }[key]
        : {
            escape: cancel,
            b: () => setTools({ ...tools, tool: "brush" }),
            e: () => setTools({ ...tools, tool: "eraser" }),
            f: () => setTools({ ...tools, tool: "flood" }),
            x: invert,
            "[": () => resize(1 / SIZE_STEP),
            "]": () => resize(SIZE_STEP),
            "+": () => zoom(ZOOM_STEP),
            "=": () => zoom(ZOOM_STEP),
            "-": () => zoom(1 / ZOOM_STEP),
          }[key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <>
      <div class="mask-layout" onKeyDown={keys} aria-busy={saving !== ""}>
        <div class="mask-head">
          <h2>Masks</h2>
          <HistoryButtons canUndo={drawing.canUndo} canRedo={drawing.canRedo} onUndo={undo} onRedo={redo} />
          <p class="wrong" role="alert">
            {problem}
          </p>
          <button type="button" aria-keyshortcuts="Escape" onClick={cancel}>
            Cancel
          </button>
          <button type="button" class="strong" aria-disabled={saving !== ""} onClick={done}>
            {saving || "Done"}
          </button>
        </div>
        <div class="mask-stage">
          <MaskView
            photo={opened.photo}
            drawing={drawing}
            pixels={opened.pixels}
            layer={layer}
            label={`Photograph to draw on: ${name}`}
            tool={tools.tool}
            brush={{ size: Math.max(1, (tools.size / 100) * long), softness: tools.softness / 100 }}
            tolerance={tools.tolerance / 100}
            handle={view}
            onChange={onChange}
          />
          <ZoomButtons onZoom={zoom} onFit={() => view.current?.fit()} />
        </div>
        <div class="mask-panel">
          <MaskTools state={tools} onState={setTools} onInvert={invert} onClear={() => act(() => drawing.clear(layer))} />
          <MaskLayers photo={opened.photo} paintings={opened.paintings} shares={shares} layer={layer} onLayer={setLayer} />
          <FoundRegions photo={opened.photo} layer={name} onApply={applyFound} />
        </div>
        <p class="unseen" role="status">
          {news}
        </p>
      </div>
      {asking && <Confirm question="Discard what you have drawn since you opened the masks?" action="Discard" refusal="Keep drawing" onYes={onClose} onEnd={() => setAsking(false)} />}
    </>
  );
}

const measure = (drawing: MaskDrawing): number[] => drawing.planes.map((_, layer) => drawing.share(layer));

/** Upload what is drawn, and put it in the form; equal masks are one picture. */
async function save({ photo: given, paintings: list, drawing }: Opened): Promise<void> {
  const keep = drawing.isEmpty(0) ? null : drawing.planes[0]!;
  if (keep?.every((value) => value === 255)) throw new Error("All of the photograph would stay: leave a place to paint.");
  const regions = drawing.complete();
  const lost = regions.findIndex((plane) => plane.every((value) => value === 0));
  if (lost >= 0) throw new Error(`No place is left for ${title(list[lost]!)}: draw one, or remove the painting.`);
  const send = async (plane: Uint8Array, name: string) => sendMask(await encodePlane(plane, drawing.size), `${name}.png`);
  const kept = keep && (await send(keep, "keep"));
  const sent: [string, Picture][] = [];
  for (const [index, plane] of regions.entries()) sent.push([list[index]!.id, await send(plane, `mask ${index + 1}`)]);
  if (photo.value?.id !== given.id) throw new Error("The photograph has been changed meanwhile.");
  const made = kept || sent.length ? { photo: given.id, regions: Object.fromEntries(sent), keep: kept } : null;
  last = made && { masks: made, paintings: idsOf(list), planes: drawing.planes };
  masks.value = made;
}
