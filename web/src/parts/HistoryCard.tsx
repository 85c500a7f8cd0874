import type { Job } from "../api";
import { showStage } from "../stage/showStage";
import { retry } from "../state/deeds";
import { cell } from "../state/jobs";
import { watch, watchedId } from "../state/watching";
import { jobTitle, share, STATES, when } from "../words";
import { Icon } from "./Icon";

interface Props {
  id: number;
  onDelete: (job: Job) => void;
}

export function HistoryCard({ id, onDelete }: Props) {
  const job = cell(id).value;
  const ended = job.state !== "running" && job.state !== "queued";
  const picture = job.thumbnail ?? job.photo?.thumbnail ?? job.paintings[0]?.thumbnail;
  const show = () => {
    watch(id);
    showStage();
  };
  return (
    <li class={`done ${job.state}`}>
      <button type="button" class="show" aria-label={`Show ${jobTitle(job)}, ${String(job.settings.recipe)}, ${when(job.created)}: ${STATES[job.state]}`} aria-current={watchedId.value === id} onClick={show}>
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
        <div class="deeds">
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
