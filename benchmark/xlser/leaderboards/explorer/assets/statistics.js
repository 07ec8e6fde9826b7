// Paired differences of two rows, as xlser.results.inference computes them (docs/statistics.md).
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
const ROUNDING = 1e-9;

// Weighted sums of what a row recognises and of what is there: arrays of speakers x parts.
function sumsOf(row) {
  if (row.sums) return row.sums;
  const test = DATA.tests[row.test], parts = DATA["by class"] ? DATA.classes.length : 1;
  const size = test.speakers.length * parts;
  const right = new Float64Array(size), there = new Float64Array(size);
  let at = 0;
  test.speaker.forEach((speaker, i) => {
    let count = 0, length = 1;
    for (let n = test.tested[i]; n >= 64; n = Math.floor(n / 64)) length++;
    for (; length; length--) count = count * 64 + DIGITS.indexOf(row.right[at++]);
    const cell = speaker * parts + test.part[i];
    right[cell] += count / test.per[i];
    there[cell] += test.tested[i] / test.per[i];
  });
  return row.sums = { right, there, parts, speakers: test.speakers.length };
}

// The score of sums over speakers, each taken so many times: the mean share recognised of a part.
function scoreOf(sums, times, from) {
  let score = 0, there = 0;
  for (let part = 0; part < sums.parts; part++) {
    let right = 0, all = 0;
    for (let s = 0; s < sums.speakers; s++) {
      const often = times ? times[from + s] : 1;
      if (often) { right += often * sums.right[s * sums.parts + part]; all += often * sums.there[s * sums.parts + part]; }
    }
    if (all > 0) { score += right / all; there++; }
  }
  return there ? 100 * score / there : NaN;
}

function comparable(a, b) {
  return DATA.compared && a.test !== undefined && a.test === b.test && !a.marks && !b.marks;
}

// The difference of two rows: value, standard error, degrees of freedom, and effects by speaker.
function differenceOf(a, b) {
  const own = sumsOf(a), other = sumsOf(b), test = DATA.tests[a.test], n = own.speakers;
  const names = test.speakers.map((name, i) => test.corpora[i] + "/" + name);
  const effects = new Map(), totals = new Float64Array(own.parts);
  for (let s = 0; s < n; s++) for (let p = 0; p < own.parts; p++) totals[p] += own.there[s * own.parts + p];
  const used = totals.filter(total => total > 0).length;
  for (let s = 0; s < n; s++) {
    let effect = 0;
    for (let p = 0; p < own.parts; p++)
      if (totals[p]) effect += (own.right[s * own.parts + p] - other.right[s * own.parts + p]) / totals[p];
    effects.set(names[s], 100 * effect / used);
  }
  const value = a.score - b.score;
  let error = null;
  if (n > 1) {
    const times = timesDrawn(n), found = [];
    for (let i = 0; i < RESAMPLES; i++) {
      const apart = scoreOf(own, times, i * n) - scoreOf(other, times, i * n);
      if (!Number.isNaN(apart)) found.push(apart);
    }
    const mean = found.reduce((x, y) => x + y, 0) / found.length;
    const variance = found.reduce((x, y) => x + (y - mean) ** 2, 0) / found.length;
    error = Math.sqrt(variance * test.effective / (test.effective - 1));
    if (error <= ROUNDING) error = 0;
  }
  return { value, error, freedom: test.effective - 1, effects };
}

// The mean of independent differences (Welch 1947, Satterthwaite 1946).
function meanOf(differences) {
  const n = differences.length, effects = new Map();
  for (const each of differences)
    for (const [speaker, effect] of each.effects) effects.set(speaker, (effects.get(speaker) || 0) + effect / n);
  const value = differences.reduce((sum, each) => sum + each.value, 0) / n;
  if (differences.some(each => each.error === null)) return { value, error: null, freedom: 0, effects };
  const variance = differences.reduce((sum, each) => sum + each.error ** 2, 0);
  const spread = differences.reduce((sum, each) => sum + each.error ** 4 / each.freedom, 0);
  const freedom = spread ? variance ** 2 / spread : differences.reduce((sum, each) => sum + each.freedom, 0);
  return { value, error: Math.sqrt(variance) / n, freedom, effects };
}

// 95 % interval; null for a single speaker, or if all speakers differ by the same.
function intervalOf({ value, error, freedom }) {
  if (error === null || (error === 0 && value !== 0)) return null;
  const half = quantile(freedom) * error;
  return [Math.max(-100, value - half), Math.min(100, value + half)];
}

// The 97.5 % quantile of Student's t, by bisection.
const quantile = remembered(freedom => {
  let low = 0, high = 1e6;
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (betaShare(freedom / (freedom + middle * middle), freedom / 2, 0.5) > 0.05) low = middle; else high = middle;
  }
  return (low + high) / 2;
});

// The regularised incomplete beta function, by its continued fraction (Lentz 1976).
function betaShare(x, a, b) {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), share = d;
  for (let m = 1; m < 500; m++) {
    for (const term of [
      m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
      -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 / (1 + term * d);
      c = 1 + term / c;
      share *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-14) break;
  }
  return front * share;
}

// Stirling's series, after moving the argument up.
function logGamma(x) {
  let shift = 0;
  for (; x < 15; x++) shift += Math.log(x);
  const y = 1 / (x * x);
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y / 1680))) / x - shift;
}

const PRIOR = 10;
// p-values by exchange of speakers, adjusted for the number of differences (max-T, step-down).
function adjustedPs(differences) {
  const speakers = [...new Set(differences.flatMap(each => [...each.effects.keys()]))];
  const place = new Map(speakers.map((name, i) => [name, i])), n = speakers.length;
  const { signs, count } = exchanges(n);
  const squares = differences.map(each => [...each.effects.values()].reduce((sum, x) => sum + x * x, 0));
  const prior = PRIOR / Math.max(1, n) * squares.reduce((x, y) => x + y, 0) / squares.length;
  const ratios = differences.map((each, d) => {
    const root = Math.sqrt(squares[d] + prior), moved = new Float64Array(count);
    if (root <= ROUNDING) return moved;
    const effects = [...each.effects].map(([name, effect]) => [place.get(name), effect / root]);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (const [s, effect] of effects) sum += signs[i * n + s] * effect;
      moved[i] = Math.abs(sum);
    }
    return moved;
  });
  const order = ratios.map((_, i) => i).sort((i, j) => ratios[j][0] - ratios[i][0] || i - j);
  const highest = new Float64Array(count), ps = new Array(order.length);
  for (const i of [...order].reverse()) {
    for (let e = 0; e < count; e++) highest[e] = Math.max(highest[e], ratios[i][e]);
    let reached = 0;
    for (let e = 0; e < count; e++) if (highest[e] >= ratios[i][0] - ROUNDING) reached++;
    ps[i] = reached / count;
  }
  let largest = 0;
  for (const i of order) ps[i] = largest = Math.max(largest, ps[i]);
  return ps;
}
