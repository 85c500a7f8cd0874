import { useState } from "preact/hooks";
import type { Recipe } from "../api";
import { recipes } from "../state/about";
import { recipe, recipeName } from "../state/form";

const AT_FIRST = 8;

/** The recipes, as cards of which one is selected. */
export function Recipes() {
  const [all, setAll] = useState(false);
  const list = recipes.value;
  const hidden = list.findIndex((one) => one === recipe.value) >= AT_FIRST;
  const shown = all || hidden ? list : list.slice(0, AT_FIRST);
  return (
    <fieldset class="recipes">
      <legend>Recipe</legend>
      <div class="cards">
        {shown.map((one) => (
          <Card key={one.name} recipe={one} />
        ))}
      </div>
      <div class="below-cards">
        <p class="help" aria-live="polite">
          {recipe.value?.description}
        </p>
        {list.length > AT_FIRST && !hidden && (
          <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Fewer" : `All ${list.length}`}
          </button>
        )}
      </div>
    </fieldset>
  );
}

function Card({ recipe: one }: { recipe: Recipe }) {
  return (
    <label class="card" title={one.description}>
      <input
        type="radio"
        name="recipe"
        class="unseen"
        value={one.name}
        checked={recipe.value?.name === one.name}
        onChange={() => (recipeName.value = one.name)}
        aria-label={one.name}
      />
      {one.thumbnail ? (
        <>
          <span class="face">
            <img class="fill" src={one.thumbnail} alt="" draggable={false} />
          </span>
          <span class="name clip">{one.name}</span>
        </>
      ) : (
        <span class="face bare">{one.name}</span>
      )}
    </label>
  );
}
