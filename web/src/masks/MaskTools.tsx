import { Icon } from "../parts/Icon";
import type { Tool } from "./MaskView";

export interface ToolState {
  tool: Tool;
  /** Diameter in percent of the photograph's longer side. */
  size: number;
  /** In percent, as the tolerance. */
  softness: number;
  tolerance: number;
}

export const SIZES = { low: 0.5, high: 50 };
export const ZOOM_STEP = 1.5;
const NOTCHES = 100;

interface Props {
  state: ToolState;
  onState: (state: ToolState) => void;
  onInvert: () => void;
  onClear: () => void;
}

/** The brush, the eraser and the flood, and what they are like. */
export function MaskTools({ state, onState, onInvert, onClear }: Props) {
  const { tool } = state;
  const toolButton = (name: Tool, label: string, key: string) => (
    <button type="button" aria-pressed={tool === name} aria-label={label} aria-keyshortcuts={key} title={`${label} (${key})`} onClick={() => onState({ ...state, tool: name })}>
      <Icon name={name} /> <span class="mask-word">{label}</span>
    </button>
  );
  return (
    <div class="mask-tools">
      <div class="mask-buttons">
        <span class="mask-buttons" role="group" aria-label="Tool">
          {toolButton("brush", "Brush", "B")}
          {toolButton("eraser", "Eraser", "E")}
          {toolButton("flood", "Flood", "F")}
        </span>
        <button type="button" class="plain" aria-keyshortcuts="X" title="Invert (X)" onClick={onInvert}>
          Invert
        </button>
        <button type="button" class="plain" onClick={onClear}>
          Clear
        </button>
      </div>
      {tool === "flood" ? (
        <Range label="Tolerance" low={1} high={60} value={state.tolerance} text={`${state.tolerance} %`} onValue={(tolerance) => onState({ ...state, tolerance })} />
      ) : (
        <>
          <Range
            label="Size"
            low={0}
            high={NOTCHES}
            value={Math.round((NOTCHES * Math.log(state.size / SIZES.low)) / Math.log(SIZES.high / SIZES.low))}
            text={`${Number(state.size.toPrecision(2))} %`}
            onValue={(notch) => onState({ ...state, size: SIZES.low * (SIZES.high / SIZES.low) ** (notch / NOTCHES) })}
          />
          <Range label="Softness" low={0} high={100} value={state.softness} text={`${state.softness} %`} onValue={(softness) => onState({ ...state, softness })} />
        </>
      )}
    </div>
  );
}

interface HistoryProps {
  canUndo: boolean;
  canRedo: boolean;
  onUndo: () => void;
  onRedo: () => void;
}

export function HistoryButtons({ canUndo, canRedo, onUndo, onRedo }: HistoryProps) {
  return (
    <>
      <button type="button" class="plain" aria-label="Undo" aria-keyshortcuts="Control+Z" title="Undo (Ctrl+Z)" aria-disabled={!canUndo} onClick={onUndo}>
        <Icon name="undo" />
      </button>
      <button type="button" class="plain" aria-label="Redo" aria-keyshortcuts="Control+Shift+Z" title="Redo (Ctrl+Shift+Z)" aria-disabled={!canRedo} onClick={onRedo}>
        <Icon name="redo" />
      </button>
    </>
  );
}

export function ZoomButtons({ onZoom, onFit }: { onZoom: (factor: number) => void; onFit: () => void }) {
  return (
    <div class="mask-zoom" role="group" aria-label="Zoom">
      <button type="button" aria-label="Zoom out" aria-keyshortcuts="-" title="Zoom out (-)" onClick={() => onZoom(1 / ZOOM_STEP)}>
        <Icon name="minus" />
      </button>
      <button type="button" aria-label="Zoom in" aria-keyshortcuts="+" title="Zoom in (+)" onClick={() => onZoom(ZOOM_STEP)}>
        <Icon name="plus" />
      </button>
      <button type="button" title="All of the photograph" onClick={onFit}>
        Fit
      </button>
    </div>
  );
}

interface RangeProps {
  label: string;
  low: number;
  high: number;
  value: number;
  text: string;
  onValue: (value: number) => void;
}

function Range({ label, low, high, value, text, onValue }: RangeProps) {
  return (
    <label class="mask-range slider">
      <span>{label}</span>
      <input type="range" min={low} max={high} value={value} aria-label={label} aria-valuetext={text} onInput={(event) => onValue(Number(event.currentTarget.value))} />
      <output>{text}</output>
    </label>
  );
}
