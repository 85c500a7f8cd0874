import { useEffect, useState } from "preact/hooks";
import * as api from "../api";
import type { Picture, Region } from "../api";
import type { Mode } from "./MaskDrawing";
import { percent } from "./MaskLayers";

interface Props {
  photo: Picture;
  /** The chosen layer's name. */
  layer: string;
  onApply: (regions: Region[], mode: Mode) => void;
}

const MODES: [Mode, string][] = [
  ["add", "Add"],
  ["replace", "Replace"],
  ["subtract", "Subtract"],
];

/** Regions that the studio finds by itself: a way without a pointer, and a start for the brush. */
export function FoundRegions({ photo, layer, onApply }: Props) {
  const [found, setFound] = useState<Region[] | null>(null);
  const [problem, setProblem] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  useEffect(() => {
    let closed = false;
    api
      .regions(photo.id)
      .then((regions) => !closed && setFound(regions))
      .catch((error: unknown) => !closed && setProblem(error instanceof api.RefusedError ? error.message : "The studio is not answering."));
    return () => void (closed = true);
  }, [photo.id]);
  const toggle = (name: string) => setChosen(chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name]);
  const regions = found?.filter((one) => chosen.includes(one.name)) ?? [];
  return (
    <fieldset class="mask-found">
      <legend>Found in the photograph</legend>
      <p class="help" role="status">
        {problem || (!found ? "Looking for faces, busy and empty places …" : !found.length && "No faces, and no empty places.")}
      </p>
      {found?.map((region) => (
        <label key={region.name} class="mask-region">
          <input type="checkbox" aria-label={region.label} checked={chosen.includes(region.name)} onChange={() => toggle(region.name)} />
          <span>{region.label}</span>
          <span class="mask-share">{percent(region.share)}</span>
        </label>
      ))}
      {found && found.length > 0 && (
        <div class="mask-buttons">
          {MODES.map(([mode, label]) => (
            <button type="button" key={mode} aria-disabled={!regions.length} aria-label={`${label}: ${layer}`} onClick={() => regions.length && onApply(regions, mode)}>
              {label}
            </button>
          ))}
        </div>
      )}
    </fieldset>
  );
}
