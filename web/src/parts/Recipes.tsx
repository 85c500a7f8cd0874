import { useEffect, useRef, useState } from "preact/hooks";
import type { Recipe } from "../api";
import { recipes } from "../state/about";
import { recipe, recipeName } from "../state/form";
import { LookMenu } from "./LookMenu";

/** Shipped recipes that are shown at first; those after them repeat published methods. */
const AT_FIRST = 8;

/** The recipes, as cards of which one is selected. */
export function Recipes() {
  const [all, setAll] = useState(false);
  const list = recipes.value;
  const few = list.filter((one, index) => one.own || index < AT_FIRST);
  const isHidden = recipe.value !== undefined && !few.includes(recipe.value);
  const shown = all || isHidden ? list : few;
  const cards = useRef<HTMLDivElement>(null);
  useEffect(() => showInRow(cards.current), [recipe.value?.name, shown.length]);
  return (
    <section class="recipes" role="group" aria-labelledby="recipe-heading">
      <div class="recipes-head">
        <h2 id="recipe-heading">Recipe</h2>
        <LookMenu />
        {list.length > few.length && !isHidden && (
          <button type="button" class="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Fewer" : `All ${list.length}`}
          </button>
        )}
      </div>
      <div ref={cards} class={`cards ${shown === list ? "all" : ""}`}>
        {shown.map((one) => (
          <Card key={one.name} recipe={one} />
        ))}
      </div>
      <p class="help description" aria-live="polite">
        {recipe.value?.description}
      </p>
    </section>
  );
}

/** Scroll a row of cards, but not the page, to the selected one: it may have been selected elsewhere. */
function showInRow(row: HTMLElement | null): void {
  const card = row?.querySelector(":checked")?.parentElement;
  if (!row || !card) return;
  const [outer, inner] = [row.getBoundingClientRect(), card.getBoundingClientRect()];
  if (inner.left < outer.left || inner.right > outer.right) row.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
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
