import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../api";
import type { Job, Step, Steps } from "../api";

/** The loss curve; its steps are requested only while it is open. */
export function LossCurve({ job }: { job: Job }) {
  const [open, setOpen] = useState(false);
  const steps = useSteps(job, open);
  return (
    <details class="loss" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Loss curve</summary>
      {open && job.progress && <Numbers progress={job.progress} />}
      {open && (steps.length > 1 ? <Curve steps={steps} /> : <p class="help curve">Nothing to draw yet.</p>)}
    </details>
  );
}

function Numbers({ progress }: { progress: NonNullable<Job["progress"]> }) {
  return (
    <p class="counts">
      <span>
        Scale {progress.scale} of {progress.scales}
      </span>
      <span>
        Iteration {progress.iteration} of {progress.iterations}
      </span>
      <span>
        {progress.width} × {progress.height}
      </span>
    </p>
  );
}

/** Milliseconds until a failed request is repeated. */
const RETRY_PAUSE = 3000;

function useSteps(job: Job, wanted: boolean): Step[] {
  const [known, setKnown] = useState<Steps>({ attempt: 0, steps: [] });
  const requested = useRef(0);
  const latest = useRef(0);
  latest.current = job.version;
  const [round, setRound] = useState(0);
  const again = () => setRound((before) => before + 1);
  useEffect(() => {
    if (!wanted || requested.current) return; // one request at a time
    requested.current = job.version;
    api
      .steps(job.id, known.attempt, known.steps.at(-1)?.number ?? 0)
      .then(({ attempt, steps }) => setKnown({ attempt, steps: attempt === known.attempt ? [...known.steps, ...steps] : steps }))
      .catch(() => void setTimeout(again, RETRY_PAUSE))
      .finally(() => {
        if (latest.current !== requested.current) again(); // more steps arrived meanwhile
        requested.current = 0;
      });
  }, [wanted, job.version, round]);
  return known.steps;
}

const WIDTH = 600;
const HEIGHT = 160;
/** More points than this would overlap. */
const POINTS = 300;

function Curve({ steps }: { steps: Step[] }) {
  const losses = steps.map((step) => Math.log10(Math.max(step.loss, 1e-12)));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const last = steps.at(-1)!.number;
  const point = (step: Step) => {
    const x = ((step.number - 1) / Math.max(last - 1, 1)) * WIDTH;
    const y = HEIGHT - ((Math.log10(Math.max(step.loss, 1e-12)) - low) / Math.max(high - low, 1e-9)) * HEIGHT;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const scales = [...new Set(steps.map((step) => step.scale))];
  return (
    <figure class="curve">
      <svg preserveAspectRatio="none" viewBox={`-4 -6 ${WIDTH + 8} ${HEIGHT + 12}`} role="img" aria-label={`Loss over ${last} iterations, from ${brief(steps[0]!.loss)} to ${brief(steps.at(-1)!.loss)}`}>
        <path class="grid" d={`M0 0H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`} />
        {scales.map((scale) => (
          <polyline key={scale} class={`scale-${((scale - 1) % 4) + 1}`} points={downsample(steps.filter((step) => step.scale === scale)).map(point).join(" ")} />
        ))}
      </svg>
      <figcaption>
        <span>
          Loss (logarithmic) {brief(10 ** high)} to {brief(10 ** low)}
        </span>
        {scales.map((scale) => (
          <span key={scale} class={`key scale-${((scale - 1) % 4) + 1}`}>
            scale {scale}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function downsample(steps: Step[]): Step[] {
  const every = Math.ceil(steps.length / POINTS);
  return every < 2 ? steps : steps.filter((_, index) => index % every === 0 || index === steps.length - 1);
}

const brief = (number: number): string => number.toPrecision(3).replace(/e\+/, "e");
