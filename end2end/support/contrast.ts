// How strongly two colours differ, as WCAG 2 reckons it.

/** From 1 to 21. Colours as the browser computes them: `rgb(26, 32, 34)`. */
export function contrast(one: string, other: string): number {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (lighter! + 0.05) / (darker! + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = /^rgba?\((\d+), (\d+), (\d+)/.exec(colour)?.slice(1).map(linear) ?? [];
  if (blue === undefined) throw new Error(`not a colour: ${colour}`);
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue;
}

function linear(value: string): number {
  const share = Number(value) / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}
