import * as api from "../api";
import type { Job } from "../api";
import { duration } from "../format";
import { Icon } from "../parts/Icon";
import { fill } from "../stage/ResultTools";
import { paintWhole } from "../state/actions";
import { favor, step } from "../state/gallery";
import { restoreJob } from "../state/restore";

interface Props {
  job: Job;
  beside: boolean;
  onBeside: (beside: boolean) => void;
}

/** What can be done with a finished film. */
export function FilmTools({ job, beside, onBeside }: Props) {
  const { preview, whole_seconds: seconds } = job.film!;
  return (
    <>
      {preview && (
        <p class="film-preview">
          <span>{seconds === null ? "A preview: small, and not every frame." : `The whole film takes about ${duration(seconds)}.`}</span>
          <button type="button" class="strong" onClick={() => void paintWhole(job)}>
            Paint the whole film
          </button>
        </p>
      )}
      <div class="tools">
        <a class="button" href={api.download(job.id, "png")} download>
          <Icon name="download" /> Download
        </a>
        {job.photo?.clip && job.photo.clip.media_type !== "application/octet-stream" && (
          <button type="button" aria-pressed={beside} onClick={() => onBeside(!beside)}>
            Beside its clip
          </button>
        )}
        <button type="button" onClick={() => restoreJob(job)}>
          Use these settings
        </button>
        <span class="divided looking">
          <button type="button" class="touch-only" aria-label="The picture before" onClick={() => step(-1)}>
            <Icon name="back" />
          </button>
          <button type="button" class="touch-only" aria-label="The next picture" onClick={() => step(1)}>
            <Icon name="next" />
          </button>
          <button type="button" aria-pressed={job.favorite} aria-label="Favorite" title="Favorite" onClick={() => void favor([job.id], !job.favorite)}>
            <Icon name="star" />
          </button>
          {document.fullscreenEnabled && (
            <button type="button" aria-label="Full screen" title="Full screen" onClick={fill}>
              <Icon name="full" />
            </button>
          )}
        </span>
      </div>
    </>
  );
}

/** Play the film on the stage, or pause it; returns whether there is one. */
export function togglePlaying(): boolean {
  const film = document.getElementById("film");
  if (!(film instanceof HTMLVideoElement)) return false;
  if (film.paused) void film.play().catch(() => undefined);
  else film.pause();
  return true;
}
