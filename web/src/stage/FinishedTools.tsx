import * as api from "../api";
import type { Format, Job, Role } from "../api";
import { Icon } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { give } from "../state/form";
import { attempt, complain, say } from "../state/notices";
import { restoreJob } from "../state/restoring";

interface Props {
  job: Job;
  pixels: boolean;
  onPixels: (pixels: boolean) => void;
}

const FORMATS: [Format, string][] = [
  ["png", "PNG, with its settings"],
  ["jpeg", "JPEG"],
  ["webp", "WebP"],
];
const canCopy = typeof ClipboardItem !== "undefined" && navigator.clipboard !== undefined;

export function FinishedTools({ job, pixels, onPixels }: Props) {
  return (
    <div class="tools">
      <Menu label="Download">
        {FORMATS.map(([format, label]) => (
          <a key={format} href={api.download(job.id, format)} download>
            {label}
          </a>
        ))}
      </Menu>
      {canCopy && (
        <button type="button" onClick={() => copy(job)}>
          Copy
        </button>
      )}
      <span class="divided">
        <button type="button" onClick={() => use(job, "photo")}>
          Use as photograph
        </button>
        <button type="button" onClick={() => use(job, "painting")}>
          Use as painting
        </button>
        <button type="button" onClick={() => restoreJob(job)}>
          Use these settings
        </button>
      </span>
      <span class="divided looking">
        <button type="button" aria-pressed={pixels} aria-label="100 %, actual pixels" title="One pixel of the picture on one of the screen" onClick={() => onPixels(!pixels)}>
          100 %
        </button>
        {document.fullscreenEnabled && (
          <button type="button" aria-label="Full screen" title="Full screen" onClick={fill}>
            <Icon name="full" />
          </button>
        )}
      </span>
    </div>
  );
}

function fill(): void {
  const refused = () => complain("the browser did not go to full screen");
  document.getElementById("viewer")?.requestFullscreen().catch(refused);
}

async function copy(job: Job): Promise<void> {
  try {
    // The promise goes in as it is: Safari allows copying only in the click itself.
    const picture = fetch(`/api/jobs/${job.id}/result?format=png`).then((answer) => answer.blob());
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
    say("Copied.");
  } catch {
    complain("the browser did not let the picture be copied", "Download it instead.");
  }
}

async function use(job: Job, role: Role): Promise<void> {
  const picture = await attempt(() => api.usePainted(job.id));
  if (!picture) return;
  if (give(role, picture)) say(role === "photo" ? "It is the photograph now." : "It is among the paintings now.");
}
