import { render } from "preact";
import { App } from "./App";
import { addShortcuts } from "./shortcuts";
import { connect } from "./state/live";
import "./style/base.css";
import "./style/form.css";
import "./style/stage.css";
import "./style/gallery.css";
import "./style/masks.css";
import "./style/looks.css";
import "./style/film.css";

render(<App />, document.getElementById("studio")!);
addShortcuts();
void connect();
// Without it the page is the same, but not while no studio runs.
navigator.serviceWorker?.register("/sw.js").catch(() => undefined);
