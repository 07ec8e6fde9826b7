// One way to change what is shown: a new state, its address, and everything drawn from it.
function go(change) {
  state = settled({ ...state, ...change });
  const address = addressOf(state);
  history.replaceState(null, "", address === "#" ? location.pathname + location.search : address);
  draw();
}

function draw() {
  drawFilters();
  drawTable();
  drawComparison();
}

function csvOf(rows) {
  const quoted = value => /[",\n\r]/.test(value) || /^[=+@-]/.test(value) && Number.isNaN(Number(value)) ? `"${(/^[=+@-]/.test(value) ? "'" : "") + value.replace(/"/g, '""')}"` : value;
  const head = ["protocol", "digest", "target", "labels", "method", "family", "condition", "rank", "separably_below_first", DATA.metric.name, "sd_over_seeds", "low", "high", "difference_from_reference", "difference_low", "difference_high", ...DATA.metrics, ...DATA.extra, "seeds", "flags"];
  const lines = rows.map(row => [DATA.protocol, DATA.digest, row.target || "mean", row.labels === SOME ? row.budgets.join("+") : row.labels, row.of.title, row.of.family, row.under.slug, row.rank, row.below ? 1 : 0,
    row.score, row.spread, row.interval?.[0], row.interval?.[1], row.vs?.[0], row.vs?.[1]?.[0], row.vs?.[1]?.[1],
    ...DATA.metrics.map((_, i) => row.metrics?.[i]), ...DATA.extra.map(name => row.extra?.[name]), row.seeds, flagsOf(row).join("; ")]);
  return [head, ...lines].map(line => line.map(value => quoted(value === null || value === undefined ? "" : String(value))).join(",")).join("\r\n") + "\r\n";
}

function save(rows, name) {
  const address = URL.createObjectURL(new Blob([csvOf(rows)], { type: "text/csv" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function copied(button, text) {
  const said = button.textContent;
  navigator.clipboard?.writeText(text).then(() => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = said; }, 1500);
  }, () => getSelection().selectAllChildren(document.getElementById("citation")));
}

if (ROWS.length) {
  document.getElementById("explorer").hidden = false;
  document.querySelectorAll("details.part").forEach((part, i) => { part.open = false; });
  const take = document.getElementById("take");
  take.closest("details").open = true;
  take.hidden = false;
  take.append(
    make("button", { type: "button", onclick: () => save(shownRows(), `${DATA.protocol}-shown.csv`) }, "CSV of the rows shown"),
    make("button", { type: "button", onclick: () => save(ROWS, `${DATA.protocol}.csv`) }, "CSV of all rows"),
    make("button", { type: "button", onclick: event => copied(event.target, location.href) }, "Copy a link to this view"),
    make("button", { type: "button", onclick: event => copied(event.target, document.getElementById("citation").textContent) }, "Copy the citation"));
  document.getElementById("filters").addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", () => { state = readAddress(); draw(); });
  addEventListener("keydown", event => { if (event.key === "Escape" && state.a) go({ a: "", b: "" }); });
  matchMedia("(max-width: 640px)").addEventListener("change", draw);
  state = readAddress();
  draw();
}
