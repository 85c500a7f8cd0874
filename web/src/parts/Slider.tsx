import type { Knob } from "../api";
import { change, problemWith, recipe, recipeValue, valueOf } from "../state/form";
import { written } from "../state/values";
import { Problem, Reset } from "./Reset";

interface Span {
  low: number;
  high: number;
  /** Equal distances multiply by the same. */
  log: boolean;
  round: number;
  ends: [string, string];
}

/** Where a slider is of use: the field beside it takes the whole range. */
const SPANS: Record<string, Span> = {
  strength: { low: 0, high: 1, log: false, round: 0.01, ends: ["photograph", "painting"] },
  style_scale: { low: 0.25, high: 4, log: true, round: 0.05, ends: ["fine", "broad"] },
  size: { low: 128, high: 2048, log: true, round: 16, ends: ["quick", "large"] },
};
const NOTCHES = 200;

export function Slider({ knob }: { knob: Knob }) {
  const span = SPANS[knob.name] ?? plain(knob);
  const value = valueOf(knob);
  const own = recipeValue(knob);
  const number = typeof value === "number" ? value : typeof own === "number" ? own : ownSize();
  return (
    <div class="slider">
      <input
        type="range"
        min={0}
        max={NOTCHES}
        step={1}
        value={notch(span, number)}
        aria-label={knob.label}
        aria-valuetext={written(value) || "the recipe’s own"}
        onInput={(event) => change(knob, at(span, Number(event.currentTarget.value)))}
      />
      {problemWith(knob) ? (
        <Problem knob={knob} />
      ) : (
        <span class="ends">
          <span aria-hidden="true">{span.ends[0]}</span>
          <Reset knob={knob} />
          <span aria-hidden="true">{span.ends[1]}</span>
        </span>
      )}
    </div>
  );
}

/** Where size is not set, the recipe's frame says it: `long:512`. */
function ownSize(): number {
  const sizes = String(recipe.value?.values.frame ?? "").match(/\d+/g);
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

function plain(knob: Knob): Span {
  const low = knob.minimum ?? 0;
  const high = knob.maximum ?? Math.max(1, 4 * Number(knob.default));
  return { low, high, log: false, round: knob.kind === "integer" ? 1 : (high - low) / NOTCHES, ends: [String(low), String(high)] };
}
