import type { Job } from "../api";
import { cancel, keep } from "../state/actions";
import { duration, share } from "../format";

export function Running({ job }: { job: Job }) {
  const progress = job.progress;
  return (
    <div class="progress">
      <progress value={progress ? share(job) : 0} max={1} aria-label="Painted" />
      <p class="counts">
        {progress ? (
          <>
            <span>{phase(progress)} …</span>
            <span>{progress.remaining < 1 ? "almost done" : `about ${duration(progress.remaining)} left`}</span>
          </>
        ) : (
          <span>Mixing the colors …</span>
        )}
      </p>
      <div class="row">
        <button type="button" class="strong" disabled={!progress} onClick={() => keep(job)}>
          Keep this
        </button>
        <button type="button" aria-keyshortcuts="Escape" onClick={() => cancel(job)}>
          Cancel
        </button>
      </div>
    </div>
  );
}

/** What a scale does, in a painter's words: the coarsest gives the shapes, and the finest the strokes. */
function phase({ scale, scales }: NonNullable<Job["progress"]>): string {
  if (scales === 1) return "Painting";
  if (scale === 1) return "Laying the large shapes";
  return scale === scales ? "Painting the strokes" : "Working out the forms";
}
