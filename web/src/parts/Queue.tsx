import type { Job } from "../api";
import { focusSoon } from "../focus";
import { cancel, cancelBatch, moveBy } from "../state/actions";
import { allRunning, findBatch, queue, queueRows } from "../state/jobs";
import { select, selectBatch, selectedId, view } from "../state/selection";
import { jobTitle, plural, share, STATES } from "../format";
import { Icon } from "./Icon";

/** The queued jobs, in order; those of a batch are one row. */
export function Queue() {
  const elsewhere = allRunning.value.filter((job) => job.id !== selectedId.value && !isOnStage(job));
  const rows = queueRows.value;
  if (!rows.length && !elsewhere.length) return null;
  return (
    <section class="queue" aria-labelledby="queue-heading">
      <h2 id="queue-heading">Queue</h2>
      <ol>
        {elsewhere.map((job) => (
          <RunningRow key={job.id} job={job} />
        ))}
        {rows.map((jobs, index) =>
          jobs[0]!.batch === null ? (
            <Row key={jobs[0]!.id} job={jobs[0]!} first={index === 0} last={index === rows.length - 1} />
          ) : (
            <BatchRow key={`batch-${jobs[0]!.batch}`} id={jobs[0]!.batch} waiting={jobs.length} />
          ),
        )}
      </ol>
    </section>
  );
}

const isOnStage = (job: Job): boolean => view.value?.kind === "batch" && view.value.id === job.batch;

/** A running job while the stage shows another. */
function RunningRow({ job }: { job: Job }) {
  const name = jobTitle(job);
  return (
    <li>
      <JobButton job={job} />
      <progress value={share(job)} max={1} aria-label={`${name}: painted`} />
      <button type="button" class="plain" aria-label={`Cancel ${name}`} onClick={() => cancelQueued(job)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function Row({ job, first, last }: { job: Job; first: boolean; last: boolean }) {
  const name = jobTitle(job);
  return (
    <li>
      <JobButton job={job} />
      <button type="button" class="plain" aria-disabled={first} aria-label={`Move ${name} up`} onClick={() => !first && moveBy(job, -1)}>
        <Icon name="up" />
      </button>
      <button type="button" class="plain" aria-disabled={last} aria-label={`Move ${name} down`} onClick={() => !last && moveBy(job, 1)}>
        <Icon name="down" />
      </button>
      <button type="button" class="plain" aria-label={`Cancel ${name}`} onClick={() => cancelQueued(job)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function BatchRow({ id, waiting }: { id: number; waiting: number }) {
  const name = findBatch(id)?.name ?? "A batch";
  const end = async () => {
    await cancelBatch(id);
    focusSoon(".queue .what, button.paint");
  };
  return (
    <li>
      <button type="button" class="what" aria-label={`Show ${name}: ${waiting} waiting`} onClick={() => selectBatch(id)}>
        <Icon name="images" />
        <span class="clip">{name}</span> <span class="help">{plural(waiting, "picture")} waiting</span>
      </button>
      <button type="button" class="plain" aria-label={`Cancel ${name}`} onClick={() => void end()}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function JobButton({ job }: { job: Job }) {
  const pictures = [...(job.photo ? [job.photo] : []), ...job.paintings].slice(0, 3);
  return (
    <button type="button" class="what" aria-label={`Show ${jobTitle(job)} ${String(job.settings.recipe)}: ${STATES[job.state]}`} onClick={() => select(job.id)}>
      {pictures.map((picture) => (
        <img key={picture.id} src={picture.thumbnail} alt="" width={40} height={40} draggable={false} />
      ))}
      <span class="clip">{jobTitle(job)}</span> <span class="help">{String(job.settings.recipe)}</span>
    </button>
  );
}

async function cancelQueued(job: Job): Promise<void> {
  const place = queue.value.findIndex((one) => one.id === job.id);
  await cancel(job);
  focusSoon(".queue .what, button.paint", Math.max(place, 0));
}
