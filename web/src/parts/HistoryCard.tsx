import type { Job } from "../api";
import { scrollToStage } from "../stage/scrollToStage";
import { retry } from "../state/actions";
import { jobSignal } from "../state/jobs";
import { select, selectedId } from "../state/selection";
import { jobTitle, share, STATES, when } from "../format";
import { Icon } from "./Icon";

interface Props {
  id: number;
  onDelete: (job: Job) => void;
}

export function HistoryCard({ id, onDelete }: Props) {
  const job = jobSignal(id).value;
  const ended = job.state !== "running" && job.state !== "queued";
  const picture = job.thumbnail ?? job.photo?.thumbnail ?? job.paintings[0]?.thumbnail;
  const show = () => {
    select(id);
    scrollToStage();
  };
  return (
    <li class={`done ${job.state}`}>
      <button type="button" class="show" aria-label={`Show ${jobTitle(job)}, ${String(job.settings.recipe)}, ${when(job.created)}: ${STATES[job.state]}`} aria-current={selectedId.value === id} onClick={show}>
        {picture && <img class="fill" src={picture} alt="" loading="lazy" width={160} height={160} draggable={false} />}
        {job.state !== "finished" && <span class="state">{STATES[job.state]}</span>}
        {job.state === "running" && <progress value={share(job)} max={1} aria-label="Painted" />}
      </button>
      <p class="below">
        <span class="clip" title={jobTitle(job)}>
          {String(job.settings.recipe)}
        </span>
        <span class="time">{when(job.created)}</span>
      </p>
      {ended && (
        <div class="actions">
          {job.state !== "finished" && (
            <button type="button" aria-label={`Paint ${jobTitle(job)} again`} title="Paint it again" onClick={() => retry(job)}>
              <Icon name="again" />
            </button>
          )}
          <button type="button" aria-label={`Delete ${jobTitle(job)}`} title="Delete" onClick={() => onDelete(job)}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </li>
  );
}
