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
            <span>
              Scale {progress.scale} of {progress.scales}
            </span>
            <span>
              Iteration {progress.iteration} of {progress.iterations}
            </span>
            <span>
              {progress.width} × {progress.height}
            </span>
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
