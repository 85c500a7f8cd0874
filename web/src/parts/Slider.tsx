import type { Control } from "../api";
import { change, problemWith, recipe, recipeValue, valueOf } from "../state/form";
import { formatValue } from "../state/values";
import { Problem, ResetButton } from "./ResetButton";

interface Span {
  low: number;
  high: number;
  /** Whether the scale is logarithmic. */
  log: boolean;
  round: number;
  ends: [string, string];
}

/** The useful range of each slider: the field beside it accepts the whole range. */
const SPANS: Record<string, Span> = {
  strength: { low: 0, high: 1, log: false, round: 0.01, ends: ["photograph", "painting"] },
  style_scale: { low: 0.25, high: 4, log: true, round: 0.05, ends: ["fine", "broad"] },
  size: { low: 128, high: 2048, log: true, round: 16, ends: ["quick", "large"] },
};
const NOTCHES = 200;

export function Slider({ control }: { control: Control }) {
  const span = SPANS[control.name] ?? defaultSpan(control);
  const value = valueOf(control);
  const fallback = recipeValue(control);
  const number = typeof value === "number" ? value : typeof fallback === "number" ? fallback : recipeSize();
  return (
    <div class="slider">
      <input
        type="range"
        min={0}
        max={NOTCHES}
        step={1}
        value={notch(span, number)}
        aria-label={control.label}
        aria-valuetext={formatValue(value) || "the recipe’s own"}
        onInput={(event) => change(control, at(span, Number(event.currentTarget.value)))}
      />
      {problemWith(control) ? (
        <Problem control={control} />
      ) : (
        <span class="ends">
          <span aria-hidden="true">{span.ends[0]}</span>
          <ResetButton control={control} />
          <span aria-hidden="true">{span.ends[1]}</span>
        </span>
      )}
    </div>
  );
}

/** The recipe's size rule, such as `long:512`, applies while size is unset. */
function recipeSize(): number {
  const sizes = String(recipe.value?.values.size_rule ?? "").match(/\d+/g);
  return Math.max(0, ...(sizes ?? ["512"]).map(Number));
}

function at(span: Span, notch: number): number {
  const share = notch / NOTCHES;
  const exact = span.log ? span.low * (span.high / span.low) ** share : span.low + (span.high - span.low) * share;
  return Number((Math.round(exact / span.round) * span.round).toFixed(4));
}

function notch(span: Span, value: number): number {
  const inside = Math.min(Math.max(value, span.low), span.high);
  const share = span.log ? Math.log(inside / span.low) / Math.log(span.high / span.low) : (inside - span.low) / (span.high - span.low);
  return Math.round(share * NOTCHES);
}

function defaultSpan(control: Control): Span {
  const low = control.minimum ?? 0;
  const high = control.maximum ?? Math.max(1, 4 * Number(control.default));
  return { low, high, log: false, round: control.kind === "integer" ? 1 : (high - low) / NOTCHES, ends: [String(low), String(high)] };
}
