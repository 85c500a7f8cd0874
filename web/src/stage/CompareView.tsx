import { useState } from "preact/hooks";
import type { Job } from "../api";
import { jobDetails } from "../differences";
import { jobTitle } from "../format";
import { find } from "../state/jobs";
import { select } from "../state/selection";
import { aspectRatio } from "./aspectRatio";
import { Divider } from "./Divider";
import { MOST_ENLARGED } from "./Viewer";
import { useDecodedImage } from "./useDecodedImage";

/** Two results, one beside the other at a line that can be moved. */
export function CompareView({ id, other }: { id: number; other: number }) {
  const [left, right] = [find(id), find(other)];
  if (!left?.result || !right?.result) return <p class="help">One moment …</p>;
  return <Pair left={left} right={right} />;
}

function Pair({ left, right }: { left: Job; right: Job }) {
  const [share, setShare] = useState(50);
  const [one, two] = [useDecodedImage(left.result), useDecodedImage(right.result)];
  return (
    <>
      <div class="viewer comparing" id="viewer" style={{ "--ratio": aspectRatio(left) }} role="group" aria-label="Comparison">
        <div class="frame" style={{ "max-width": `${(MOST_ENLARGED * (left.width ?? Infinity)) / devicePixelRatio}px` }}>
          {one && <img class="layer" src={one} alt={`Left: ${jobTitle(left)}`} draggable={false} style={{ clipPath: `inset(0 ${100 - share}% 0 0)` }} />}
          {two && <img class="layer" src={two} alt={`Right: ${jobTitle(right)}`} draggable={false} style={{ clipPath: `inset(0 0 0 ${share}%)` }} />}
          <Divider share={share} label="Left and right" text={`${Math.round(share)} % of the left picture`} onMove={setShare} />
        </div>
      </div>
      <div class="caption compared">
        {[left, right].map((job, place) => (
          <div key={job.id}>
            <h2>{jobTitle(job)}</h2>
            <p class="facts">{jobDetails(job)}</p>
            <button type="button" onClick={() => select(job.id)}>
              Show the {place ? "right" : "left"} one
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
