import { About } from "./parts/About";
import { History } from "./parts/History";
import { PaintingInput, PhotoInput } from "./parts/Inputs";
import { ShownKnobs } from "./parts/Knobs";
import { More } from "./parts/More";
import { Away, Notices } from "./parts/Notices";
import { PaintBar } from "./parts/PaintBar";
import { Recipes } from "./parts/Recipes";
import { RestoredNotice } from "./parts/RestoredNotice";
import { about } from "./state/about";
import { EaselSide } from "./stage/EaselSide";

export function App() {
  return (
    <>
      <Away />
      <header>
        <h1>Impasto</h1>
        <p class="help">Photographs, painted</p>
      </header>
      <main>
        <form class="order" aria-label="What to paint" aria-busy={!about.value} onSubmit={(event) => event.preventDefault()}>
          <RestoredNotice />
          <PhotoInput />
          <PaintingInput />
          {about.value && (
            <>
              <Recipes />
              <ShownKnobs />
              <More />
            </>
          )}
          <PaintBar />
        </form>
        <EaselSide />
      </main>
      <History />
      <About />
      <Notices />
    </>
  );
}
