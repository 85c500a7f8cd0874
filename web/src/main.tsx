import { render } from "preact";
import { App } from "./App";
import { listenEverywhere } from "./everywhere";
import { connect } from "./state/live";
import "./style/base.css";
import "./style/order.css";
import "./style/stage.css";
import "./style/history.css";

render(<App />, document.getElementById("studio")!);
listenEverywhere();
void connect();
