import { useEffect, useRef } from "preact/hooks";
import { spoken } from "../state/notices";
import { selected } from "../state/selection";
import { jobTitle, share } from "../format";

const SENTENCES = {
  queued: "waits in the queue",
  running: "is being painted",
  finished: "is finished",
  failed: "failed",
  cancelled: "was cancelled",
};

/** Announces each state, though not each step, to screen readers, and shows the progress in the window's title. */
export function Announcer() {
  const job = selected.value;
  const before = useRef("");
  const state = job ? `${job.id} ${job.state}` : "";
  useEffect(() => {
    // Selecting a finished job is not a change of its state.
    const sameJob = before.current.split(" ")[0] === String(job?.id);
    if (job && (sameJob || job.state === "queued" || job.state === "running")) {
      spoken.value = `${jobTitle(job)} ${SENTENCES[job.state]}.`;
    }
    before.current = state;
  }, [state]);
  useEffect(() => {
    const percent = job?.state === "running" ? `${Math.round(share(job) * 100)} % · ` : "";
    document.title = `${percent}Impasto`;
  });
  return null;
}
