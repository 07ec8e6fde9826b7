// Two rows beside each other: differences by target and label budget, speakers, confusions, origin.
const rowOf = (id, target, labels) => DATA.rows.find(row => row.id === id && row.target === target && String(row.labels) === String(labels));

const nameOf = (row, apart = several) => apart ? `${row.of.title} (${row.under.encoder}${row.under.track === "finetune" ? ", fine-tuned" : ""})` : row.of.title;

// All cells that both have, with differences and p-values, as `xlser compare` computes them.
function compareRows(idA, idB) {
  const cells = [];
  for (const a of DATA.rows) {
    if (a.id !== idA) continue;
    const b = rowOf(idB, a.target, a.labels);
    if (b && comparable(a, b)) cells.push({ target: a.target, labels: a.labels, a, b, difference: differenceOf(a, b) });
  }
  if (!cells.length) return { cells, means: [] };
  const byBudget = new Map();
  for (const cell of cells) byBudget.set(cell.labels, [...(byBudget.get(cell.labels) ?? []), cell]);
  const means = [...byBudget].filter(([, of]) => of.length > 1)
    .map(([labels, of]) => ({ target: "", labels, difference: meanOf(of.map(cell => cell.difference)) }));
  for (const group of [cells, means]) {
    const ps = group.length ? adjustedPs(group.map(each => each.difference)) : [];
    group.forEach((each, i) => { each.p = ps[i]; each.interval = intervalOf(each.difference); });
  }
  return { cells, means };
}
const compared = remembered(key => compareRows(...JSON.parse(key)));

function drawComparison() {
  const place = document.getElementById("comparison");
  place.hidden = !state.a;
  document.getElementById("jump").hidden = true;
  if (!state.a) return place.replaceChildren();
  const sampleA = ROWS.find(row => row.id === state.a), sampleB = ROWS.find(row => row.id === state.b);
  const close = make("button", { type: "button", class: "quiet", onclick: () => go({ a: "", b: "" }) }, "Close");
  if (!sampleB)
    return place.replaceChildren(make("div", { class: "bar" }, make("p", {}, make("b", {}, nameOf(sampleA)), " is chosen. Choose a second row to compare."), close));
  const apart = sampleA.under !== sampleB.under, a = nameOf(sampleA, apart), b = nameOf(sampleB, apart);
  const { cells, means } = compared(JSON.stringify([state.a, state.b]));
  const swap = make("button", { type: "button", class: "quiet", onclick: () => go({ a: state.b, b: state.a }) }, "Swap");
  drawJump(a, b);
  const parts = [make("div", { class: "bar" }, make("h2", {}, a, make("span", { class: "soft" }, " against "), b), make("span", {}, swap, close))];
  if (!cells.length) {
    parts.push(make("p", {}, DATA.compared
      ? "They share no target and label budget on the same seeds and recordings, so nothing can be compared."
      : `Differences of ${DATA.metric.title} are not computed here: xlser compare prints them.`));
    parts.push(originOf(sampleA, sampleB));
    return place.replaceChildren(...parts);
  }
  parts.push(make("p", {}, outcome(cells, a, b)), differencesOf(cells, means, a, b));
  const cell = cells.find(each => each.target === state.target && String(each.labels) === String(state.labels))
    ?? cells.filter(each => each.target === state.target || !state.target).at(-1) ?? cells.at(-1);
  parts.push(make("h3", {}, `${title(cell.target)}, ${labelsText(cell.labels)}`),
    make("div", { class: "pair" }, speakersOf(cell, a, b), confusionsOf(cell, a, b)), originOf(cell.a, cell.b));
  place.replaceChildren(...parts);
}

let inSight = false;
new IntersectionObserver(([entry]) => {
  inSight = entry.isIntersecting;
  document.getElementById("jump").hidden = inSight || !state.b;
}, { threshold: 0.05 }).observe(document.getElementById("comparison"));

// While the comparison is out of sight, a button that leads there.
function drawJump(a, b) {
  const jump = document.getElementById("jump"), place = document.getElementById("comparison");
  jump.hidden = inSight;
  jump.replaceChildren(make("button", { type: "button", onclick: () => { place.scrollIntoView(); place.focus({ preventScroll: true }); } }, `${a} against ${b} ↓`));
}

function outcome(cells, a, b) {
  const above = cells.filter(cell => cell.p <= 0.05 && cell.difference.value > 0).length;
  const below = cells.filter(cell => cell.p <= 0.05 && cell.difference.value < 0).length;
  if (!above && !below) return `Not separable in ${cells.length === 1 ? "the one cell" : `any of ${cells.length} cells`} that both have.`;
  return `${a} is above in ${above} of ${cells.length} cells and below in ${below}; in ${cells.length - above - below} they are not separable.`;
}

function differencesOf(cells, means, a, b) {
  const all = [...means, ...cells], largest = Math.max(2, ...all.flatMap(each => (each.interval ?? [each.difference.value]).map(Math.abs)));
  const edge = 5 * Math.ceil(Math.min(largest, 60) / 5), width = matchMedia("(max-width: 640px)").matches ? 92 : 300;
  const x = value => 6 + (width - 12) * (Math.max(-edge, Math.min(edge, value)) + edge) / (2 * edge);
  const mark = each => {
    const kind = each.p <= 0.05 ? "leading" : "below";
    return make("svg", { width, height: 22, class: kind, "aria-hidden": "true" },
      make("line", { x1: x(0), x2: x(0), y1: 0, y2: 22, class: "zero" }),
      each.interval ? make("line", { x1: x(each.interval[0]), x2: x(each.interval[1]), y1: 11, y2: 11, class: "range" }) : null,
      make("circle", { cx: x(each.difference.value), cy: 11, r: 4, class: "point" }));
  };
  const line = each => make("tr", { class: each.target ? undefined : "mean" },
    make("th", { scope: "row" }, each.target ? title(each.target) : "Mean", make("span", { class: "soft" }, ` · ${each.labels}`)),
    make("td", { class: "n wide" }, each.a ? number(each.a.score) : ""), make("td", { class: "n wide" }, each.b ? number(each.b.score) : ""),
    make("td", { class: "n" }, make("b", { class: each.p <= 0.05 ? "sure" : "" }, signed(each.difference.value))),
    make("td", { class: "n wide" }, between(each.interval)),
    make("td", { class: "chart" }, mark(each)), make("td", { class: "n" }, each.p < 0.001 ? "< 0.001" : each.p.toFixed(3)),
    make("td", { class: "n wide" }, each.a ? String(DATA.tests[each.a.test].speakers.length) : ""));
  const scale = make("svg", { width, height: 14, "aria-hidden": "true" },
    make("text", { x: 6, y: 11, class: "tick" }, `−${edge}`), make("text", { x: x(0), y: 11, "text-anchor": "middle", class: "tick" }, "0"),
    make("text", { x: width - 6, y: 11, "text-anchor": "end", class: "tick" }, `+${edge}`));
  return make("div", { class: "scroll", tabindex: 0 }, make("table", { class: "differences" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Target · labels"), make("th", { scope: "col", class: "n wide" }, a), make("th", { scope: "col", class: "n wide" }, b),
      make("th", { scope: "col", class: "n" }, "Difference"), make("th", { scope: "col", class: "n wide" }, "95 % interval"),
      make("th", { scope: "col", class: "chart" }, make("span", { class: "hide" }, "Drawn"), scale),
      make("th", { scope: "col", class: "n" }, "p"), make("th", { scope: "col", class: "n wide" }, "Speakers"))),
    make("tbody", {}, means.map(line), cells.map(line))));
}

function speakersOf(cell, a, b) {
  const test = DATA.tests[cell.a.test], several = new Set(test.corpora).size > 1;
  const own = sumsOf(cell.a), other = sumsOf(cell.b);
  const lines = test.speakers.map((name, s) => {
    const one = sums => scoreOf({ ...sums, right: sums.right.slice(s * sums.parts, (s + 1) * sums.parts), there: sums.there.slice(s * sums.parts, (s + 1) * sums.parts), speakers: 1 });
    return { name: several ? `${test.corpora[s]}/${name}` : name, a: one(own), b: one(other) };
  }).sort((u, v) => (v.a - v.b) - (u.a - u.b) || u.name.localeCompare(v.name, "en"));
  const width = matchMedia("(max-width: 640px)").matches ? 150 : 230, x = value => 6 + (width - 12) * value / 100;
  const figure = line => make("svg", { width, height: 18, "aria-hidden": "true" },
    make("line", { x1: x(line.a), x2: x(line.b), y1: 9, y2: 9, class: "join" }),
    make("circle", { cx: x(line.b), cy: 9, r: 3.5, class: "second" }), make("circle", { cx: x(line.a), cy: 9, r: 3.5, class: "first" }));
  const up = lines.filter(line => line.a > line.b).length, down = lines.filter(line => line.a < line.b).length;
  return make("figure", {}, make("figcaption", {}, make("b", {}, "Speakers"), ` ${up} of ${lines.length} better with `, make("span", { class: "in-first" }, a), `, ${down} with `, make("span", { class: "in-second" }, b)),
    make("div", { class: "scroll tall", tabindex: 0 }, make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Speaker"), make("th", { scope: "col", class: "chart" }, "0 to 100 %"), make("th", { scope: "col", class: "n" }, "Points"))),
      make("tbody", {}, lines.map(line => make("tr", {}, make("th", { scope: "row" }, line.name), make("td", { class: "chart" }, figure(line)), make("td", { class: "n" }, signed(line.a - line.b))))))));
}

function confusionsOf(cell, a, b) {
  const n = DATA.classes.length, short = name => name.slice(0, 3);
  const there = DATA.classes.map((_, i) => i).filter(i => cell.a.confusion.slice(i * n, i * n + n).some(Boolean));
  const matrix = (row, caption) => make("table", { class: "confusion" }, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, make("span", { class: "hide" }, "true class")), DATA.classes.map(name => make("th", { scope: "col", title: name }, short(name))))),
    make("tbody", {}, there.map(i => {
      const line = row.confusion.slice(i * n, i * n + n), total = line.reduce((x, y) => x + y, 0);
      return make("tr", {}, make("th", { scope: "row" }, DATA.classes[i]), line.map((value, j) => {
        const share = total ? value / total : 0;
        const cell = make("td", { class: (share > 0.55 ? "full" : "") + (i === j ? " diagonal" : ""), title: `${count(value, "utterance")} of ${total}` }, String(Math.round(100 * share)));
        cell.style.setProperty("--share", share.toFixed(3));
        return cell;
      }));
    })));
  return make("figure", {}, make("figcaption", {}, make("b", {}, "Confusions"), " percent of each true class, by predicted class"),
    make("div", { class: "matrices" }, matrix(cell.a, a), matrix(cell.b, b)));
}

function originOf(a, b) {
  const line = (what, of) => [what, of(a), of(b)];
  const from = key => row => row.from === undefined ? "–" : DATA.provenance[row.from][key] || "–";
  const settings = row => Object.entries(row.of.settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(", ") || "none";
  const lines = [
    line("Family", row => row.of.family), line("Publication", row => row.of.citation || "–"), line("Hyper-parameters", settings),
    line("Condition", row => row.under.title), line("Flags", row => flagsOf(row).join("; ") || "none"), line("Package", from("package")),
    line("Machine", from("device")), line("Days", from("days")), line("Seeds", row => row.seeds ?? "–"),
  ];
  return make("details", {}, make("summary", {}, "Where both come from"), make("div", { class: "scroll", tabindex: 0 }, make("table", { class: "origin" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, ""), make("th", { scope: "col" }, nameOf(a)), make("th", { scope: "col" }, nameOf(b)))),
    make("tbody", {}, lines.map(([what, one, two]) => make("tr", {}, make("th", { scope: "row" }, what), make("td", {}, one), make("td", {}, two)))))));
}
