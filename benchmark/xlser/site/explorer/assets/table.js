// Filters, the table and what stands around it.
const several = DATA.conditions.length > 1;
const families = [...new Set(DATA.methods.map(method => method.family))].sort();

function choice(key, label, options) {
  const list = make("select", { id: "of-" + key, onchange: event => go({ [key]: event.target.value }) },
    options.map(([value, text]) => make("option", { value, selected: String(state[key]) === String(value) }, text)));
  return make("div", { class: "field" }, make("label", { for: "of-" + key }, label), list);
}

function conditionText(condition) {
  const same = DATA.conditions.filter(other => other.encoder === condition.encoder);
  const parts = [condition.encoder, condition.track];
  if (condition.precision !== "fp32") parts.push(condition.precision);
  if (condition.partial) parts.push(condition.partial);
  if (same.filter(other => other.track === condition.track && other.partial === condition.partial && other.precision === condition.precision).length > 1)
    parts.push(condition.weights);
  return parts.join(" · ");
}

function drawFilters() {
  const form = document.getElementById("filters");
  const targets = [...(DATA.means.length ? [["", `Mean over ${count(DATA.targets.length, "language")}`]] : []),
    ...DATA.targets.map(target => [target.name, `${title(target.name)} (${target.corpora})`])];
  const budgets = make("fieldset", { class: "field" }, make("legend", {}, "Labels of the target"),
    make("span", { class: "segments" }, budgetsOf(state.target).map(labels =>
      make("label", {}, make("input", {
        type: "radio", name: "labels", value: labels, checked: String(state.labels) === String(labels),
        onchange: () => go({ labels }),
      }), make("span", {}, labels === SOME ? DATA["headline budgets"].join("+") : String(labels))))));
  const focused = document.activeElement?.closest("#filters") && document.activeElement;
  const again = focused && (focused.id ? "#" + focused.id : `input[value="${CSS.escape(focused.value)}"]`);
  const caret = focused?.selectionStart;
  form.replaceChildren(
    choice("target", "Target language", targets), budgets,
    ...(several ? [choice("encoder", "Encoder", [["", "All encoders"], ...DATA.conditions.map(c => [c.slug, conditionText(c)])])] : []),
    choice("family", "Family", [["", "All families"], ...families.map(name => [name, name])]),
    make("div", { class: "field" }, make("label", { for: "of-find" }, "Find"),
      make("input", { id: "of-find", type: "search", value: state.find, placeholder: "method …", oninput: event => go({ find: event.target.value }) })),
    make("button", { type: "button", class: "quiet", onclick: () => go({ ...START }) }, "Reset"));
  if (again) {
    const same = form.querySelector(again);
    same?.focus();
    if (caret !== undefined && caret !== null && same?.type === "search") same.setSelectionRange(caret, caret);
  }
}

const flagsOf = row => [
  ...(row.encoder_corpora ?? (row.target ? [] : row.under.encoder_corpora)).map(corpus => `encoder trained on ${corpus}`),
  ...(row.seeds && row.seeds.includes("of") ? [`${row.seeds.includes("folds") ? row.seeds : row.seeds + " seeds"}`] : []),
  ...(row.marks ?? []),
  ...(row.from !== undefined && DATA.provenance[row.from].code ? ["code of no package"] : []),
];

function columnsOf(rows) {
  const mean = !state.target, reference = DATA.reference, apart = new Set(rows.map(row => row.condition)).size > 1;
  const list = [
    ...(DATA.ranks ? [{ key: "rank", head: "#", text: row => row.rank || "–", value: row => parseInt(row.rank) || 1e9, css: "n rank" }] : []),
    { key: "method", head: "Method", value: row => row.of.title, cell: row => methodCell(row, apart), css: "method" },
    { key: "family", head: "Family", value: row => row.of.family, css: "wide soft" },
    { key: "score", head: DATA.metric.title, value: row => row.score, cell: scoreCell, css: "n score" },
    { key: "interval", head: "95 % interval over speakers", cell: (row, scale) => intervalMark(row, scale), css: "chart", axis: 1 },
  ];
  DATA.extra.forEach(name => {
    if (rows.some(row => row.extra?.[name]))
      list.push({ key: name, head: name, value: row => parseFloat((row.extra?.[name] ?? "").replace("−", "-")), text: row => row.extra?.[name] ?? "–", css: "n wide" });
  });
  if (rows.some(row => row.vs))
    list.push({ key: "vs", head: `vs ${reference}`, value: row => row.vs?.[0], css: "n wide",
      cell: row => row.vs ? [make("b", { class: row.vs[2] ? "sure" : "soft" }, signed(row.vs[0])), " ", make("span", { class: "soft" }, between(row.vs[1]) + (row.vs[2] ? " ‡" : ""))] : "–" });
  if (mean) {
    DATA.targets.forEach((target, i) => list.push({ key: target.name, head: DATA.targets.length > 4 ? title(target.name).slice(0, 3) : title(target.name), full: title(target.name), value: row => row.over?.[i], text: row => number(row.over?.[i]), css: "n wide language", best: 1 }));
  } else {
    DATA.metrics.forEach((metric, i) => {
      if (rows.some(row => row.metrics[i] !== null))
        list.push({ key: metric, head: metric, value: row => row.metrics[i], text: row => number(row.metrics[i]), css: "n wide" });
    });
    list.push({ key: "seeds", head: "Seeds", value: row => parseInt(row.seeds), text: row => row.seeds, css: "n wide soft" });
  }
  return list;
}

function methodCell(row, apart) {
  const flags = flagsOf(row);
  return [
    make("span", { class: "name" }, row.of.title, row.bound ? make("span", { class: "soft" }, " † all labels") : ""),
    apart ? make("span", { class: "under soft" }, conditionText(row.under)) : null,
    flags.length ? make("span", { class: "flags" }, flags.map(flag => make("span", { class: "flag" }, flag))) : null,
  ];
}

function scoreCell(row) {
  return [make("b", {}, number(row.score)), row.spread === null || row.spread === undefined ? "" : make("span", { class: "soft" }, ` ± ${number(row.spread)}`)];
}

function scaleOf(rows) {
  const edges = rows.flatMap(row => row.interval ?? [row.score]).filter(value => value !== null);
  const chance = chanceOf();
  const low = Math.max(0, 10 * Math.floor(Math.min(...edges, chance ?? 100) / 10));
  const high = Math.min(100, 10 * Math.ceil(Math.max(...edges, low + 10) / 10));
  const width = matchMedia("(max-width: 640px)").matches ? 112 : 160;
  return { low, high, width, x: value => Math.round(10 * (6 + (width - 12) * (value - low) / (high - low || 1))) / 10 };
}

const chanceOf = () => {
  if (!["ua", "accuracy"].includes(DATA.metric.name)) return null;
  const chances = DATA.targets.filter(target => !state.target || target.name === state.target).map(target => target.chance);
  return chances.reduce((x, y) => x + y, 0) / chances.length;
};

function axis(scale) {
  const step = [10, 20, 50].find((each) => scale.x(scale.low + each) - scale.x(scale.low) >= 28) || 100, ticks = [];
  for (let at = Math.ceil(scale.low / step) * step; at <= scale.high; at += step)
    ticks.push(make("text", { x: scale.x(at), y: 11, "text-anchor": at === scale.low ? "start" : at === scale.high ? "end" : "middle", class: "tick" }, String(at)));
  return make("svg", { width: scale.width, height: 14, "aria-hidden": "true" }, ticks);
}

function intervalMark(row, scale) {
  const kind = row.bound ? "bound" : !DATA.ranks ? "plain" : row.below ? "below" : row.rank ? "leading" : "plain";
  const chance = chanceOf(), parts = [];
  for (let at = Math.ceil(scale.low / 10) * 10; at <= scale.high; at += 10)
    parts.push(make("line", { x1: scale.x(at), x2: scale.x(at), y1: 0, y2: 24, class: "grid" }));
  if (chance !== null) parts.push(make("line", { x1: scale.x(chance), x2: scale.x(chance), y1: 0, y2: 24, class: "chance" }));
  if (row.interval) parts.push(make("line", { x1: scale.x(row.interval[0]), x2: scale.x(row.interval[1]), y1: 12, y2: 12, class: "range" }));
  if (row.score !== null) parts.push(make("circle", { cx: scale.x(row.score), cy: 12, r: 4, class: "point" }));
  return [
    make("svg", { width: scale.width, height: 24, class: kind, role: "img", "aria-label": row.interval ? `${number(row.interval[0])} to ${number(row.interval[1])}` : "no interval" }, parts),
    make("span", { class: "soft small" }, between(row.interval)),
  ];
}

function sorted(rows, columns) {
  const asked = state.sort.replace(/^-/, ""), falling = state.sort.startsWith("-");
  const column = columns.find(each => each.key === asked && each.value) ?? null;
  const best = DATA.higher ? -1 : 1;
  const value = column ? column.value : row => row.score;
  const sign = column ? (falling ? -1 : 1) : best;
  const place = row => row.bound ? 1 : 0; // what sees all labels stays at the foot
  return [...rows].sort((x, y) => {
    const a = value(x), b = value(y), none = v => v === null || v === undefined || Number.isNaN(v);
    if (place(x) !== place(y)) return place(x) - place(y);
    if (none(a) || none(b)) return none(a) - none(b);
    const order = typeof a === "string" ? a.localeCompare(b, "en") : a - b;
    return sign * order || x.of.title.localeCompare(y.of.title, "en");
  });
}

function sortBy(column) {
  const rising = column.key === "rank" || typeof column.value(ROWS[0]) === "string";
  const once = rising ? column.key : "-" + column.key, twice = rising ? "-" + column.key : column.key;
  go({ sort: state.sort === once ? twice : once });
}

function drawTable() {
  const rows = shownRows(), columns = columnsOf(rows), scale = scaleOf(rows);
  const best = columns.map(column => column.best ? Math.max(...rows.filter(row => !row.bound).map(row => column.value(row) ?? 0)) : null);
  const heads = columns.map(column => {
    const order = state.sort.replace(/^-/, "") === column.key ? (state.sort.startsWith("-") ? "descending" : "ascending")
      : !state.sort && column.key === "score" ? (DATA.higher ? "descending" : "ascending") : undefined;
    return make("th", { scope: "col", class: column.css, "aria-sort": order },
      column.value ? make("button", { type: "button", "data-key": column.key, title: column.full, "aria-label": column.full, onclick: () => sortBy(column) }, column.head) : make("span", { class: "wide" }, column.head),
      column.axis ? axis(scale) : null);
  });
  const body = sorted(rows, columns).map(row => make("tr", {
    class: [row.bound && "bound", row.below && "below", (row.id === state.a || row.id === state.b) && "chosen"].filter(Boolean).join(" ") || undefined,
  }, make("td", { class: "pick" }, make("input", {
    type: "checkbox", "data-row": row.id, checked: row.id === state.a || row.id === state.b,
    "aria-label": `Compare ${row.of.title}, ${conditionText(row.under)}`, onchange: event => pick(row.id, event.target.checked),
  })), columns.map((column, i) => make(column.key === "method" ? "th" : "td", {
    class: column.css + (column.best && best[i] === column.value(row) && !row.bound ? " highest" : ""), scope: column.key === "method" ? "row" : undefined,
  }, column.cell ? column.cell(row, scale) : column.text ? column.text(row) : column.value(row) ?? "–"))));
  const focused = document.activeElement;
  const again = focused?.dataset?.row ? `[data-row="${CSS.escape(focused.dataset.row)}"]` : focused?.dataset?.key ? `[data-key="${CSS.escape(focused.dataset.key)}"]` : null;
  const place = document.getElementById("results");
  place.replaceChildren(make("table", {},
    make("thead", {}, make("tr", {}, make("th", { class: "pick", scope: "col" }, make("span", { class: "hide" }, "Compare")), heads)),
    make("tbody", {}, body.length ? body : make("tr", {}, make("td", { colspan: columns.length + 1, class: "empty" }, "No row matches. Reset the filters to see all.")))));
  if (again) place.querySelector(again)?.focus();
  drawFinding(rows);
  drawLegend(rows);
}

function pick(id, chosen) {
  if (!chosen) return go(state.a === id ? { a: state.b, b: "" } : { b: "" });
  if (!state.a) return go({ a: id });
  go(state.b ? { a: state.b, b: id } : { b: id });
}

// What the rows shown have to say, in a sentence.
function drawFinding(rows) {
  const ranked = rows.filter(row => row.rank), under = new Set(ranked.map(row => row.condition));
  const where = `${state.target ? title(state.target) : `Mean over ${count(DATA.targets.length, "language")}`}, ${labelsText(state.labels)}`;
  const text = [make("b", {}, where), ". "];
  const whole = ROWS.filter(row => row.target === state.target && String(row.labels) === String(state.labels) && row.rank);
  if (!rows.length) text.push("No row matches the filters.");
  else if (!ranked.length) text.push(count(rows.length, "row"), DATA.ranks ? "." : "; this protocol does not rank methods.");
  else if (under.size === 1) {
    const of = whole.filter(row => under.has(row.condition)), first = of.reduce((x, y) => (DATA.higher ? y.score > x.score : y.score < x.score) ? y : x);
    const rest = of.filter(row => !row.below).length - 1;
    text.push(make("b", {}, first.of.title), ` is first at ${number(first.score)}; `, of.length === 1 ? "it stands alone." :
      rest === of.length - 1 ? `none of ${count(rest, "other")} is separable from it.` : rest ? `${rest} of ${count(of.length - 1, "other")} ${rest === 1 ? "is" : "are"} not separable from it.`
        : of.length === 2 ? "the other is separably below it." : `all ${of.length - 1} others are separably below it.`);
  } else {
    const first = ranked.reduce((x, y) => (DATA.higher ? y.score > x.score : y.score < x.score) ? y : x);
    text.push(make("b", {}, first.of.title), ` with ${conditionText(first.under)} has the ${DATA.higher ? "highest" : "lowest"} score, ${number(first.score)}. ${count(ranked.length, "row")} under ${count(under.size, "condition")}; ranks hold within a condition.`);
  }
  document.getElementById("finding").replaceChildren(...text);
}

function drawLegend(rows) {
  const dot = (kind, text) => make("span", { class: "key" }, make("svg", { width: 26, height: 12, class: kind, "aria-hidden": "true" },
    make("line", { x1: 1, x2: 25, y1: 6, y2: 6, class: "range" }), make("circle", { cx: 13, cy: 6, r: 4, class: "point" })), text);
  const parts = DATA.ranks && rows.some(row => row.rank)
    ? [dot("leading", "may be the best of its condition"), dot("below", "separably below the first, p ≤ 0.05 adjusted")] : [];
  if (rows.some(row => row.bound)) parts.push(dot("bound", "† trains on all labels of the target"));
  if (chanceOf() !== null) parts.push(make("span", { class: "key" }, make("svg", { width: 10, height: 12, "aria-hidden": "true" }, make("line", { x1: 5, x2: 5, y1: 0, y2: 12, class: "chance" })), "guessing"));
  if (rows.some(row => row.vs)) parts.push(make("span", { class: "key wide" }, `‡ separable from ${DATA.reference}, p ≤ 0.05 adjusted`));
  parts.push(make("span", { class: "key" }, "Choose two rows to compare them."));
  document.getElementById("legend").replaceChildren(...parts);
}
