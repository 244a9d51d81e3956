/**
 * Vectors out of words alone.
 *
 * Each feature of a text (a word, a pair of words, three letters of a word) adds to one of the
 * dimensions, up or down, as its hash says, so that texts that share features point the same way.
 * Source: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009.
 */

/** The name under which its vectors are stored: another way of counting is another name. */
export const localModel = "local-feature-hashing-384";

const weights = { word: 1, pair: 0.5, part: 0.25 };

/** FNV-1a, 32 bits, and a last mix, because dimension and sign are taken from different bits of it. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  }
  state = Math.imul(state ^ (state >>> 16), 0x45d9f3b);
  return (state ^ (state >>> 15)) >>> 0;
}

function* features(text: string): Generator<[feature: string, weight: number]> {
  const words = text.normalize("NFKC").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  for (const [place, word] of words.entries()) {
    yield [`word ${word}`, weights.word];
    if (place > 0) yield [`pair ${words[place - 1]} ${word}`, weights.pair];
    const whole = ` ${word} `;
    for (let i = 0; i + 3 <= whole.length; i++) {
      yield [`part ${whole.slice(i, i + 3)}`, weights.part];
    }
  }
  // A text without words is still itself.
  if (words.length === 0) yield [`text ${text}`, 1];
}

/** A vector of length 1. The same text always has the same one. */
export function hashFeatures(text: string, dimensions: number): number[] {
  const counts = new Map<string, number>();
  for (const [feature, weight] of features(text)) {
    counts.set(feature, (counts.get(feature) ?? 0) + weight);
  }
  const vector = new Array<number>(dimensions).fill(0);
  for (const [feature, count] of counts) {
    const hashed = hash(feature);
    const place = (hashed >>> 1) % dimensions;
    vector[place] = (vector[place] ?? 0) + (hashed & 1 ? 1 : -1) * Math.sqrt(count);
  }
  const length = Math.hypot(...vector);
  if (length > 0) return vector.map((value) => value / length);
  vector[0] = 1; // all features cancelled each other out
  return vector;
}
