import type { Knob } from "../api";
import { differs, reset, valueOf } from "../state/form";
import { problemOf } from "../state/values";

/** The way back to the recipe's own value, where it was left. */
export function Reset({ knob }: { knob: Knob }) {
  if (!differs(knob)) return null;
  return (
    <button type="button" class="reset" aria-label={`Reset ${knob.label}`} title="Back to the recipe's own" onClick={() => reset(knob)}>
      reset
    </button>
  );
}

/** Why a value cannot be sent. */
export function Problem({ knob }: { knob: Knob }) {
  const problem = problemOf(knob, valueOf(knob));
  return problem ? (
    <p class="wrong" id={`wrong-${knob.name}`}>
      {problem}
    </p>
  ) : null;
}
