import { useState } from "preact/hooks";
import type { Job } from "../api";
import { jobDetails } from "../differences";
import { clock, duration, jobTitle, share } from "../format";
import { Waiting } from "../stage/JobView";
import { useCaptionFocus } from "../stage/useCaptionFocus";
import { cancel, retry } from "../state/actions";
import { withLabels } from "../state/notices";
import { restoreJob } from "../state/restore";
import { FilmTools } from "./FilmTools";
import { FilmViewer } from "./FilmViewer";

/** The job of a film: its frames as they are painted, and the film when it is whole. */
export function FilmView({ job }: { job: Job }) {
  const [beside, setBeside] = useState(false);
  const caption = useCaptionFocus(job.state);
  const finished = job.state === "finished";
  return (
    <>
      <FilmViewer job={job} beside={finished && beside} />
      <div class="caption" ref={caption}>
        <div class="caption-head">
          <h2>{jobTitle(job)}</h2>
          <p class="facts">{facts(job)}</p>
        </div>
        {job.state === "queued" && <Waiting job={job} />}
        {job.state === "running" && <Painting job={job} />}
        {finished && <FilmTools job={job} beside={beside} onBeside={setBeside} />}
        {(job.state === "failed" || job.state === "cancelled") && <Stopped job={job} />}
      </div>
    </>
  );
}

function facts(job: Job): string {
  const film = job.film!;
  const parts = [jobDetails(job), film.preview ? "preview" : clock(film.seconds)];
  parts.push(job.width && job.height ? `${job.width} × ${job.height}` : film.preview ? "small" : `${job.settings.size} px`);
  if (job.state === "finished") parts.push(`${film.frames} frames`);
  return parts.join(" · ");
}

function Painting({ job }: { job: Job }) {
  const { painted, frames, remaining } = job.film!;
  return (
    <div class="progress">
      <progress value={share(job)} max={1} aria-label="Painted" />
      <p class="counts">
        <span>{phase(job.film!)}</span>
        {remaining !== null && painted < frames && <span>{remaining < 1 ? "almost done" : `about ${duration(remaining)} left`}</span>}
      </p>
      <div class="row">
        <button type="button" aria-keyshortcuts="Escape" title="What is painted is kept, to go on later" onClick={() => cancel(job)}>
          Cancel
        </button>
      </div>
    </div>
  );
}

function phase({ painted, frames }: NonNullable<Job["film"]>): string {
  if (!painted) return "Looking through the film …";
  return painted < frames ? `${painted} of ${frames} frames painted` : "Writing the film …";
}

function Stopped({ job }: { job: Job }) {
  const { painted, frames } = job.film!;
  const kept = painted ? `${painted} of ${frames} frames are painted, and kept until you delete it or space runs short.` : "";
  return (
    <div class="progress">
      {job.error ? (
        <p class="wrong">
          It failed: {withLabels(job.error.problem)}. {withLabels(job.error.hint)} {kept}
        </p>
      ) : (
        <p>Cancelled. {kept}</p>
      )}
      <div class="row">
        <button type="button" class="strong" onClick={() => retry(job)}>
          {painted ? "Resume" : "Paint it again"}
        </button>
        <button type="button" onClick={() => restoreJob(job)}>
          {job.error ? "Change its settings" : "Use these settings"}
        </button>
      </div>
    </div>
  );
}
