// Shows one question after another. All that it knows of the pictures are ids without meaning.

const KEYS = { ArrowLeft: "left", 1: "left", ArrowRight: "right", 2: "right" };
const LETTERS = { left: "←", right: "→", tie: "T", recognized: "R" };
const WHERE = ["left", "right", "photo", "painting"];

const find = (id) => document.getElementById(id);
let state = null;
let busy = false;
let zoomed = -1;

const address = (id) => `/picture/${id}`;

function setPicture(where, id) {
  const part = find(where);
  const image = part.querySelector("img");
  part.hidden = !id;
  const source = id ? address(id) : "";
  if (image.getAttribute("src") !== source) image.setAttribute("src", source);
}

const images = () => ["left", "right"].map((where) => find(where).querySelector("img"));

// Until both are there, a browser may still show those before: they are hidden, and nobody can vote.
function showWhetherLoaded() {
  const loaded = images().every((image) => image.complete && image.naturalWidth);
  find("pair").classList.toggle("loading", !loaded);
  for (const button of find("answers").children) button.disabled = !loaded;
  return loaded;
}

function showAnswers(task) {
  const buttons = Object.entries(task.answers).map(([answer, label]) => {
    const button = document.createElement("button");
    const key = document.createElement("kbd");
    key.textContent = LETTERS[answer];
    key.ariaHidden = "true";
    button.append(key, label);
    button.dataset.answer = answer;
    button.addEventListener("click", () => vote(answer));
    return button;
  });
  find("answers").replaceChildren(...buttons);
}

function show(next) {
  state = next;
  const { done, total, task } = state;
  find("progress").max = total;
  find("progress").value = done;
  find("count").textContent = `${done} of ${total}`;
  find("undo").disabled = !state.can_undo;
  find("question").textContent = task ? task.text : "That was the last one. Thank you.";
  for (const id of ["pair", "answers", "references", "hint"]) find(id).hidden = !task;
  find("ending").hidden = Boolean(task);
  closeZoom();
  if (!task) return;
  find("pair").classList.toggle("crops", task.test === "crops");
  for (const where of WHERE) setPicture(where, task.pictures[where]);
  showAnswers(task);
  showWhetherLoaded();
  for (const id of state.following) new Image().src = address(id);
}

function showProblem(text) {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

async function ask(path, body) {
  if (busy) return;
  busy = true;
  try {
    const options = body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    const response = await fetch(path, options);
    const answer = await response.json();
    showProblem(response.ok || response.status === 409 ? "" : answer.problem);
    if (!answer.problem) show(answer);
  } catch {
    showProblem("The program that shows this page has ended. Start it again, then reload; every vote is kept.");
  } finally {
    busy = false;
  }
}

const vote = (answer) => state?.task && showWhetherLoaded() && ask("/api/vote", { id: state.task.id, answer });
const undo = () => state?.can_undo && ask("/api/undo", {});

// Both pictures at full size in one place: flicking between them shows small differences.
function zoom(where) {
  const image = find(where)?.querySelector("img");
  if (!image || find(where).hidden) return;
  const shown = find("zoom").querySelector("img");
  shown.src = image.src;
  shown.alt = image.alt;
  shown.style.width = `${Math.max(image.naturalWidth, image.clientWidth)}px`; // never smaller than before
  find("zoom").querySelector("p").textContent = image.alt;
  if (!find("zoom").open) find("zoom").showModal();
}

function flick() {
  zoomed = (zoomed + 1) % 3;
  if (zoomed === 2) closeZoom();
  else zoom(["left", "right"][zoomed]);
}

function closeZoom() {
  zoomed = -1;
  if (find("zoom").open) find("zoom").close();
}

for (const where of WHERE) {
  const part = find(where);
  (part.matches("button") ? part : part.querySelector("button")).addEventListener("click", () => zoom(where));
}
for (const image of images()) {
  image.addEventListener("load", () => {
    find("pair").style.setProperty("--doubled", `${2 * image.naturalWidth}px`);
    showWhetherLoaded();
  });
  image.addEventListener("error", () => state?.task && showProblem("A picture cannot be read. The terminal says which."));
}
find("zoom").addEventListener("click", closeZoom);
find("zoom").addEventListener("close", () => (zoomed = find("zoom").open ? zoomed : -1));
find("undo").addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const letter = Object.keys(state?.task?.answers ?? {}).find((answer) => LETTERS[answer].toLowerCase() === key);
  const answer = KEYS[key] ?? letter;
  if (key === "u") undo();
  else if (key === "z") flick();
  else if (answer && state?.task?.answers[answer]) vote(answer);
  else return;
  event.preventDefault();
});

ask("/api/state");
