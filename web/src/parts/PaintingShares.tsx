import { controls } from "../state/about";
import { change, paintings, valueOf } from "../state/form";
import { readShares, withShare, writeShares } from "../state/perPainting";
import { title } from "../format";
import { CropButton } from "./CropButton";

/** How much of each of several paintings: the setting `style_blend` in percent, and their crops. */
export function PaintingShares() {
  const control = controls.value.find((one) => one.name === "style_blend");
  const given = paintings.value;
  if (!control) return null;
  const shares = readShares(valueOf(control), given.length);
  return (
    <ul class="shares" aria-label="Shares of the paintings">
      {given.map((painting, index) => (
        <li key={painting.id}>
          <img src={painting.thumbnail} alt="" width={32} height={32} draggable={false} />
          <span class="clip" title={title(painting)}>
            {title(painting)}
          </span>
          <span class="slider">
            <input
              type="range"
              min={0}
              max={100}
              value={Math.round(shares[index]!)}
              aria-label={`Share of ${title(painting)}`}
              aria-valuetext={`${Math.round(shares[index]!)} %`}
              onInput={(event) => change(control, writeShares(withShare(shares, index, Number(event.currentTarget.value))))}
            />
          </span>
          <span class="mask-share">{Math.round(shares[index]!)} %</span>
          <CropButton painting={painting} on="row" />
        </li>
      ))}
    </ul>
  );
}
