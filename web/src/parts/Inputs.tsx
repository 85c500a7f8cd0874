import { focusSoon } from "../focus";
import { paintings, photo, removePainting } from "../state/form";
import { title } from "../format";
import { MaskButton } from "../masks/MaskButton";
import { CropButton } from "./CropButton";
import { DropZone } from "./DropZone";
import { Icon } from "./Icon";
import { PaintingShares } from "./PaintingShares";
import { PicturePicker } from "./PicturePicker";

export function PhotoInput() {
  const given = photo.value;
  return (
    <section class="input" aria-labelledby="photo-heading">
      <h2 id="photo-heading">Photograph</h2>
      <div class="slot">
        <DropZone role="photo" label={given ? "Choose another photograph" : "Choose a photograph"}>
          {given ? (
            <img class="fill" src={given.display} alt={`Photograph: ${title(given)}`} draggable={false} />
          ) : (
            <Invitation icon="image" />
          )}
        </DropZone>
        {given && (
          <button type="button" class="remove" aria-label="Remove photograph" onClick={() => ((photo.value = null), focusSoon("#choose-photo"))}>
            <Icon name="close" />
          </button>
        )}
        {given && <MaskButton />}
      </div>
      <PicturePicker role="photo" />
    </section>
  );
}

export function PaintingInput() {
  const given = paintings.value;
  return (
    <section class="input" aria-labelledby="paintings-heading">
      <h2 id="paintings-heading">{given.length > 1 ? `Paintings (${given.length})` : "Paintings"}</h2>
      <div class={`slot ${given.length > 1 ? "several" : ""}`}>
        {given.map((one) => (
          <div class="chosen" key={one.id}>
            <img class="fill" src={given.length > 1 ? one.thumbnail : one.display} alt={`Painting: ${title(one)}`} draggable={false} />
            <button type="button" class="remove" aria-label={`Remove painting ${title(one)}`} onClick={() => (removePainting(one), focusSoon("#choose-painting"))}>
              <Icon name="close" />
            </button>
            {given.length === 1 && <CropButton painting={one} on="picture" />}
          </div>
        ))}
        <DropZone role="painting" label={given.length ? "Choose more paintings" : "Choose paintings"} multiple>
          {given.length ? (
            <span class="add">
              <Icon name="plus" />
            </span>
          ) : (
            <Invitation icon="brush" />
          )}
        </DropZone>
      </div>
      <PicturePicker role="painting" />
      {given.length > 1 && <PaintingShares />}
    </section>
  );
}

function Invitation({ icon }: { icon: "image" | "brush" }) {
  return (
    <span class="invitation">
      <Icon name={icon} />
      <span>
        Drop, paste
        <br />
        or <u>choose</u>
      </span>
    </span>
  );
}
