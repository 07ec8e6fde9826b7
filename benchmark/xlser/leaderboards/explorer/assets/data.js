// What the page shows, and which part of it is asked for.
const DATA = JSON.parse(document.getElementById("data").textContent);
const ROWS = [...DATA.means, ...DATA.rows];
const SOME = "some"; // the label budgets over which a headline averages

ROWS.forEach(row => {
  row.of = DATA.methods[row.method];
  row.under = DATA.conditions[row.condition];
  row.id = row.of.title + "@" + row.under.slug;
  if (Array.isArray(row.labels)) { row.budgets = row.labels; row.labels = SOME; }
});

const START = { target: "", labels: "", encoder: "", family: "", find: "", sort: "", a: "", b: "" };
let state = { ...START };

const title = name => name ? name[0].toUpperCase() + name.slice(1) : "Mean";
const number = (value, digits = 1) => value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−");
const signed = value => {
  const text = Math.abs(value).toFixed(1);
  return text === "0.0" ? text : (value > 0 ? "+" : "−") + text;
};
const between = interval => interval ? `[${number(interval[0])}, ${number(interval[1])}]` : "–";
const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

// An element with attributes and children; text is always text.
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "line", "circle", "rect", "text", "title", "g"].includes(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

function budgetsOf(target) {
  const found = new Set(ROWS.filter(row => row.target === target && !row.bound).map(row => row.labels));
  const numbers = [...found].filter(labels => typeof labels === "number").sort((x, y) => x - y);
  return [...numbers, ...(found.has(SOME) ? [SOME] : []), ...(numbers.length || found.has(SOME) ? [] : ["all"])];
}

function labelsText(labels) {
  const averaged = DATA["headline budgets"];
  return labels === SOME ? `mean of ${averaged.slice(0, -1).join(", ")} and ${averaged.at(-1)} labels` : count(labels, "label");
}

// What a state means: names that do not exist, or do not go together, fall back.
function settled(asked) {
  const next = { ...START, ...asked };
  const targets = [...(DATA.means.length ? [""] : []), ...DATA.targets.map(target => target.name)];
  if (!targets.includes(next.target)) next.target = targets[0];
  const budgets = budgetsOf(next.target).map(String);
  if (!budgets.includes(String(next.labels)))
    next.labels = budgets.includes(SOME) ? SOME : budgets.filter(labels => labels !== SOME).at(-1) ?? "";
  if (!DATA.conditions.some(condition => condition.slug === next.encoder)) next.encoder = "";
  if (!DATA.methods.some(method => method.family === next.family)) next.family = "";
  for (const side of ["a", "b"]) if (!ROWS.some(row => row.id === next[side])) next[side] = "";
  if (!next.a) { next.a = next.b; next.b = ""; }
  if (next.a === next.b) next.b = "";
  return next;
}

function readAddress() {
  return settled(Object.fromEntries(new URLSearchParams(location.hash.slice(1))));
}

// The address of a state, without what is as it is by default.
function addressOf(of) {
  const usual = settled({ target: of.target }), parts = new URLSearchParams();
  for (const key of Object.keys(START)) {
    const shown = key === "target" ? of.target !== settled({}).target : String(of[key]) !== String(usual[key]);
    if (shown) parts.set(key, of[key]);
  }
  return "#" + parts;
}

function shownRows() {
  const words = state.find.toLowerCase().split(/\s+/).filter(Boolean);
  return ROWS.filter(row =>
    row.target === state.target &&
    (row.bound || String(row.labels) === String(state.labels)) &&
    (!state.encoder || row.under.slug === state.encoder) &&
    (!state.family || row.of.family === state.family) &&
    words.every(word => `${row.of.title} ${row.of.family} ${row.under.title}`.toLowerCase().includes(word)));
}
