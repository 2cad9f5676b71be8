// What somebody will paste elsewhere. A browser may forbid it; then that is said, and the text can still be marked by hand.
import { toast } from "./toast.svelte";
import { words } from "./words";
import en from "$words/both/kit";

const w = words(en);

/** ``done``: what is said when it lies on the clipboard. */
export async function toClipboard(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast(done, "plain");
  } catch {
    toast(w().notCopied, "bad");
  }
}
