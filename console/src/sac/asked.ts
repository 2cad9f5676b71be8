// The questions with which people come to the centre's console, and the place that answers each. The search offers them.
import { answered } from "$lib/palette.svelte";
import { words } from "$lib/words";
import en from "$words/sac/asked";

answered(words(en), {
  seen: { right: "read", at: () => "/leads" },
  why: { right: "read", at: () => "/leads?stands=all" },
  stop: { right: "read", at: () => "/cases" },
  undo: { right: "read", at: () => "/indicators?state=released" },
  nis2: { right: "read", at: () => "/overview#deadlines" },
  supplier: { right: "read", at: () => "/members" },
  board: { right: "read", at: () => "/publications?tab=picture" },
  shift: { right: "read", at: () => "/overview?shift=1" },
});
