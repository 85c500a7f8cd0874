import { useEffect, useState } from "preact/hooks";
import { zipOfBatch, type Batch, type Job } from "../api";
import { differences } from "../differences";
import { jobTitle, plural, share, STATES } from "../format";
import { cancelBatch, enlarge, retryBatch } from "../state/actions";
import { about, controls } from "../state/about";
import { findBatch, jobSignal, jobsOf } from "../state/jobs";
import { without } from "../state/notices";
import { restoreJob } from "../state/restore";
import { select } from "../state/selection";

/** A batch: its progress, and its pictures as a contact sheet. */
export function BatchView({ id }: { id: number }) {
  const batch = findBatch(id);
  if (!batch) return <p class="help">One moment …</p>;
  const { finished = 0, failed = 0, cancelled = 0, queued = 0, running = 0 } = batch.counts;
  const total = finished + failed + cancelled + queued + running;
  const left = queued + running;
  return (
    <div class="batch-view">
      <div class="caption-head">
        <h2>{batch.name}</h2>
        <p class="facts">
          {finished} of {total} painted
          {failed > 0 && `, ${failed} failed`}
          {batch.refused.length > 0 && `, ${batch.refused.length} could not be read`}
        </p>
      </div>
      {left > 0 && <progress value={total - left} max={total} aria-label="Painted" />}
      <div class="tools">
        {finished > 0 && (
          <a class="button strong" href={zipOfBatch(id)} download>
            Download all as zip
          </a>
        )}
        {failed + cancelled > 0 && (
          <button type="button" onClick={() => void retryBatch(id)}>
            {failed ? `Retry ${plural(failed + cancelled, "picture")}` : "Go on with it"}
          </button>
        )}
        {left > 0 && (
          <button type="button" onClick={() => void cancelBatch(id)}>
            Cancel the rest
          </button>
        )}
      </div>
      {batch.kind === "sheet" ? <Sheet batch={batch} /> : <Contact id={id} />}
      {batch.refused.length > 0 && (
        <details class="refused">
          <summary>{plural(batch.refused.length, "file")} could not be read</summary>
          <ul>
            {batch.refused.map((one) => (
              <li key={one.name}>
                <strong>{one.name}</strong>: {without(one.problem, one.name)}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function Contact({ id }: { id: number }) {
  return (
    <ul class="contact">
      {jobsOf(id).map((job) => (
        <li key={job}>
          <Cell id={job} onShow={() => select(job)} />
        </li>
      ))}
    </ul>
  );
}

/** A picture of a batch, small. */
function Cell({ id, pressed, onShow }: { id: number; pressed?: boolean; onShow: () => void }) {
  const job = jobSignal(id).value;
  const name = `${jobTitle(job)}${differences(job).map((one) => `, ${one}`).join("")}`;
  return (
    <button type="button" class={`cell ${job.state}`} title={name} aria-pressed={pressed} aria-label={`Show ${name}: ${STATES[job.state]}`} onClick={onShow}>
      <img class="fill" src={job.thumbnail ?? job.photo?.thumbnail ?? job.paintings[0]?.thumbnail ?? ""} alt="" loading="lazy" draggable={false} />
      {job.state !== "finished" && <span class="state">{STATES[job.state]}</span>}
      {job.state === "running" && <progress value={share(job)} max={1} aria-label="Painted" />}
    </button>
  );
}

/** A sheet: columns and rows by the values of its settings; a cell's own can be taken over. */
function Sheet({ batch }: { batch: Batch }) {
  const jobs = jobsOf(batch.id);
  const [chosen, setChosen] = useState<number | null>(null);
  useEffect(() => setChosen(null), [batch.id]);
  const [columns, rows] = batch.axes;
  const label = (name: string) => controls.value.find((control) => control.name === name)?.label ?? name.replaceAll("_", " ");
  const width = columns?.values.length ?? 1;
  const lines = rows ? rows.values : [null];
  const job = chosen === null ? null : jobSignal(chosen).value;
  return (
    <>
      <div class="sheet-scroll">
        <table class="cells">
          <thead>
            <tr>
              {rows && <td />}
              {columns?.values.map((value) => (
                <th key={String(value)} scope="col">
                  {label(columns.name)} {value}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lines.map((value, line) => (
              <tr key={String(value)}>
                {rows && (
                  <th scope="row">
                    {label(rows.name)} {value}
                  </th>
                )}
                {jobs.slice(line * width, (line + 1) * width).map((id) => (
                  <td key={id}>
                    <Cell id={id} pressed={id === chosen} onShow={() => setChosen(id === chosen ? null : id)} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {job ? <Chosen job={job} /> : <p class="help">Choose a cell to take over its settings.</p>}
    </>
  );
}

/** What can be done with a cell of a sheet. */
function Chosen({ job }: { job: Job }) {
  const most = about.value?.max_side ?? 4096;
  return (
    <div class="tools" role="toolbar" aria-label="The chosen cell">
      <button type="button" class="strong" onClick={() => restoreJob({ ...job, settings: { ...job.settings, size: null } })}>
        Use these settings
      </button>
      {[512, 1024, 2048].filter((side) => side <= most).map((side) => (
        <button key={side} type="button" onClick={() => void enlarge(job, side)}>
          Paint it with {side} px
        </button>
      ))}
      <button type="button" onClick={() => select(job.id)}>
        Show it
      </button>
    </div>
  );
}
