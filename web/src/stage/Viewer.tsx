import { useEffect, useRef, useState } from "preact/hooks";
import type { Job } from "../api";
import { Icon } from "../parts/Icon";
import { jobTitle, title } from "../format";
import { before } from "../state/before";
import { aspectRatio, expectedWidth } from "./aspectRatio";
import { Divider } from "./Divider";
import { useDecodedImage } from "./useDecodedImage";

interface Props {
  job: Job;
  /** Show one pixel of the picture per pixel of the screen. */
  pixels: boolean;
}

/** Initial share of the photograph beside the result, in percent. */
const INITIAL_SHARE = 22;
/** A small result is not blown up further than this: it would look like a bad large one. */
export const MOST_ENLARGED = 2;

/** The picture of a job: its previews while it runs, then the result beside the photograph. */
export function Viewer({ job, pixels }: Props) {
  const painted = useDecodedImage(job.result ?? job.preview);
  const finished = job.state === "finished" && painted === job.result;
  const [chosen, setShare] = useState(INITIAL_SHARE);
  const viewer = useRef<HTMLDivElement>(null);
  useEffect(() => viewer.current?.scrollTo(0, 0), [pixels]);
  const compares = finished && job.photo !== null;
  const share = compares && before.value ? 100 : chosen;
  const own = (job.width ?? expectedWidth(job)) / devicePixelRatio;
  const width = pixels ? { width: `${own}px` } : { "max-width": `${MOST_ENLARGED * own}px` };
  const under = job.photo ?? job.paintings[0];
  return (
    <div
      class={`viewer ${pixels ? "pixels" : ""}`}
      id="viewer"
      ref={viewer}
      style={{ "--ratio": aspectRatio(job) }}
      tabIndex={pixels ? 0 : -1}
      role="group"
      aria-label="Picture"
    >
      <div class="frame" style={{ ...width }}>
        {under && (!finished || compares) && <img class="layer" src={under.display} alt={compares ? `The photograph: ${title(under)}` : ""} data-waiting={!painted} draggable={false} style={{ clipPath: compares ? `inset(0 ${100 - share}% 0 0)` : "none" }} />}
        {painted && (
          <img
            class="layer"
            src={painted}
            alt={finished ? `The painted picture: ${jobTitle(job)}` : "The picture as far as it is painted"}
            decoding="sync"
            draggable={false}
            style={{ clipPath: compares ? `inset(0 0 0 ${share}%)` : "none" }}
          />
        )}
        {compares && <Divider share={share} label="Before and after" text={`${Math.round(share)} % photograph`} onMove={setShare} />}
      </div>
      <button type="button" class="leave-full" onClick={() => void document.exitFullscreen()} aria-label="Leave full screen">
        <Icon name="close" />
      </button>
    </div>
  );
}
