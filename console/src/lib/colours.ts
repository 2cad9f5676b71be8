// The style sheet's colours for what is drawn on a canvas.
export interface Colours {
  readonly text: string;
  readonly dim: string;
  readonly line: string;
  readonly surface: string;
  readonly accent: string;
  readonly series: string[];
  readonly critical: string;
  readonly high: string;
  readonly medium: string;
  readonly low: string;
  readonly good: string;
}

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const by = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: by("text"), dim: by("dim"), line: by("line"), surface: by("surface"), accent: by("accent"),
    series: [1, 2, 3, 4, 5, 6].map((one) => by(`series-${one}`)),
    critical: by("critical"), high: by("high"), medium: by("medium"), low: by("low"), good: by("good"),
  };
}
