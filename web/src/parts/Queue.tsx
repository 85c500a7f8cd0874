import type { Job } from "../api";
import { focusSoon } from "../focus";
import { cancel, moveBy } from "../state/actions";
import { allRunning, queue } from "../state/jobs";
import { select, selectedId } from "../state/selection";
import { jobTitle, share, STATES } from "../format";
import { Icon } from "./Icon";

/** The queued jobs, in order. */
export function Queue() {
  const list = queue.value;
  const elsewhere = allRunning.value.filter((job) => job.id !== selectedId.value);
  if (!list.length && !elsewhere.length) return null;
  return (
    <section class="queue" aria-labelledby="queue-heading">
      <h2 id="queue-heading">Queue</h2>
      <ol>
        {elsewhere.map((job) => (
          <RunningRow key={job.id} job={job} />
        ))}
        {list.map((job, index) => (
          <Row key={job.id} job={job} first={index === 0} last={index === list.length - 1} />
        ))}
      </ol>
    </section>
  );
}

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
