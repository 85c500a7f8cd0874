import { useState } from "preact/hooks";
import type { Picture } from "../api";
import { focusSoon } from "../focus";
import { title } from "../format";
import { controls } from "../state/about";
import { change, paintings, valueOf } from "../state/form";
import { readCrops, writeCrops, type Crop } from "../state/perPainting";
import { CropDialog } from "./CropDialog";

/** Opens a painting to choose the part of it to learn from: the setting `style_crop`. */
export function CropButton({ painting, on }: { painting: Picture; on: "picture" | "row" }) {
  const [open, setOpen] = useState(false);
  const control = controls.value.find((one) => one.name === "style_crop");
  if (!control) return null;
  const index = paintings.value.findIndex((one) => one.id === painting.id);
  const crops = readCrops(valueOf(control), paintings.value.length);
  const crop = crops[index] ?? null;
  const id = `crop-${painting.id.slice(0, 12)}`;
  const label = crop ? `${crop.width} × ${crop.height}` : "Crop";
  const choose = (chosen: Crop | null) => change(control, writeCrops(crops.map((one, place) => (place === index ? chosen : one))));
  const end = () => {
    setOpen(false);
    focusSoon(`#${id}`);
  };
  return (
    <>
      <button
        type="button"
        class={on === "picture" ? "on-picture" : ""}
        id={id}
        aria-label={`Crop painting ${title(painting)}${crop ? `: ${label}` : ""}`}
        aria-haspopup="dialog"
        data-changed={crop !== null}
        title={crop ? `The part of ${label} pixels` : "Learn from a part of it"}
        onClick={() => setOpen(true)}
      >
        <span class="clip">{on === "picture" || !crop ? label : "Cropped"}</span>
      </button>
      {open && <CropDialog painting={painting} crop={crop} onCrop={choose} onEnd={end} />}
    </>
  );
}
