import type { Picture } from "../api";
import { title } from "../format";
import { colorOf, cssColor } from "./overlay";

export const KEEP = "Keep the photograph";

interface Props {
  photo: Picture;
  paintings: Picture[];
  /** Of each layer, 0 to 1. */
  shares: number[];
  layer: number;
  onLayer: (layer: number) => void;
}

/** What is drawn: what stays of the photograph, or where a painting goes. */
export function MaskLayers({ photo, paintings, shares, layer, onLayer }: Props) {
  const rows = [{ picture: photo, name: KEEP }, ...paintings.map((picture) => ({ picture, name: title(picture) }))];
  return (
    <fieldset class="mask-layers">
      <legend>Draw where</legend>
      {rows.map(({ picture, name }, index) => (
        <label key={index} class="mask-layer">
          <input type="radio" class="unseen" name="mask-layer" aria-label={name} aria-describedby={`mask-share-${index}`} checked={layer === index} onChange={() => onLayer(index)} />
          <span class="mask-face">
            <span class={`mask-color ${index ? "" : "striped"}`} style={index ? { background: cssColor(colorOf(index - 1)) } : {}} />
            <img src={picture.thumbnail} alt="" width={40} height={40} draggable={false} />
            <span class="clip">{name}</span>
            <span class="mask-share" id={`mask-share-${index}`}>
              {percent(shares[index] ?? 0)}
            </span>
          </span>
        </label>
      ))}
      {paintings.length > 0 && <p class="help">{leftOver(paintings, shares.slice(1))}</p>}
    </fieldset>
  );
}

/** Whose the places are that are left without a color. */
function leftOver(paintings: Picture[], shares: number[]): string {
  if (paintings.length === 1) return shares[0] ? "Places without color get no style." : "Without a region, it goes everywhere.";
  const without = paintings.filter((_, index) => !shares[index]);
  if (without.length === paintings.length) return "Without regions, all of them go everywhere.";
  return `Places without color: ${(without.length ? without : paintings.slice(0, 1)).map(title).join(", ")}.`;
}

export function percent(share: number): string {
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;
}
