import type { Knob } from "../api";
import { focusSoon } from "../focus";
import { differs, problemWith, reset } from "../state/form";

/** The way back to the recipe's own value, where it was left. */
export function Reset({ knob }: { knob: Knob }) {
  if (!differs(knob)) return null;
  const back = () => {
    reset(knob);
    focusSoon(`#field-${knob.name}, input[name="${knob.name}"]:checked`);
  };
  return (
    <button type="button" class="reset" aria-label={`Reset ${knob.label}`} title="Back to the recipe's own" onClick={back}>
      reset
    </button>
  );
}

/** Why a value cannot be sent. */
export function Problem({ knob }: { knob: Knob }) {
  const problem = problemWith(knob);
  return problem ? (
    <p class="wrong" id={`wrong-${knob.name}`}>
      {problem}
    </p>
  ) : null;
}
