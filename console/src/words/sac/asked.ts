// The questions with which people come to the centre's console, for the search. Behind each: the words that find it, as many
// as come to mind, each in its longest form (what is typed may be its beginning).
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  seen: { title: t("What the sector sees together"), words: tc("words that find it", "attacked attackers incidents hits campaigns hacked") },
  why: { title: t("Why it is believed: for and against"), words: tc("words that find it", "reasons evidence scores grounds") },
  stop: { title: t("Stop it: confirm and release"), words: tc("words that find it", "blocks blocking approve two people") },
  undo: { title: t("Undo it: withdraw what was released"), words: tc("words that find it", "unblock lift take back wrong false") },
  nis2: { title: t("Who must know by when (NIS2)"), words: tc("words that find it", "NIS2 deadlines clocks authorities early warning notification") },
  supplier: { title: t("Which supplier is affected"), words: tc("words that find it", "suppliers vendors shared supply chain") },
  board: { title: t("Tell the board: the sector's picture"), words: tc("words that find it", "boards management directors ministers summary briefs reports figures") },
  shift: { title: t("Hand over the shift"), words: tc("words that find it", "handover colleagues shifts leave night") },
});
