import { useState } from "preact/hooks";
import type { Job } from "../api";
import { remove } from "../state/actions";
import { focusSoon } from "../focus";
import { listed, more, showMore } from "../state/jobs";
import { attempt } from "../state/notices";
import { jobTitle } from "../format";
import { Confirm } from "./Confirm";
import { HistoryCard } from "./HistoryCard";

/** All jobs, newest first. */
export function History() {
  const [toDelete, setToDelete] = useState<Job | null>(null);
  if (!listed.value.length) return null;
  return (
    <section class="history" aria-labelledby="history-heading">
      <h2 id="history-heading">Your pictures</h2>
      <ul>
        {listed.value.map((id) => (
          <HistoryCard key={id} id={id} onDelete={setToDelete} />
        ))}
      </ul>
      {more.value !== null && (
        <button type="button" class="show-more" onClick={() => attempt(showMore)}>
          Show more
        </button>
      )}
      {toDelete && (
        <Confirm
          question={`Delete ${jobTitle(toDelete)}? The picture cannot be restored.`}
          action="Delete"
          onYes={() => void removeShown(toDelete)}
          onEnd={() => setToDelete(null)}
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
