import type { Control } from "../api";
import { focusSoon } from "../focus";
import { differs, problemWith, reset } from "../state/form";

/** Resets a changed setting to the recipe's value. */
export function ResetButton({ control }: { control: Control }) {
  if (!differs(control)) return null;
  const back = () => {
    reset(control);
    focusSoon(`#field-${control.name}, input[name="${control.name}"]:checked`);
  };
  return (
    <button type="button" class="reset" aria-label={`Reset ${control.label}`} title="Back to the recipe's own" onClick={back}>
      reset
    </button>
  );
}

/** Why a value is invalid. */
export function Problem({ control }: { control: Control }) {
  const problem = problemWith(control);
  return problem ? (
    <p class="wrong" id={`wrong-${control.name}`}>
      {problem}
    </p>
  ) : null;
}
