import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import { zipOfBatch, type Batch, type Job, type Refused } from "../api";
import { differences } from "../differences";
import { jobTitle, plural, share, STATES, title } from "../format";
import { cancelBatch, enlarge, retryBatch } from "../state/actions";
import { about, controls } from "../state/about";
import { find, findBatch, jobSignal, jobsOf, tally } from "../state/jobs";
import { same } from "../state/values";
import { Menu } from "../parts/Menu";
import { RefusedFiles } from "../parts/RefusedFiles";
import { restoreSettings } from "../state/restore";
import { select } from "../state/selection";

/** Unreadable files that are listed at once. */
const FEW = 6;
/** Pixels that a cell of a sheet may be painted with. */
const SIZES = [512, 1024, 2048];

/** A batch: its progress, and its pictures as a contact sheet. */
export function BatchView({ id }: { id: number }) {
  const batch = findBatch(id);
  const [unreadable, setUnreadable] = useState<Refused[]>([]);
  useEffect(() => void (batch?.unreadable && api.batch(id).then((whole) => setUnreadable(whole.refused), () => undefined)), [id, batch?.unreadable]);
  if (!batch) return <p class="help">One moment …</p>;
  const { finished, failed, cancelled, left, ended, total } = tally(batch);
  const isSheet = batch.kind === "sheet";
  return (
    <div class="batch-view">
      <div class="caption-head">
        <h2>{batch.name}</h2>
        <p class="facts">
          {finished} of {total + batch.unreadable} painted
          {failed > 0 && `, ${failed} failed`}
          {batch.unreadable > 0 && `, ${batch.unreadable} unreadable`}
        </p>
      </div>
      {left > 0 && <progress value={ended} max={total} aria-label="Painted" />}
      <div class="tools">
        {finished > 0 && (
          <a class={`button ${isSheet ? "" : "strong"}`} href={zipOfBatch(id)} download>
            Download all as zip
          </a>
        )}
        {failed + cancelled > 0 && (
          <button type="button" onClick={() => void retryBatch(id)}>
            {failed ? `Retry ${plural(failed + cancelled, "picture")}` : "Paint the rest"}
          </button>
        )}
        {left > 0 && (
          <button type="button" onClick={() => void cancelBatch(id)}>
            Cancel the rest
          </button>
        )}
      </div>
      {isSheet ? <Sheet batch={batch} /> : <Contact id={id} />}
      <RefusedFiles files={unreadable} open={unreadable.length < FEW} />
    </div>
  );
}

function Contact({ id }: { id: number }) {
  return (
    <ul class="contact">
      {jobsOf(id).map((job) => (
        <li key={job}>
          <Cell id={job} onShow={() => select(job)} />
          <span class="clip help">{photoTitle(job)}</span>
        </li>
      ))}
    </ul>
  );
}

const photoTitle = (id: number): string => {
  const { photo } = jobSignal(id).value;
  return photo ? title(photo) : "";
};

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
  const [chosen, setChosen] = useState<number | null>(null);
  const [columns, rows] = batch.axes;
  if (!columns) return null;
  const label = (name: string) => controls.value.find((control) => control.name === name)?.label ?? name.replaceAll("_", " ");
  const jobs = jobsOf(batch.id);
  // By their settings: some may have been deleted.
  const has = (id: number, name: string, value: unknown) => same(jobSignal(id).peek().settings[name], value);
  const cell = (column: unknown, row: unknown) => jobs.find((id) => has(id, columns.name, column) && (!rows || has(id, rows.name, row)));
  const job = chosen === null ? undefined : find(chosen);
  return (
    <>
      {job ? <Chosen job={job} /> : <p class="help choose">Choose a picture to take over its settings, or to paint it large.</p>}
      <div class="sheet-scroll" style={{ "--columns": columns.values.length }}>
        <table class="cells">
          <thead>
            <tr>
              {rows && <td />}
              {columns.values.map((value) => (
                <th key={String(value)} scope="col">
                  {label(columns.name)} {value}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(rows?.values ?? [null]).map((row) => (
              <tr key={String(row)}>
                {rows && (
                  <th scope="row">
                    {label(rows.name)} {row}
                  </th>
                )}
                {columns.values.map((column) => {
                  const id = cell(column, row);
                  return <td key={String(column)}>{id && <Cell id={id} pressed={id === chosen} onShow={() => setChosen(id === chosen ? null : id)} />}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** What can be done with a cell of a sheet. */
function Chosen({ job }: { job: Job }) {
  const most = about.value?.max_side ?? 4096;
  return (
    <div class="tools" role="toolbar" aria-label="The chosen cell">
      <button type="button" class="strong" onClick={() => restoreSettings(job)}>
        Use these settings
      </button>
      <Menu label="Paint it large" icon={null}>
        {SIZES.filter((side) => side <= most).map((side) => (
          <button key={side} type="button" onClick={() => void enlarge(job, side)}>
            Paint it with {side} px
          </button>
        ))}
      </Menu>
      <button type="button" onClick={() => select(job.id)}>
        Show it
      </button>
    </div>
  );
}
