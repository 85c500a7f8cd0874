import * as api from "../api";
import type { Job } from "../api";
import { duration } from "../format";
import { Icon } from "../parts/Icon";
import { LookingTools } from "../stage/LookingTools";
import { paintWhole } from "../state/actions";
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
        <LookingTools job={job} />
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
