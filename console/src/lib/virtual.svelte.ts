// Which rows are in sight: TanStack's virtualiser, told of changes through Svelte's effects.
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer, type VirtualItem } from "@tanstack/virtual-core";

interface Wanted {
  readonly count: number;
  readonly height: number;
  readonly scroll: HTMLDivElement | undefined;
}

export interface Seen {
  readonly items: readonly VirtualItem[];
  /** Height of the whole list in pixels. */
  readonly size: number;
  show(index: number): void;
}

/** Chromium and Firefox lay out no element taller than some 17 million pixels. */
const ROWS_MAX = 400_000;
const TITLES_PX = 32;

export function virtual(wanted: () => Wanted): Seen {
  let items = $state.raw<readonly VirtualItem[]>([]);
  let size = $state(0);
  let made: Virtualizer<HTMLDivElement, HTMLDivElement> | null = null;
  let high = 0;

  function read(one: Virtualizer<HTMLDivElement, HTMLDivElement>): void {
    items = one.getVirtualItems();
    size = one.getTotalSize();
  }

  $effect(() => {
    const { count, height, scroll } = wanted();
    if (!scroll) {
      items = [];
      return;
    }
    const options = {
      count: Math.min(count, ROWS_MAX),
      getScrollElement: () => scroll,
      estimateSize: () => height,
      overscan: 8,
      scrollPaddingStart: TITLES_PX,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: read,
      initialRect: { width: 800, height: 600 },
    };
    if (made && made.scrollElement === scroll) {
      made.setOptions(options);
      made._willUpdate();
      if (high !== height) made.measure(); // what it remembers of each row's height is of before
      high = height;
      read(made);
      return;
    }
    high = height;
    const fresh = new Virtualizer<HTMLDivElement, HTMLDivElement>(options);
    made = fresh;
    stop?.();
    stop = fresh._didMount();
    fresh._willUpdate();
    read(fresh);
  });
  let stop: (() => void) | undefined;
  $effect(() => () => stop?.());

  return {
    get items() {
      return items;
    },
    get size() {
      return size;
    },
    show: (index) => made?.scrollToIndex(index, { align: "auto" }),
  };
}
