import { useState } from "preact/hooks";
import type { Job } from "../api";
import { cancel, retry } from "../state/actions";
import { withLabels } from "../state/notices";
import { restoreJob } from "../state/restore";
import { jobDetails } from "../differences";
import { duration, jobTitle } from "../format";
import { findBatch } from "../state/jobs";
import { selectBatch } from "../state/selection";
import { Icon } from "../parts/Icon";
import { useCaptionFocus } from "./useCaptionFocus";
import { Viewer } from "./Viewer";
import { ResultTools } from "./ResultTools";
import { LossCurve } from "./LossCurve";
import { Running } from "./Running";

export function JobView({ job }: { job: Job }) {
  const [pixels, setPixels] = useState(false);
  const finished = job.state === "finished";
  const caption = useCaptionFocus(job.state);
  return (
    <>
      <Viewer job={job} pixels={finished && pixels} />
      <div class="caption" ref={caption}>
        <div class="caption-head">
          {job.batch !== null && <ToBatch id={job.batch} />}
          <h2>{jobTitle(job)}</h2>
          <p class="facts">{facts(job)}</p>
        </div>
        {job.attempt > 1 && !finished && <p class="help">Restarted after the worker was interrupted.</p>}
        {job.state === "queued" && <Waiting job={job} />}
        {job.state === "running" && <Running job={job} />}
        {finished && <ResultTools job={job} pixels={pixels} onPixels={setPixels} />}
        {(job.state === "failed" || job.state === "cancelled") && <Ended job={job} />}
      </div>
      {job.state !== "queued" && <LossCurve job={job} />}
    </>
  );
}

function facts(job: Job): string {
  const parts = [jobDetails(job)];
  if (job.width && job.height) parts.push(`${job.width} × ${job.height}`);
  if (job.state === "finished" && job.started && job.ended) parts.push(duration(job.ended - job.started));
  if (job.kept_early) parts.push("kept early");
  return parts.join(" · ");
}

/** The way back to the batch that a picture belongs to. */
function ToBatch({ id }: { id: number }) {
  const name = findBatch(id)?.name ?? "the batch";
  return (
    <button type="button" class="quiet to-batch" onClick={() => selectBatch(id)}>
      <Icon name="back" /> {name}
    </button>
  );
}

export function Waiting({ job }: { job: Job }) {
  return (
    <div class="progress">
      <p>{job.queue_position === 1 ? "Next in the queue" : `Number ${job.queue_position} in the queue`}</p>
      <div class="row">
        <button type="button" onClick={() => cancel(job)}>
          Cancel
        </button>
      </div>
    </div>
  );
}

function Ended({ job }: { job: Job }) {
  return (
    <div class="progress">
      {job.error ? (
        <p class="wrong">
          It failed: {withLabels(job.error.problem)}. {withLabels(job.error.hint)}
        </p>
      ) : (
        <p>Cancelled.</p>
      )}
      <div class="row">
        <button type="button" class={job.error ? "" : "strong"} onClick={() => retry(job)}>
          Paint it again
        </button>
        <button type="button" class={job.error ? "strong" : ""} onClick={() => restoreJob(job)}>
          {job.error ? "Change its settings" : "Use these settings"}
        </button>
      </div>
    </div>
  );
}

