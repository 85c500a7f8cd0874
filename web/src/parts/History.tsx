import { useState } from "preact/hooks";
import type { Job } from "../api";
import { remove } from "../state/deeds";
import { focusSoon } from "../focus";
import { listed, more, showMore } from "../state/jobs";
import { attempt } from "../state/notices";
import { jobTitle } from "../words";
import { Confirm } from "./Confirm";
import { HistoryCard } from "./HistoryCard";

/** Everything that was asked for here, the newest first. */
export function History() {
  const [doomed, setDoomed] = useState<Job | null>(null);
  if (!listed.value.length) return null;
  return (
    <section class="history" aria-labelledby="history-heading">
      <h2 id="history-heading">Your pictures</h2>
      <ul>
        {listed.value.map((id) => (
          <HistoryCard key={id} id={id} onDelete={setDoomed} />
        ))}
      </ul>
      {more.value !== null && (
        <button type="button" class="show-more" onClick={() => attempt(showMore)}>
          Show more
        </button>
      )}
      {doomed && (
        <Confirm
          question={`Delete ${jobTitle(doomed)}? The picture will be gone for good.`}
          deed="Delete"
          onYes={() => void removeShown(doomed)}
          onEnd={() => setDoomed(null)}
        />
      )}
    </section>
  );
}

async function removeShown(job: Job): Promise<void> {
  const place = listed.value.indexOf(job.id);
  await remove(job);
  focusSoon(".history .show", place);
}
