import { useComputed } from "@preact/signals";
import type { Job } from "../api";
import { FilmMark } from "../film/FilmMark";
import { focusSoon } from "../focus";
import { jobTitle, plural, STATES, when } from "../format";
import { jobDetails } from "../differences";
import { Icon } from "../parts/Icon";
import { scrollToStage } from "../scrollToStage";
import { retry } from "../state/actions";
import { entries, favor, keyOf, mark, marked, removeEntry } from "../state/gallery";
import { findBatch, jobSignal, tally, type Entry } from "../state/jobs";
import { select, selectBatch, selectedId, view } from "../state/selection";

export function JobCard({ entry }: { entry: Entry }) {
  const id = entry.job;
  const job = jobSignal(id).value;
  const name = jobTitle(job);
  const picture = job.thumbnail ?? job.photo?.thumbnail ?? job.paintings[0]?.thumbnail;
  const details = [...(job.film ? [job.film.preview ? "preview" : "film"] : []), jobDetails(job)].join(" · ");
  const again = job.film?.painted ? "Resume" : "Paint";
  // As signals of its own: what is selected elsewhere must not redraw thousands of cards.
  const current = useComputed(() => selectedId.value === id);
  const isMarked = useComputed(() => marked.value.has(keyOf(entry)));
  const show = () => {
    select(id);
    scrollToStage();
  };
  return (
    <li role="listitem" class={`done ${job.state} ${isMarked.value ? "marked" : ""}`}>
      <button type="button" class="show" aria-label={`Show ${name}, ${details}, ${when(job.created)}: ${STATES[job.state]}`} aria-current={current.value} onClick={show}>
        {picture && <img class="fill" src={picture} alt="" loading="lazy" width={160} height={160} draggable={false} />}
        {job.state !== "finished" && <span class="state">{STATES[job.state]}</span>}
        {job.film && <FilmMark seconds={job.film.seconds} />}
      </button>
      <Mark entry={entry} name={name} on={isMarked.value} />
      <p class="below" title={`${name}: ${details}`}>
        <span class="title clip">{name}</span>
        <span class="details clip">{details}</span>
        <span class="time">{when(job.created)}</span>
      </p>
      <div class="actions">
        {job.state === "finished" ? <Favorite job={job} /> : (
          <button type="button" aria-label={again === "Resume" ? `Resume ${name}` : `Paint ${name} again`} title={again === "Resume" ? "Resume" : "Paint it again"} onClick={() => retry(job)}>
            <Icon name="again" />
          </button>
        )}
        <Delete entry={entry} name={name} />
      </div>
    </li>
  );
}

/** Many jobs that were ordered together. */
export function BatchCard({ entry }: { entry: Entry }) {
  const batch = findBatch(entry.batch!);
  const current = useComputed(() => view.value?.kind === "batch" && view.value.id === entry.batch);
  const isMarked = useComputed(() => marked.value.has(keyOf(entry)));
  if (!batch) return null;
  const { finished, failed, left, ended, total } = tally(batch);
  const state = finished === total ? plural(total, "picture") : `${finished} of ${total}${failed ? `, ${failed} failed` : ""}`;
  const show = () => {
    selectBatch(batch.id);
    scrollToStage();
  };
  return (
    <li role="listitem" class={`done finished batch ${isMarked.value ? "marked" : ""}`}>
      <button type="button" class="show" aria-label={`Show ${batch.name}: ${state}`} aria-current={current.value} onClick={show}>
        <span class={`covers covers-${Math.min(batch.covers.length, 4)}`}>
          {batch.covers.map((cover) => (
            <img key={cover} class="fill" src={cover} alt="" loading="lazy" draggable={false} />
          ))}
        </span>
        {left > 0 && <progress value={ended} max={total} aria-label={`${batch.name}: painted`} />}
      </button>
      <Mark entry={entry} name={batch.name} on={isMarked.value} />
      <p class="below">
        <span class="title clip">{batch.name}</span>
        <span class="details clip">{state}</span>
        <span class="time">{when(batch.created)}</span>
      </p>
      <div class="actions">{left === 0 && <Delete entry={entry} name={batch.name} />}</div>
    </li>
  );
}

function Mark({ entry, name, on }: { entry: Entry; name: string; on: boolean }) {
  return <input type="checkbox" class="mark" aria-label={`Select ${name}`} checked={on} onChange={(event) => mark(entry, event.currentTarget.checked)} />;
}

function Favorite({ job }: { job: Job }) {
  const label = job.favorite ? `Remove ${jobTitle(job)} from the favorites` : `Make ${jobTitle(job)} a favorite`;
  return (
    <button type="button" class={job.favorite ? "favorite" : ""} aria-pressed={job.favorite} aria-label={label} title="Favorite" onClick={() => void favor([job.id], !job.favorite)}>
      <Icon name="star" />
    </button>
  );
}

function Delete({ entry, name }: { entry: Entry; name: string }) {
  const remove = async () => {
    const place = entries.value.findIndex((one) => one.job === entry.job);
    await removeEntry(entry);
    focusSoon(".gallery .show", Math.max(place, 0));
  };
  return (
    <button type="button" aria-label={`Delete ${name}`} title="Delete" onClick={() => void remove()}>
      <Icon name="close" />
    </button>
  );
}
