// Whether what the internet tried is left to its lines: unless somebody looks for something, or for each of it.
import { param } from "$lib/router.svelte";

export const isFolded = (): boolean => param("each") !== "yes" && !["q", "detector", "host"].some((name) => param(name));
