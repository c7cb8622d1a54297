// The control room's pages: who is here, then the network, then the feed.
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/map.css";
import "./style/oneline.css";
import "./part/colours";
import { App } from "./shell/app";
import { watchKeys } from "./shell/keys";

const root = document.getElementById("root");
if (root) {
  root.replaceChildren();
  render(<App />, root);
  watchKeys();
}
