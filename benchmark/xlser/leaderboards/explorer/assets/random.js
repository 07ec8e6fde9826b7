// The draws of numpy.random.default_rng(0): PCG64 (O'Neill 2014), so that a page resamples and
// exchanges the same speakers as `xlser compare`, and prints the same numbers.
const MASK = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const INCREMENT = 87136372517582989555478159403783844777n;
const STATE = 35399562948360463058890781895381311971n;

function words() {
  let state = STATE, high = -1;
  return () => {
    if (high >= 0) { const kept = high; high = -1; return kept; }
    state = (state * MULTIPLIER + INCREMENT) & MASK;
    const mixed = BigInt.asUintN(64, (state >> 64n) ^ state), turn = state >> 122n;
    const word = BigInt.asUintN(64, (mixed >> turn) | (mixed << (64n - turn)));
    high = Number(word >> 32n);
    return Number(word & 0xffffffffn);
  };
}

// `count` integers below `below`, by Lemire's method (2019).
function integers(below, count) {
  const next = words(), drawn = new Uint16Array(count), range = 2 ** 32;
  const least = (range - below) % below;
  for (let i = 0; i < count; i++) {
    let product;
    do product = next() * below; while (product % range < least);
    drawn[i] = Math.floor(product / range);
  }
  return drawn;
}

function remembered(make) {
  const known = new Map();
  return key => { if (!known.has(key)) known.set(key, make(key)); return known.get(key); };
}

const RESAMPLES = 2000;
// How many times each resample holds each speaker: an array of RESAMPLES x speakers.
const timesDrawn = remembered(speakers => {
  const times = new Uint16Array(RESAMPLES * speakers);
  if (speakers < 2) return times;
  integers(speakers, RESAMPLES * speakers).forEach((speaker, i) => {
    times[Math.floor(i / speakers) * speakers + speaker]++;
  });
  return times;
});

const EXACT = 13, DRAWS = 10000;
// Signs of the speakers' differences under exchanges; the first is no exchange.
const exchanges = remembered(speakers => {
  if (speakers > EXACT) {
    const drawn = integers(2, DRAWS * speakers);
    const signs = new Int8Array((DRAWS + 1) * speakers).fill(1);
    for (let i = 0; i < drawn.length; i++) signs[speakers + i] = drawn[i] ? 1 : -1;
    return { signs, count: DRAWS + 1 };
  }
  const count = 2 ** Math.max(0, speakers - 1), signs = new Int8Array(count * speakers).fill(1);
  for (let i = 0; i < count; i++)
    for (let s = 1; s < speakers; s++)
      if ((i >> (speakers - 1 - s)) & 1) signs[i * speakers + s] = -1;
  return { signs, count };
});
