import type { Job } from "../api";
import { focusSoon } from "../focus";
import { cancel, shift } from "../state/deeds";
import { allRunning, queue } from "../state/jobs";
import { watch, watchedId } from "../state/watching";
import { jobTitle, share, STATES } from "../words";
import { Icon } from "./Icon";

/** What waits to be painted, in order. */
export function Queue() {
  const list = queue.value;
  const elsewhere = allRunning.value.filter((job) => job.id !== watchedId.value);
  if (!list.length && !elsewhere.length) return null;
  return (
    <section class="queue" aria-labelledby="queue-heading">
      <h2 id="queue-heading">Queue</h2>
      <ol>
        {elsewhere.map((job) => (
          <UnderWay key={job.id} job={job} />
        ))}
        {list.map((job, index) => (
          <Row key={job.id} job={job} first={index === 0} last={index === list.length - 1} />
        ))}
      </ol>
    </section>
  );
}

/** What is painted while the stage shows something else. */
function UnderWay({ job }: { job: Job }) {
  const name = jobTitle(job);
  return (
    <li>
      <What job={job} />
      <progress value={share(job)} max={1} aria-label={`${name}: painted`} />
      <button type="button" class="plain" aria-label={`Cancel ${name}`} onClick={() => cancelHere(job)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function Row({ job, first, last }: { job: Job; first: boolean; last: boolean }) {
  const name = jobTitle(job);
  return (
    <li>
      <What job={job} />
      <button type="button" class="plain" aria-disabled={first} aria-label={`Move ${name} up`} onClick={() => !first && shift(job, -1)}>
        <Icon name="up" />
      </button>
      <button type="button" class="plain" aria-disabled={last} aria-label={`Move ${name} down`} onClick={() => !last && shift(job, 1)}>
        <Icon name="down" />
      </button>
      <button type="button" class="plain" aria-label={`Cancel ${name}`} onClick={() => cancelHere(job)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

function What({ job }: { job: Job }) {
  const pictures = [...(job.photo ? [job.photo] : []), ...job.paintings].slice(0, 3);
  return (
    <button type="button" class="what" aria-label={`Show ${jobTitle(job)} ${String(job.settings.recipe)}: ${STATES[job.state]}`} onClick={() => watch(job.id)}>
      {pictures.map((picture) => (
        <img key={picture.id} src={picture.thumbnail} alt="" width={40} height={40} draggable={false} />
      ))}
      <span class="clip">{jobTitle(job)}</span> <span class="help">{String(job.settings.recipe)}</span>
    </button>
  );
}

async function cancelHere(job: Job): Promise<void> {
  const place = queue.value.findIndex((one) => one.id === job.id);
  await cancel(job);
  focusSoon(".queue .what, button.paint", Math.max(place, 0));
}
