import type { Job } from "../api";
import { cancel, shift } from "../state/deeds";
import { queue } from "../state/jobs";
import { watch } from "../state/watching";
import { jobTitle } from "../words";
import { Icon } from "./Icon";

/** What waits to be painted, in order. */
export function Queue() {
  const list = queue.value;
  if (!list.length) return null;
  return (
    <section class="queue" aria-labelledby="queue-heading">
      <h2 id="queue-heading">Queue</h2>
      <ol>
        {list.map((job, index) => (
          <Row key={job.id} job={job} first={index === 0} last={index === list.length - 1} />
        ))}
      </ol>
    </section>
  );
}

function Row({ job, first, last }: { job: Job; first: boolean; last: boolean }) {
  const name = jobTitle(job);
  const pictures = [...(job.photo ? [job.photo] : []), ...job.paintings].slice(0, 3);
  return (
    <li>
      <button type="button" class="what" aria-label={`Show ${name} ${String(job.settings.recipe)}: Waiting`} onClick={() => watch(job.id)}>
        {pictures.map((picture) => (
          <img key={picture.id} src={picture.thumbnail} alt="" width={40} height={40} draggable={false} />
        ))}
        <span class="clip">{name}</span>{" "}
        <span class="help">{String(job.settings.recipe)}</span>
      </button>
      <button type="button" class="plain" disabled={first} aria-label={`Move ${name} up`} onClick={() => shift(job, -1)}>
        <Icon name="up" />
      </button>
      <button type="button" class="plain" disabled={last} aria-label={`Move ${name} down`} onClick={() => shift(job, 1)}>
        <Icon name="down" />
      </button>
      <button type="button" class="plain" aria-label={`Cancel ${name}`} onClick={() => cancel(job)}>
        <Icon name="close" />
      </button>
    </li>
  );
}
